"""Tables of runs: which rows, their means over seeds, and differences between runs of equal seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gossamer.analysis.estimates import LEVEL, Estimate, difference_of
from gossamer.analysis.intervals import mean_interval

if TYPE_CHECKING:
    import pandas as pd


def where(frame: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """The rows whose columns have these values; a list or tuple allows each of its entries.

    >>> import pandas as pd
    >>> where(pd.DataFrame({"a": [1, 1, 2], "b": [3, 4, 4]}), a=1, b=(4, 5))["b"].tolist()
    [4]
    """
    for column, value in wanted.items():
        allowed = value if isinstance(value, (list, tuple)) else [value]
        frame = frame[frame[column].isin(allowed)]
    return frame


def whole(runs: pd.DataFrame, block: Sequence[str]) -> pd.DataFrame:
    """The finished runs of those blocks of which no run waits, of a table with a column `state`.

    >>> import pandas as pd
    >>> states = ["done", "failed", "done", "waiting"]
    >>> whole(pd.DataFrame({"seed": [0, 0, 1, 1], "state": states}), ["seed"])["seed"].tolist()
    [0]
    """
    left = set(where(runs, state="waiting")[list(block)].itertuples(index=False, name=None))
    done = where(runs, state="done")
    return done[[each not in left for each in done[list(block)].itertuples(index=False, name=None)]]


def by_seed(frame: pd.DataFrame, column: str = "accuracy") -> pd.Series[float]:
    """Mean of a column over the rows of each seed."""
    found: pd.Series[float] = frame.groupby("seed")[column].mean()
    return found


def difference_by_seed(one: pd.DataFrame, other: pd.DataFrame, what: str, *, column: str = "accuracy") -> Estimate:
    """Mean over seeds of one less other, each averaged over its rows of that seed; paired where seeds are shared."""
    ours, theirs = (by_seed(frame, column).to_dict() for frame in (one, other))
    return difference_of(ours, theirs, what)


def means(frame: pd.DataFrame, by: Sequence[str], column: str = "accuracy") -> pd.DataFrame:
    """One row a group, in the order of the rows: mean, ends of its interval (`low`, `high`) and `n`.

    The ends are empty where there is only one value.
    """
    import pandas as pd

    rows = []
    for group, values in frame.dropna(subset=[column]).groupby(list(by), sort=False)[column]:
        found = mean_interval(values, LEVEL)
        rows.append((*group, found.mean, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=[*by, column, "low", "high", "n"])
