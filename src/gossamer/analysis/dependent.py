"""Means over pairs of networks. Pairs that share a network are not independent, and are not counted as if they were."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from gossamer.analysis.estimates import Estimate, follows, unknown
from gossamer.analysis.laws import Student


def mean_of_pairs(distances: ArrayLike, what: str) -> Estimate:
    """Mean of all pairs of N networks, with the interval of a U-statistic by the jackknife over networks.

    Leaving out one network leaves out all of its pairs. The N pseudo-values are about independent, so that N - 1 and
    not N (N - 1) / 2 - 1 degrees of freedom remain.

    Args:
        distances: (N, N), symmetric; the diagonal is not looked at.
        what: it is.

    References:
        J. N. Arvesen, "Jackknifing U-statistics", Annals of Mathematical Statistics 40, 1969.

    >>> found = mean_of_pairs([[0, 1, 2], [1, 0, 3], [2, 3, 0]], "x")
    >>> found.value, found.n
    (2.0, 3)
    """
    D = np.array(distances, dtype=np.float64)
    np.fill_diagonal(D, 0.0)
    count, total = len(D), float(D.sum())
    mean = total / (count * (count - 1)) if count > 1 else math.nan
    if count < 3:
        return unknown(mean, count, what)
    without = (total - 2 * D.sum(axis=1)) / ((count - 1) * (count - 2))
    pseudo = count * mean - (count - 1) * without
    return follows(Student(mean, float(pseudo.std(ddof=1)) / math.sqrt(count), count - 1), mean, count, what)


def mean_of_neighbours(values: ArrayLike, what: str) -> Estimate:
    """Mean over neighbouring pairs of a chain, where each value shares a network with the next.

    Only neighbours depend on each other, and such a series has correlations of at most one half, so that its mean
    varies at most twice as much as that of independent values: the interval assumes just that.

    Args:
        values: distance of each network to the next, (N - 1,).
        what: it is.

    References:
        The bound on the correlation of a one-dependent series: T. W. Anderson, "The Statistical Analysis of Time
        Series", 1971, section 3.4 (moving averages of order 1, |ρ₁| ≤ 1/2).
    """
    found = np.asarray(values, dtype=np.float64)
    mean = float(found.mean()) if len(found) else math.nan
    if len(found) < 4:
        return unknown(mean, len(found) // 2, what)
    independent = len(found) / 2
    error = float(found.std(ddof=1)) / math.sqrt(independent)
    return follows(Student(mean, error, independent - 1), mean, math.ceil(independent), what)
