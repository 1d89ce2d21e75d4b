"""Means over seeds with their intervals, and differences of means, paired where the seeds are the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gossamer.errors import require_fraction


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and Student's interval for it.

    Attributes:
        mean: NaN of no values.
        low: lower end; NaN of fewer than two values, which say nothing of their spread.
        high: upper end.
        n: how many values.
    """

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two means.

    Attributes:
        mean: of the first less the second.
        low: lower end of its interval; NaN of too few values.
        high: upper end.
        p_value: two-sided, of Student's test; NaN of too few values.
        n: pairs, or values of the smaller sample if they are not paired.
        paired: whether values of one seed were subtracted from each other.
        error: standard error of the mean; NaN of too few values.
        freedom: degrees of freedom of it; NaN of too few values.
    """

    mean: float
    low: float
    high: float
    p_value: float
    n: int
    paired: bool
    error: float = math.nan
    freedom: float = math.nan


def mean_interval(values: Iterable[float], level: float = 0.95) -> Interval:
    """The mean, plus and minus t s / sqrt(n); values that are not finite are left out.

    Args:
        values: one a seed.
        level: how often such intervals hold the true mean if values are normal, 0 to 1.

    >>> mean_interval([1.0, 2.0, 3.0])
    Interval(mean=2.0, low=-0.48413..., high=4.48413..., n=3)
    """
    require_fraction("level", level)
    found = np.array([value for value in values if math.isfinite(value)], dtype=np.float64)
    mean = float(found.mean()) if len(found) else math.nan
    if len(found) < 2:
        return Interval(mean, math.nan, math.nan, len(found))
    reach = _quantile(level, len(found) - 1) * float(found.std(ddof=1)) / math.sqrt(len(found))
    return Interval(mean, mean - reach, mean + reach, len(found))


def difference(first: Mapping[Any, float], second: Mapping[Any, float], level: float = 0.95) -> Difference:
    """The mean of `first` less that of `second`, both by seed.

    Values of one seed share their order of examples, so what the seed does to both cancels in their difference: the
    test is paired if two seeds or more are in both, and over those alone. Else it is Welch's, of unequal variances.

    References:
        B. L. Welch, "The generalization of 'Student's' problem when several different population variances are
        involved", Biometrika 34, 1947; degrees of freedom by Welch and Satterthwaite.

    >>> difference({0: 0.92, 1: 0.95, 2: 0.93}, {0: 0.91, 1: 0.93, 2: 0.93}).paired
    True
    """
    require_fraction("level", level)
    a = {seed: value for seed, value in first.items() if math.isfinite(value)}
    b = {seed: value for seed, value in second.items() if math.isfinite(value)}
    shared = [seed for seed in a if seed in b]
    if len(shared) >= 2:
        gaps = np.array([a[seed] - b[seed] for seed in shared])
        error = float(gaps.std(ddof=1)) / math.sqrt(len(gaps))
        return _tested(float(gaps.mean()), error, len(gaps) - 1, level=level, n=len(gaps), paired=True)
    return _welch(np.array(list(a.values())), np.array(list(b.values())), level)


def _welch(a: np.ndarray, b: np.ndarray, level: float) -> Difference:
    n = min(len(a), len(b))
    mean = float(a.mean() - b.mean()) if n else math.nan
    if n < 2:
        return Difference(mean, math.nan, math.nan, math.nan, n, False)
    shares = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    below = float((shares**2 / [len(a) - 1, len(b) - 1]).sum())
    freedom = float(shares.sum()) ** 2 / below if below > 0 else float(len(a) + len(b) - 2)
    return _tested(mean, math.sqrt(float(shares.sum())), freedom, level=level, n=n, paired=False)


def _tested(mean: float, error: float, freedom: float, *, level: float, n: int, paired: bool) -> Difference:
    from scipy.special import stdtr

    reach = _quantile(level, freedom) * error
    statistic = abs(mean) / error if error > 0 else (math.inf if mean else 0.0)
    p = 2 * float(stdtr(freedom, -statistic))
    return Difference(mean, mean - reach, mean + reach, p, n, paired, error, freedom)


def _quantile(level: float, freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))
