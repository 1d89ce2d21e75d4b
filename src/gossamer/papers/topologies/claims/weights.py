"""F8: the sizes of trained weights against degree. The table holds means over seeds with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, combined, follows, summarised, unknown
from gossamer.analysis.intervals import Interval
from gossamer.analysis.laws import Student
from gossamer.analysis.tables import where

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("deviation", "maximum", "minimum")


def claims(weights: pd.DataFrame) -> Iterator[Claim]:
    """Weights shrink, level off, and hardly know the construction."""
    degrees = sorted(float(degree) for degree in weights["degree"].unique())
    yield _shrink(weights, degrees)
    yield _level_off(weights, degrees)
    yield _whichever_construction(weights, degrees)


def _shrink(weights: pd.DataFrame, degrees: list[float]) -> Claim:
    low, high = degrees[0], degrees[-1]
    return Claim(
        "weights shrink",
        "F8",
        "Maximum, minimum and standard deviation of the live weights shrink as the degree grows.",
        f"Logarithm to base 2 of their size at degree {high:g} over that at degree {low:g}, for each doubling of the "
        "degree; mean over constructions, every statistic.",
        Between(high=0.0),
        tuple(_slope(weights, name, (low, high)) for name in STATISTICS),
    )


def _level_off(weights: pd.DataFrame, degrees: list[float]) -> Claim:
    spans = list(pairwise(degrees))

    def slower(name: str) -> Estimate:
        ends = {"end": (1.0, _slope(weights, name, spans[-1])), "start": (-1.0, _slope(weights, name, spans[0]))}
        return combined(ends, f"{name}: doublings a doubling of d₁")

    return Claim(
        "weights level off",
        "F8",
        "The weights level off as the degree grows.",
        f"The same between degrees {spans[-1][0]:g} and {spans[-1][1]:g} less that between {spans[0][0]:g} and "
        f"{spans[0][1]:g}: above 0 they shrink more slowly, every statistic.",
        Between(low=0.0),
        tuple(slower(name) for name in STATISTICS) if len(spans) > 1 else (),
    )


def _whichever_construction(weights: pd.DataFrame, degrees: list[float]) -> Claim:
    def apart(name: str, degree: float) -> Estimate:
        sizes = [_size(weights, name, degree, topology) for topology in weights["topology"].unique()]
        known = sorted((each for each in sizes if math.isfinite(each.value)), key=lambda each: each.value)
        ends = {"largest": (1.0, known[-1]), "smallest": (-1.0, known[0])}
        return combined(ends, f"{name}, degree {degree:g}")

    return Claim(
        "weights whichever construction",
        "F8",
        "The construction matters little to the size of the weights.",
        "Logarithm to base 2 of the size of the construction with the largest over the smallest, at every degree; "
        "below a quarter it matters little (our threshold). The ends are chosen on the numbers that judge them, which "
        "is hard on the claim.",
        Between(high=0.25),
        tuple(apart("deviation", degree) for degree in degrees),
        tuple(apart(name, degree) for name in STATISTICS[1:] for degree in degrees),
    )


def _slope(weights: pd.DataFrame, name: str, ends: tuple[float, float]) -> Estimate:
    """Doublings of a statistic for each doubling of the degree, mean over constructions."""
    names = weights["topology"].unique()
    scale = 1 / (math.log2(ends[1] / ends[0]) * len(names))
    parts = {
        f"{topology} {degree}": (sign * scale, _size(weights, name, degree, topology))
        for topology in names
        for degree, sign in ((ends[1], 1.0), (ends[0], -1.0))
    }
    return combined(parts, f"{name}: doublings a doubling of d₁")


def _size(weights: pd.DataFrame, name: str, degree: float, topology: str) -> Estimate:
    """Logarithm to base 2 of a statistic's size; its error by the delta method."""
    rows = where(weights, statistic=name, degree=degree, topology=topology)
    if rows.empty:
        return unknown(math.nan, 0, topology)
    (row,) = rows.itertuples()
    found = summarised(Interval(float(row.value), float(row.low), float(row.high), int(row.n)), topology)
    value = math.log2(abs(found.value)) if found.value else -math.inf
    if not isinstance(found.law, Student):
        return unknown(value, found.n, topology)
    error = found.law.error / (abs(found.value) * math.log(2))
    return follows(Student(value, error, found.law.freedom), value, found.n, topology)
