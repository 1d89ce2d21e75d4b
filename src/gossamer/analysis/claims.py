"""Claims, and rules that decide them: a number with its interval goes in, a verdict comes out.

A rule is a value that is written down with its claim, before there are numbers.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.analysis.intervals import Difference, Interval, mean_interval

LEVEL = 0.95
"""Of all intervals."""


class Verdict(enum.Enum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "inconclusive"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval.

    Args:
        what: it is.
        value: the estimate; NaN if there is nothing to estimate it from.
        low: lower end of the interval.
        high: upper end.
        n: independent values (seeds, networks) behind it; 0 if it is exact.
    """

    what: str
    value: float
    low: float
    high: float
    n: int


class DecisionRule(Protocol):
    """Decides an estimate; its text says how."""

    def __call__(self, estimate: Estimate) -> Verdict:
        """The verdict."""


@dataclass(frozen=True, slots=True)
class Between:
    """Holds if the interval lies between two numbers, fails if it lies outside them, and is open if it crosses one.

    Args:
        low: least value at which the claim is true.
        high: greatest.

    >>> above_zero = Between(low=0.0)
    >>> [above_zero(Estimate("", 1, *ends, 5)).value for ends in ((0.5, 1.5), (-1, 3), (-2, -1))]
    ['holds', 'inconclusive', 'does not hold']
    """

    low: float = -math.inf
    high: float = math.inf

    def __call__(self, estimate: Estimate) -> Verdict:
        """The verdict; open for NaN."""
        if self.low < estimate.low and estimate.high < self.high:
            return Verdict.HOLDS
        return Verdict.FAILS if estimate.high <= self.low or estimate.low >= self.high else Verdict.OPEN

    def __str__(self) -> str:
        ends = f"above {self.low:g}", f"below {self.high:g}"
        known = [text for text, end in zip(ends, (self.low, self.high), strict=True) if math.isfinite(end)]
        where = " and ".join(known).replace("-", "−")
        return f"holds if the 95 % interval lies {where}, does not hold if it lies wholly elsewhere"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a paper says, or that we ask in its place, and what came out.

    Args:
        key: short name.
        exhibit: key of the figure that shows it.
        words: the paper's, shortened.
        question: what we measure to decide it; readings and thresholds of ours are named so.
        rule: decides each estimate.
        estimates: what is judged, such as one number a data set.
        context: numbers that belong to it and are not judged.
    """

    key: str
    exhibit: str
    words: str
    question: str
    rule: DecisionRule
    estimates: tuple[Estimate, ...]
    context: tuple[Estimate, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """That of all estimates if they agree, else open; open without any."""
        found = {self.rule(estimate) for estimate in self.estimates}
        return found.pop() if len(found) == 1 else Verdict.OPEN


def mean_of(values: ArrayLike, what: str) -> Estimate:
    """Mean with Student's interval over independent values; without end if there is only one.

    >>> mean_of([1.0, 2.0, 3.0], "x")
    Estimate(what='x', value=2.0, low=-0.4841..., high=4.4841..., n=3)
    """
    return estimated(mean_interval(_finite(values), LEVEL), what)


def estimated(found: Interval | Difference, what: str) -> Estimate:
    """An interval as something to be judged: ends that are not known are infinitely far away."""
    known = math.isfinite(found.low) and math.isfinite(found.high)
    return Estimate(what, found.mean, found.low if known else -math.inf, found.high if known else math.inf, found.n)


def spread_of(values: ArrayLike, what: str) -> Estimate:
    """Standard deviation with its interval by chi-squared, for values that are about normal.

    >>> round(spread_of([1.0, 2.0, 3.0], "x").high, 3)
    6.285
    """
    from scipy.stats import chi2

    found = _finite(values)
    if len(found) < 2:
        return Estimate(what, math.nan, 0.0, math.inf, len(found))
    free, spread = len(found) - 1, float(found.std(ddof=1))
    low, high = (spread * math.sqrt(free / float(chi2.ppf(q, free))) for q in ((1 + LEVEL) / 2, (1 - LEVEL) / 2))
    return Estimate(what, spread, low, high, len(found))


def exactly(value: float, what: str) -> Estimate:
    """A number without chance in it."""
    return Estimate(what, value, value, value, 0)


def counted(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How many there are of each."""
    found = list(verdicts)
    return {verdict: found.count(verdict) for verdict in Verdict}


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64).ravel()
    return found[np.isfinite(found)]
