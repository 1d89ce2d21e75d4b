"""How many networks a rule needs to decide."""

from __future__ import annotations

from gossamer.analysis.estimates import LEVEL


def decides_a_spread(limit: float, true: float, n: int) -> float:
    """Probability that the 95 % interval of a standard deviation lies below a limit.

    Args:
        limit: above `true`.
        true: the standard deviation of the normal values.
        n: how many values, at least 2.

    >>> round(decides_a_spread(0.005, 0.0028, 3), 2), round(decides_a_spread(0.005, 0.0028, 15), 2)
    (0.08, 0.79)
    """
    from scipy.stats import chi2

    free = n - 1
    return float(chi2.cdf((limit / true) ** 2 * chi2.ppf((1 - LEVEL) / 2, free), free))


def enough_for_a_spread(limit: float, true: float, power: float = 0.8) -> int:
    """The fewest values with which a standard deviation is found below a limit with probability `power`; at most 1000.

    >>> enough_for_a_spread(0.005, 0.0028)
    16
    """
    return next((n for n in range(2, 1000) if decides_a_spread(limit, true, n) >= power), 1000)
