"""What a study's runs are judged by: accuracy where classes are told, R² where numbers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from pandas import DataFrame


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """A number for which larger is better.

    Attributes:
        column: in the frame.
        word: what it is called in a sentence.
        scale: what it is multiplied by to be shown.
        unit: what follows the number.
        gap_unit: what follows a difference of two.
        low: least value that is possible, as shown.
        high: largest.
    """

    column: str
    word: str
    scale: float
    unit: str
    gap_unit: str
    low: float
    high: float

    @property
    def title(self) -> str:
        """What stands beside an axis."""
        return f"test {self.word}, {self.unit.strip()}" if self.unit else f"test {self.word}"


ACCURACY = Outcome("accuracy", "accuracy", 100.0, " %", " points", 0.0, 100.0)
R_SQUARED = Outcome("r2", "R²", 1.0, "", "", float("-inf"), 1.0)


def outcome_of(frame: DataFrame) -> Outcome:
    """R² of runs that tell numbers and have no accuracy; else accuracy."""
    if "accuracy" in frame and frame["accuracy"].notna().any():
        return ACCURACY
    return R_SQUARED if "r2" in frame and frame["r2"].notna().any() else ACCURACY
