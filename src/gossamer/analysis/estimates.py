"""Numbers with their 95 % intervals, and the laws from which intervals at other levels follow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.analysis.intervals import Interval, difference
from gossamer.analysis.laws import BetweenGroups, ChiSquare, Fisher, Law, Student

LEVEL = 0.95
"""Of all intervals that are shown."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval.

    Args:
        what: it is.
        value: the estimate; NaN if there is nothing to estimate it from.
        low: lower end of the interval.
        high: upper end.
        n: independent values (seeds, networks) behind it; 0 if it is exact.
        law: how it varies; None if it is exact or not known.
    """

    what: str
    value: float
    low: float
    high: float
    n: int
    law: Law | None = None

    def at(self, level: float) -> Estimate:
        """The same with its interval at another level; the same as it is if its law is not known."""
        if self.law is None:
            return self
        low, high = self.law.interval(level)
        return replace(self, low=low, high=high)


def follows(law: Law, value: float, n: int, what: str) -> Estimate:
    """An estimate that follows a law."""
    return Estimate(what, value, *law.interval(LEVEL), n, law)


def unknown(value: float, n: int, what: str) -> Estimate:
    """A number from too few values to have an interval: it goes on without end."""
    return Estimate(what, value, -math.inf, math.inf, n)


def exactly(value: float, what: str) -> Estimate:
    """A number without chance in it."""
    return Estimate(what, value, value, value, 0)


def mean_of(values: ArrayLike, what: str) -> Estimate:
    """Mean with Student's interval over independent values; without end if there is only one.

    >>> found = mean_of([1.0, 2.0, 3.0], "x")
    >>> found.value, round(found.low, 3), round(found.high, 3), found.n
    (2.0, -0.484, 4.484, 3)
    """
    found = _finite(values)
    mean = float(found.mean()) if len(found) else math.nan
    if len(found) < 2:
        return unknown(mean, len(found), what)
    error = float(found.std(ddof=1)) / math.sqrt(len(found))
    return follows(Student(mean, error, len(found) - 1), mean, len(found), what)


def spread_of(values: ArrayLike, what: str) -> Estimate:
    """Standard deviation with its interval by chi-squared, for values that are about normal.

    >>> round(spread_of([1.0, 2.0, 3.0], "x").high, 3)
    6.285
    """
    found = _finite(values)
    if len(found) < 2:
        return Estimate(what, math.nan, 0.0, math.inf, len(found))
    spread = float(found.std(ddof=1))
    return follows(ChiSquare(spread, len(found) - 1), spread, len(found), what)


def correlation_of(values: ArrayLike, what: str) -> Estimate:
    """Mean of independent correlations by Fisher's transformation, which keeps its interval within -1 and 1."""
    found = mean_of(np.arctanh(np.clip(_finite(values), -0.999, 0.999)), what)
    if not isinstance(found.law, Student):
        return unknown(math.tanh(found.value), found.n, what)
    return follows(Fisher(found.law), math.tanh(found.value), found.n, what)


def permuted(correlation: float, p_value: float, n: int, what: str) -> Estimate:
    """A correlation of which a permutation test's two-sided p-value is known: its test-based interval.

    At every level the interval leaves out 0 exactly if the test rejects at that level, so that a rule about the sign
    decides at the test's own p-value, which corrections for many verdicts can then use. Ends are spaced as Fisher's
    transformation spaces them.

    Args:
        correlation: -1 to 1.
        p_value: in (0, 1].
        n: what was permuted.
        what: it is.

    References:
        O. Miettinen, "Estimability and estimation in case-referent studies", American Journal of Epidemiology 103,
        1976: test-based intervals. They are exact at 0 and approximate elsewhere.

    >>> found = permuted(0.5, 0.05, 24, "x")
    >>> abs(found.low) < 1e-6, round(found.high, 2)
    (True, 0.8)
    """
    from scipy.special import ndtri

    artanh = float(np.arctanh(np.clip(correlation, -0.999, 0.999)))
    reach = float(-ndtri(p_value / 2))
    if artanh == 0 or reach <= 0:
        return unknown(correlation, n, what)
    return follows(Fisher(Student(artanh, abs(artanh) / reach, math.inf)), correlation, n, what)


def difference_of(one: Mapping[Any, float], other: Mapping[Any, float], what: str) -> Estimate:
    """Mean of one less other, both by seed: paired where seeds are shared, else Welch's; see `difference`."""
    found = difference(one, other, LEVEL)
    if not (math.isfinite(found.low) and found.freedom > 0):
        return unknown(found.mean, found.n, what)
    return follows(Student(found.mean, found.error, found.freedom), found.mean, found.n, what)


def summarised(found: Interval, what: str) -> Estimate:
    """A mean of which only its 95 % interval was kept."""
    if not math.isfinite(found.low) or found.n < 2:
        return unknown(found.mean, found.n, what)
    reach = Student(0.0, 1.0, found.n - 1).interval(LEVEL)[1]
    error = (found.high - found.low) / 2 / reach
    return follows(Student(found.mean, error, found.n - 1), found.mean, found.n, what)


def combined(parts: Mapping[str, tuple[float, Estimate]], what: str) -> Estimate:
    """Weighted sum of independent means, its degrees of freedom by Welch and Satterthwaite.

    Args:
        parts: weight and estimate of each term.
        what: it is.
    """
    value = sum(weight * each.value for weight, each in parts.values())
    laws = [(weight, each.law) for weight, each in parts.values()]
    n = min((each.n for _, each in parts.values()), default=0)
    squares = [(weight * law.error) ** 2 for weight, law in laws if isinstance(law, Student)]
    if len(squares) < len(laws) or not squares:
        return unknown(value, n, what)
    below = sum(
        square**2 / law.freedom for square, (_, law) in zip(squares, laws, strict=True) if isinstance(law, Student)
    )
    freedom = sum(squares) ** 2 / below if below > 0 else 1e9
    return follows(Student(value, math.sqrt(sum(squares)), freedom), value, n, what)


def between_groups(table: ArrayLike, what: str) -> Estimate:
    """Standard deviation between the true means of groups, freed of what chance adds to it.

    Args:
        table: (groups, blocks): one value of every group in every block, such as a construction and a seed.
        what: it is.

    Returns:
        The estimate is 0 where the groups' means differ by no more than chance makes them.

    >>> found = between_groups([[1.0, 2.0, 3.1], [2.0, 3.1, 4.0]], "x")
    >>> found.value > 0.4, found.low > 0, found.n
    (True, True, 3)
    """
    values = np.asarray(table, dtype=np.float64)
    groups, blocks = values.shape
    if groups < 2 or blocks < 2:
        return Estimate(what, math.nan, 0.0, math.inf, blocks)
    rows, columns = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    rest = float(np.square(values - rows - columns + values.mean()).sum()) / ((groups - 1) * (blocks - 1))
    square = blocks * float(rows.var(ddof=1))
    ratio = square / rest if rest > 0 else math.inf
    spread = math.sqrt(max(square - rest, 0.0) / blocks * (groups - 1) / groups)
    if not math.isfinite(ratio):
        return Estimate(what, spread, spread, spread, blocks)
    return follows(BetweenGroups(ratio, groups, blocks, math.sqrt(rest)), spread, blocks, what)


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64).ravel()
    return found[np.isfinite(found)]
