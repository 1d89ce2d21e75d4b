"""How estimates vary: from each law follows an interval at any level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class Law(Protocol):
    """The distribution of an estimate, as far as its intervals need it."""

    def interval(self, level: float) -> tuple[float, float]:
        """Ends of the two-sided interval at a level from 0 (the estimate itself) to 1 (without end)."""


@dataclass(frozen=True, slots=True)
class Student:
    """A mean, or a difference of means.

    Attributes:
        mean: the estimate.
        error: its standard error, at least 0.
        freedom: degrees of freedom, above 0.
    """

    mean: float
    error: float
    freedom: float

    def interval(self, level: float) -> tuple[float, float]:
        """Mean ± t · error.

        >>> [round(end, 2) for end in Student(0.0, 1.0, 4).interval(0.95)]
        [-2.78, 2.78]
        """
        from scipy.special import stdtrit

        if self.error == 0:
            return self.mean, self.mean
        reach = float(stdtrit(self.freedom, 0.5 + level / 2)) * self.error
        return self.mean - reach, self.mean + reach


@dataclass(frozen=True, slots=True)
class Fisher:
    """A correlation, whose artanh follows Student's law.

    Attributes:
        artanh: of the correlation.
    """

    artanh: Student

    def interval(self, level: float) -> tuple[float, float]:
        """Within -1 and 1."""
        low, high = self.artanh.interval(level)
        return math.tanh(low), math.tanh(high)


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A standard deviation of values that are about normal.

    Attributes:
        spread: the estimate.
        freedom: degrees of freedom.
    """

    spread: float
    freedom: int

    def interval(self, level: float) -> tuple[float, float]:
        """S √(f / χ²)."""
        from scipy.stats import chi2

        ends = (float(chi2.ppf(share, self.freedom)) for share in ((1 + level) / 2, (1 - level) / 2))
        low, high = (self.spread * math.sqrt(self.freedom / end) if end > 0 else math.inf for end in ends)
        return low, high


@dataclass(frozen=True, slots=True)
class BetweenGroups:
    """A standard deviation between the means of groups that were all measured in the same blocks.

    Attributes:
        ratio: F, the mean square between groups over the mean square of what is left.
        groups: how many.
        blocks: how many.
        noise: standard deviation of what is left.

    References:
        J. H. Steiger, "Beyond the F test: effect size confidence intervals and tests of close fit in the analysis of
        variance and contrast analysis", Psychological Methods 9, 2004: the non-centrality whose F puts the observed one
        at either end.
    """

    ratio: float
    groups: int
    blocks: int
    noise: float

    def interval(self, level: float) -> tuple[float, float]:
        """Ends of the population standard deviation of the groups' means about their mean."""
        low, high = (self._spread(self._non_centrality(share)) for share in ((1 + level) / 2, (1 - level) / 2))
        return low, high

    def _spread(self, non_centrality: float) -> float:
        return self.noise * math.sqrt(non_centrality / (self.blocks * self.groups))

    def _non_centrality(self, share: float) -> float:
        """The one under which a smaller F than the observed comes with probability `share`; 0 if there is none."""
        from scipy.optimize import brentq
        from scipy.special import ncfdtr

        free = self.groups - 1, (self.groups - 1) * (self.blocks - 1)

        def excess(value: float) -> float:
            return float(ncfdtr(*free, value, self.ratio)) - share

        if excess(0.0) <= 0:
            return 0.0
        top = 1.0
        while excess(top) > 0 and top < 1e7:
            top *= 4
        return float(brentq(excess, 0.0, top)) if excess(top) <= 0 else math.inf
