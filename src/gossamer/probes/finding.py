"""What every probe's result offers, beside its own attributes."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Number = float | int | str | None
"""What a table's cell, JSON and a study's results can hold."""


class Finding(abc.ABC):
    """A frozen result that prints, plots and knows its equation.

    A result is a frozen dataclass that derives from this one class and adds its own attributes. `record` names the
    numbers that go into tables, `--json`, reports and studies; `str` lists them under the class's name.
    """

    @property
    @abc.abstractmethod
    def equation(self) -> str:
        """What was computed, as one line of mathematics; a `ClassVar` where it is always the same."""

    @abc.abstractmethod
    def record(self) -> Mapping[str, Number]:
        """The numbers that stand for this result, by name."""

    @abc.abstractmethod
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result into `ax`, or into a new figure (`.figure.savefig(path)`), and return the axes."""

    def __str__(self) -> str:
        lines = [f"  {name}: {shown(value)}" for name, value in self.record().items()]
        return "\n".join([f"{type(self).__name__}: {self.equation}", *lines])


def shown(value: Number) -> str:
    """Six digits of a number, and anything else as it is."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
