"""Claims, and rules that decide them: numbers with their intervals go in, a verdict comes out.

A rule is a value that is written down with its claim, before there are numbers.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gossamer.analysis.correction import holm
from gossamer.analysis.estimates import LEVEL, Estimate


class Verdict(enum.Enum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "inconclusive"
    UNTRIED = "not tested"


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
        return f"holds if the interval lies {where}, does not hold if it lies wholly elsewhere"


class Needs(enum.Enum):
    """How many of its estimates a claim needs."""

    EVERY = "every one of its estimates"
    ANY = "any one of its estimates"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a paper says, or that we ask in its place, and what came out.

    Args:
        key: short name.
        exhibit: key of the figure that shows it.
        words: the paper's, shortened.
        question: what we measure to decide it; readings and thresholds of ours are named so.
        rule: decides each estimate.
        estimates: what is judged.
        context: numbers that belong to it and are not judged.
        data: the data set that it is judged on; each has a verdict of its own. Empty if there is none.
        needs: EVERY: holds if the rule holds for all estimates, fails if it fails for one. ANY, for claims that
            something *can* happen: the other way about.
        condition: under which the verdict was found, beyond the plan's.
        missing: what must be trained before it can be tested; the claim is not tested if it says so.
    """

    key: str
    exhibit: str
    words: str
    question: str
    rule: DecisionRule
    estimates: tuple[Estimate, ...]
    context: tuple[Estimate, ...] = ()
    data: str = ""
    needs: Needs = Needs.EVERY
    condition: str = ""
    missing: str = ""

    @property
    def verdict(self) -> Verdict:
        """At 5 %, as if it were the only claim."""
        return Judgement.of(self).verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A claim's verdict.

    Attributes:
        claim: which.
        verdict: what became of it.
        p_value: the smallest error level at which the verdict would be this one; 1 if none is in sight.
        p_holm: the same corrected for all claims that were judged together; equal to it if it was judged alone.
        chance: whether there is any in it; exact numbers need no correction.
    """

    claim: Claim
    verdict: Verdict
    p_value: float
    p_holm: float
    chance: bool

    @classmethod
    def of(cls, claim: Claim, p_holm: float | None = None) -> Judgement:
        """Alone, or with a p-value that was corrected."""
        leaning, p = _leaning(claim)
        corrected = p if p_holm is None else p_holm
        verdict = leaning if corrected <= 1 - LEVEL + 1e-12 else Verdict.OPEN
        if claim.missing:
            verdict = Verdict.UNTRIED
        return cls(claim, verdict, p, corrected, any(each.n > 0 for each in claim.estimates) and not claim.missing)


def judged(claims: Iterable[Claim]) -> tuple[Judgement, ...]:
    """All claims of a paper together, their error levels corrected by Holm's method for the number of verdicts.

    The probability that any of the verdicts is wrong by chance is then at most 5 %.

    >>> one = Claim("x", "F1", "", "", Between(low=0.0), (Estimate("", 1.0, 0.5, 1.5, 5),))
    >>> [each.verdict.value for each in judged([one])], [each.verdict.value for each in judged([one, one])]
    (['holds'], ['inconclusive', 'inconclusive'])
    """
    alone = [Judgement.of(claim) for claim in claims]
    corrected = iter(holm([each.p_value for each in alone if each.chance]).tolist())
    return tuple(Judgement.of(each.claim, next(corrected)) if each.chance else each for each in alone)


def counted(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How many there are of each."""
    found = list(verdicts)
    return {verdict: found.count(verdict) for verdict in Verdict}


def decisive_level(rule: DecisionRule, estimate: Estimate) -> tuple[Verdict, float]:
    """Where the estimate points, and the smallest error level (1 less the interval's) at which it decides.

    An exact number decides at level 0; one of unknown law at 5 % or not at all.

    >>> from gossamer.analysis.estimates import mean_of
    >>> verdict, level = decisive_level(Between(low=0.0), mean_of([1.0, 2.0, 3.0], ""))
    >>> verdict.value, round(level, 4)  # scipy.stats.ttest_1samp([1, 2, 3], 0).pvalue
    ('holds', 0.0742)
    """
    if estimate.law is None:
        verdict = rule(estimate)
        return verdict, 1.0 if verdict is Verdict.OPEN else (0.0 if estimate.n == 0 else 1 - LEVEL)
    verdict = rule(estimate.at(0.0))
    if verdict is Verdict.OPEN:
        return verdict, 1.0
    undecided, decided = -14.0, 0.0  # logarithms to base 10 of the error level
    if rule(estimate.at(1 - 10**undecided)) is verdict:
        return verdict, 10**undecided
    for _ in range(44):
        middle = (undecided + decided) / 2
        if rule(estimate.at(1 - 10**middle)) is verdict:
            decided = middle
        else:
            undecided = middle
    return verdict, float(10**decided)


def _leaning(claim: Claim) -> tuple[Verdict, float]:
    """Where a claim's estimates point together, and the error level at which they decide.

    What needs all of them needs the least decided one (intersection-union); what needs any of them is corrected for how
    many there are (Bonferroni).
    """
    levels = [decisive_level(claim.rule, each) for each in claim.estimates]
    if not levels:
        return Verdict.OPEN, 1.0
    one, all_ = (Verdict.FAILS, Verdict.HOLDS) if claim.needs is Needs.EVERY else (Verdict.HOLDS, Verdict.FAILS)
    together = _greatest(levels, all_)
    single = min(1.0, len(levels) * _least(levels, one))
    return (all_, together) if together <= single else (one, single)


def _greatest(levels: Sequence[tuple[Verdict, float]], wanted: Verdict) -> float:
    return max(level if verdict is wanted else 1.0 for verdict, level in levels)


def _least(levels: Sequence[tuple[Verdict, float]], wanted: Verdict) -> float:
    return min(level if verdict is wanted else 1.0 for verdict, level in levels)
