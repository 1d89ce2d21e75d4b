"""Rank correlations."""

from __future__ import annotations

import math
import warnings

from numpy.typing import ArrayLike


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Spearman's rank correlation, -1 to 1; 0 where one is constant, as there is no order to agree on.

    Args:
        x: shape (n,).
        y: shape (n,).

    >>> spearman([1, 2, 3], [10, 30, 20])
    0.5
    """
    from scipy.stats import ConstantInputWarning, spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        found = float(spearmanr(x, y).statistic)
    return found if math.isfinite(found) else 0.0


def partial_spearman(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Rank correlation of x and y given a third, (r_xy - r_xz r_yz) / sqrt((1 - r_xz²)(1 - r_yz²)).

    NaN where the third determines the order of one of them.

    >>> round(partial_spearman([1, 2, 3, 4], [1, 2, 4, 3], [4, 1, 3, 2]), 3)
    0.802
    """
    xy, xz, yz = spearman(x, y), spearman(x, given), spearman(y, given)
    left = (1 - xz**2) * (1 - yz**2)
    return (xy - xz * yz) / math.sqrt(left) if left > 0 else math.nan
