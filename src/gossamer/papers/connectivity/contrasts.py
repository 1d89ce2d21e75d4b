"""Differences between arms, and the claims that they decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim, Needs
from gossamer.analysis.estimates import Estimate
from gossamer.analysis.tables import difference_by_seed, where

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.002
"""Equivalence: two tenths of a point."""

EQUAL = Between(-MARGIN, MARGIN)
MORE = Between(low=0.0)
BASE = "random"


def judge(
    key: str,
    exhibit: str,
    words: str,
    question: str,
    rule: Between,
    judged: list[Estimate],
    context: list[Estimate] | None = None,
    *,
    where_: tuple[str, int],
    rows: pd.DataFrame,
    needs: Needs = Needs.EVERY,
) -> Claim:
    """A claim of one data set and depth, not tested where a seed has no second one beside it."""
    data, depth = where_
    seeds = rows["seed"].nunique() if len(rows) else 0
    missing = "" if seeds > 1 else f"`gossamer reproduce connectivity`: {data}, {depth} hidden layers"
    known = [each for each in judged if np.isfinite(each.value)] if not missing else []
    return Claim(
        key,
        exhibit,
        words,
        question,
        rule,
        tuple(known),
        tuple(context or ()),
        data=f"{data}, {depth} hidden",
        needs=needs,
        condition=f"{seeds} seeds" if not missing else "",
        missing=missing,
    )


def less(rows: pd.DataFrame, one: str, other: str, degree: int) -> Estimate:
    """Mean over seeds of the accuracy of one arm less that of another."""
    table = where(rows, degree=degree)
    ours, theirs = (where(table, topology=name) for name in (one, other))
    return difference_by_seed(ours, theirs, f"{one} less {other}, degree {degree}")
