"""Tables of runs: which rows, their means over seeds, and differences between runs of equal seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gossamer.studies.papers.claims import Estimate, mean_of

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


def by_seed(frame: pd.DataFrame, column: str = "accuracy") -> pd.Series[float]:
    """Mean of a column over the rows of each seed."""
    found: pd.Series[float] = frame.groupby("seed")[column].mean()
    return found


def difference(one: pd.DataFrame, other: pd.DataFrame, what: str, *, column: str = "accuracy") -> Estimate:
    """Mean over seeds of one less other, each averaged over its rows of that seed: a paired comparison."""
    return mean_of((by_seed(one, column) - by_seed(other, column)).dropna(), what)


def means(frame: pd.DataFrame, by: Sequence[str], column: str = "accuracy") -> pd.DataFrame:
    """One row a group, in the order of the rows: mean, ends of its interval (`low`, `high`) and `n`.

    The ends are empty where there is only one value.
    """
    import pandas as pd

    rows = []
    for group, values in frame.dropna(subset=[column]).groupby(list(by), sort=False)[column]:
        found = mean_of(values, "")
        ends = (found.low, found.high) if math.isfinite(found.low) else (math.nan, math.nan)
        rows.append((*group, found.value, *ends, found.n))
    return pd.DataFrame(rows, columns=[*by, column, "low", "high", "n"])
