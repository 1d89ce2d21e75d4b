"""What the columns of a study's frame are called, and how their numbers are written and spread over an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from pandas import DataFrame


@final
@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers.

    Attributes:
        name: in the frame.
        title: in words, with the unit.
        scale: what the number is multiplied by to be shown.
        form: how it is written.
        symmetric: whether it is a kind that has zeros and is spread by ratios otherwise.
    """

    name: str
    title: str
    scale: float = 1.0
    form: str = ".4g"
    symmetric: bool = False


_KNOWN = (
    Column("accuracy", "test accuracy, %", 100.0, ".2f"),
    Column("rmse", "test RMSE"),
    Column("mae", "test mean absolute error"),
    Column("r2", "test R²"),
    Column("loss", "test loss"),
    Column("validation_accuracy", "validation accuracy, %", 100.0, ".2f"),
    Column("best_epoch", "best epoch", form=".0f"),
    Column("degree", "edges of an input (degree)", form=".0f"),
    Column("density", "density: edges over those of the dense network"),
    Column("edges", "edges", form=",.0f"),
    Column("epochs", "epochs", form=".0f"),
    Column("seconds", "seconds of training", form=".2f"),
    Column("model_bytes", "bytes of the model", form=",.0f"),
    Column("topology_bytes", "bytes of the topology", form=",.0f"),
    Column("algebraic_connectivity", "algebraic connectivity λ₂", symmetric=True),
    Column("components", "components", form=".0f"),
    Column("dead_inputs", "dead inputs", form=".1f"),
    Column("dead_outputs", "dead outputs", form=".1f"),
    Column("log_effective_paths", "logarithm of the effective paths", form=".2f"),
)
_BY_NAME = {column.name: column for column in _KNOWN}
_SPREAD = ("connectivity", "gap")
_NOT_MEASURED = ("run", "state", "error", "seed")


def column_named(name: str) -> Column:
    """The column of this name; a measure without words of its own is called as in the frame.

    >>> column_named("spectral_gap")
    Column(name='spectral_gap', title='spectral gap', scale=1.0, form='.4g', symmetric=True)
    """
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    return Column(name, name.replace("_", " "), symmetric=any(word in name for word in _SPREAD))


def columns_of(frame: DataFrame) -> list[Column]:
    """The columns that hold numbers of finished runs, in the order of their kinds: outcomes, sizes, costs, measures."""
    done = frame[frame["state"] == "done"] if "state" in frame else frame
    numeric = [name for name in done if name not in _NOT_MEASURED and _is_numeric(done, str(name))]
    order = {column.name: number for number, column in enumerate(_KNOWN)}
    return [column_named(str(name)) for name in sorted(numeric, key=lambda name: order.get(str(name), len(order)))]


def _is_numeric(frame: DataFrame, name: str) -> bool:
    import pandas as pd

    values = pd.to_numeric(frame[name], errors="coerce")
    return bool(values.notna().any()) and not pd.api.types.is_bool_dtype(frame[name])
