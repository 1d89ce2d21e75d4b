"""About how many regions a masked first layer makes, where an exact count would take too long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import require_int, require_rng
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number
from gossamer.probes.regions import Rows, in_circuits, matched, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class RegionEstimate(Finding):
    """An estimate of the number of regions, in powers of ten.

    Attributes:
        log10_regions: logarithm of the estimate.
        low: logarithm of the lower end of the 95 % interval.
        high: logarithm of the upper end.
        relative_error: standard error of the number over the number.
        samples: orders of rows that were drawn; 0 if every set of rows is matchable and the number is exact.
        rows: rows with an edge.
        rank: the most of them that can be matched at once.
        log10_by_size: (rank + 1,) logarithms of the estimated numbers of matchable sets of 0, 1, ... rows.
    """

    equation: ClassVar[str] = (
        "regions = sum_i N_i,  N_i = E[prod_{k < i} a_k] / i!,  a_k rows that can join the k drawn before"
    )
    log10_regions: float
    low: float
    high: float
    relative_error: float
    samples: int
    rows: int
    rank: int
    log10_by_size: NDArray[np.float64]

    def record(self) -> dict[str, Number]:
        """The estimate, its interval and what it is of."""
        names = ("log10_regions", "low", "high", "relative_error", "samples", "rows", "rank")
        return {name: getattr(self, name) for name in names}

    def plot(self, ax: Axes | None = None) -> Axes:
        """The number of matchable sets by their size."""
        ax = axes_or_new(ax)
        ax.plot(np.arange(len(self.log10_by_size)), self.log10_by_size)
        ax.set(xlabel="rows in a set", ylabel="log10 of the matchable sets", title="Regions by codimension")
        return ax


def estimate_regions(mask: ArrayLike | Any, *, samples: int = 200, rng: np.random.Generator) -> RegionEstimate:
    """An unbiased estimate of the count of `count_regions`, with its standard error.

    Rows are drawn one by one, each uniformly among those that can still join; the product of the numbers of candidates,
    over i!, estimates the number of matchable sets of i rows.

    Args:
        mask: (O, I) of bools or of zeros and ones, a scipy matrix, or a junction.
        samples: orders of rows that are drawn, at least 2.
        rng: where they are drawn.

    Raises:
        InvalidTopologyError: a mask of another shape or with other values.
        ValueError: too few samples.

    References:
        Knuth, "Estimating the Efficiency of Backtrack Programs", Mathematics of Computation 29, 1975.

    >>> found = estimate_regions(np.ones((30, 3)), rng=np.random.default_rng(0))
    >>> round(10**found.log10_regions)  # full rows: every order has the same candidates
    4526
    """
    count, rng = require_int("samples", samples, low=2), require_rng(rng)
    rows = rows_of(mask)
    found = matched(rows)
    tied = in_circuits(rows, found)
    rest = [row for row, is_tied in zip(rows, tied, strict=True) if is_tied]
    doubled = len(rows) - len(rest)
    rank = int((found >= 0).sum())
    graph = _Graph(rest, rank - doubled)
    logs = np.array([graph.sample(rng) for _ in range(count if rest else 1)])
    totals = np.logaddexp.reduce(logs, axis=1)
    center, error = _mean_of_logs(totals) if rest else (0.0, 0.0)
    reach = _quantile(count) * error
    shift = doubled * math.log(2)
    by_size = np.logaddexp.reduce(logs, axis=0) - math.log(len(logs))
    return RegionEstimate(
        (center + shift) / math.log(10),
        (center + shift + math.log(max(1 - reach, math.exp(-center)))) / math.log(10),
        (center + shift + math.log1p(reach)) / math.log(10),
        error,
        count if rest else 0,
        len(rows),
        rank,
        _with_free(by_size, doubled) / math.log(10),
    )


class _Graph:
    """Rows as arrays, and the matching that grows while a sample is drawn."""

    def __init__(self, rows: Rows, rank: int) -> None:
        self.rank = rank
        self.owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        self.columns = np.array([column for row in rows for column in sorted(row)], dtype=np.intp)
        self.starts = np.cumsum([0, *map(len, rows)])
        self.size = len(rows)
        self.width = int(self.columns.max(initial=-1)) + 1

    def sample(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Logarithms of one estimate of the matchable sets of 0, ..., rank rows."""
        match = np.full(self.size, -1)
        weights = np.zeros(self.rank + 1)
        for k in range(self.rank):
            step = self._steps_to_free(match)
            reach = np.full(self.size, np.iinfo(np.intp).max)
            np.minimum.at(reach, self.owners, step[self.columns])
            candidates = np.flatnonzero((reach < np.iinfo(np.intp).max) & (match < 0))
            weights[k + 1] = weights[k] + math.log(len(candidates)) - math.log(k + 1)
            self._add(int(rng.choice(candidates)), match, step)
        return weights

    def _steps_to_free(self, match: NDArray[np.intp]) -> NDArray[np.intp]:
        """How many rows must move until each column is free; the largest integer where none can make it so."""
        never = np.iinfo(np.intp).max
        step = np.zeros(self.width, dtype=np.intp)
        taken = match[match >= 0]
        step[taken] = never
        movable = match[self.owners] >= 0
        owners, columns = self.owners[movable], self.columns[movable]
        for level in range(1, self.size + 1):
            freed = match[owners[step[columns] == level - 1]]
            freed = freed[step[freed] == never]
            if not len(freed):
                break
            step[freed] = level
        return step

    def _add(self, row: int, match: NDArray[np.intp], step: NDArray[np.intp]) -> None:
        """Match one more row along a shortest way."""
        holder = {int(column): j for j, column in enumerate(match) if column >= 0}
        while True:
            near = self.columns[self.starts[row] : self.starts[row + 1]]
            column = int(near[np.argmin(step[near])])
            match[row] = column
            if column not in holder:
                return
            row = holder[column]


def _mean_of_logs(logs: NDArray[np.float64]) -> tuple[float, float]:
    """Logarithm of the mean of exp(logs), and the mean's standard error over it."""
    peak = float(logs.max())
    scaled = np.exp(logs - peak)
    mean = float(scaled.mean())
    return peak + math.log(mean), float(scaled.std(ddof=1)) / mean / math.sqrt(len(logs))


def _with_free(by_size: NDArray[np.float64], free: int) -> NDArray[np.float64]:
    """Logarithms by size when `free` rows can join any set."""
    result = np.full(len(by_size) + free, -np.inf)
    for taken in range(free + 1):
        part = slice(taken, taken + len(by_size))
        ways = math.lgamma(free + 1) - math.lgamma(taken + 1) - math.lgamma(free - taken + 1)
        result[part] = np.logaddexp(result[part], by_size + ways)
    return result


def _quantile(samples: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(samples - 1, 0.5 + _CONFIDENCE / 2))
