"""What decides what groups cost. Written down, and committed, before the first run.

Numbers are differences of test accuracy in points between networks of one seed, edges, rule and data. `price.py` says
cell by cell which sizes are free; these are the sentences that follow from several cells, one verdict a data set,
corrected together by Holm's method.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim, Needs
from gossamer.analysis.estimates import Estimate, difference_of
from gossamer.analysis.tables import by_seed, difference_by_seed, where
from gossamer.papers.groups.plan import OUTPUTS, RIGL, STATIC, GroupsPlan
from gossamer.papers.groups.price import MARGIN, PERCENT, cell, lost

if TYPE_CHECKING:
    import pandas as pd

FREE = Between(low=-MARGIN)
COSTLY = Between(high=-MARGIN)
MORE = Between(low=0.0)
THIN = 99.0
"""Percent of sparsity from which on groups are expected to cost something."""


def claims(rows: pd.DataFrame, plan: GroupsPlan) -> Iterator[Claim]:
    """One verdict a data set.

    Args:
        rows: `percents` of finished runs.
        plan: what was to be trained.
    """
    for data in plan.data:
        yield _claim("groups of outputs up to 8 are free below 99 %", _dense(rows, plan, data, STATIC, (2, 4, 8)), data)
        yield _claim("groups of 16 outputs are free below 99 %", _dense(rows, plan, data, STATIC, (16,)), data)
        yield _costly(rows, plan, data)
        if RIGL in plan.rules(data):
            found = _dense(rows, plan, data, RIGL, (2, 4, 8, 16))
            yield _claim("groups of outputs are free below 99 % with RigL", found, data)
            yield _repaired(rows, plan, data)
        yield from _others(rows, plan, data)


def _others(rows: pd.DataFrame, plan: GroupsPlan, data: str) -> Iterator[Claim]:
    for kind, sparsities in plan.kinds(data).items():
        if kind == OUTPUTS:
            continue
        found = _each(rows, plan, data, kind, [sparsity for sparsity in sparsities if sparsity < THIN])
        yield _claim(f"groups of {_WORDS[kind]} are free below 99 %", found, data)
    yield _better(rows, plan, data, "twisted", (8, 16))
    yield _better(rows, plan, data, "even", (4, 8, 16))


_WORDS = {
    "even": "evenly read outputs",
    "twisted": "permuted outputs (twisted)",
    "both": "outputs and inputs",
    "inputs": "inputs",
}


def _dense(rows: pd.DataFrame, plan: GroupsPlan, data: str, rule: str, sizes: Sequence[int]) -> list[Estimate]:
    sparsities = [sparsity for sparsity in plan.rules(data)[rule] if sparsity < THIN]
    return _each(rows, plan, data, OUTPUTS, sparsities, rule=rule, of=sizes)


def _each(
    rows: pd.DataFrame,
    plan: GroupsPlan,
    data: str,
    kind: str,
    sparsities: Sequence[float],
    *,
    rule: str = STATIC,
    of: Sequence[int] = (),
) -> list[Estimate]:
    return [
        lost(cell(rows, data, kind, rule, sparsity), size, f"{size} at {sparsity:g} %")
        for sparsity in sorted(sparsities)
        for size in plan.sizes(kind, sparsity, data)
        if not of or size in of
    ]


def _thin(plan: GroupsPlan, data: str, rule: str) -> list[float]:
    return [sparsity for sparsity in plan.rules(data)[rule] if sparsity >= THIN]


def _costly(rows: pd.DataFrame, plan: GroupsPlan, data: str) -> Claim:
    found = _each(rows, plan, data, OUTPUTS, _thin(plan, data, STATIC), of=(8, 16))
    return _claim("large groups of outputs cost accuracy from 99 % on", found, data, rule=COSTLY, needs=Needs.ANY)


def _repaired(rows: pd.DataFrame, plan: GroupsPlan, data: str) -> Claim:
    found = [
        _gap(cell(rows, data, OUTPUTS, RIGL, sparsity), cell(rows, data, OUTPUTS, STATIC, sparsity), size)
        for sparsity in _thin(plan, data, RIGL)
        for size in plan.sizes(OUTPUTS, sparsity, data)
        if size in (8, 16)
    ]
    return _claim("large groups cost less with RigL from 99 % on", found, data, rule=MORE)


def _gap(one: pd.DataFrame, other: pd.DataFrame, size: int) -> Estimate:
    """Points lost to groups in some runs less those lost in others, by seed."""
    ours, theirs = (
        (by_seed(where(rows, group=size), PERCENT) - by_seed(where(rows, group=1), PERCENT)).dropna().to_dict()
        for rows in (one, other)
    )
    where_ = f"{one['sparsity'].iloc[0]:g} %" if len(one) else ""
    return difference_of(ours, theirs, f"{size} at {where_}, RigL less static")


def _better(rows: pd.DataFrame, plan: GroupsPlan, data: str, kind: str, of: Sequence[int]) -> Claim:
    """Another kind of groups of outputs against the plain one, at 99 %."""
    found = [
        difference_by_seed(
            where(rows, data=data, kind=kind, rule=STATIC, sparsity=THIN, group=size),
            where(rows, data=data, kind=OUTPUTS, rule=STATIC, sparsity=THIN, group=size),
            f"{size} at {THIN:g} %, {kind} less outputs",
            column=PERCENT,
        )
        for size in plan.sizes(kind, THIN, data)
        if size in of
    ]
    return _claim(f"large groups cost less if they are {kind}, at 99 %", found, data, rule=MORE)


def _claim(
    words: str,
    estimates: Sequence[Estimate],
    data: str,
    *,
    rule: Between = FREE,
    needs: Needs = Needs.EVERY,
) -> Claim:
    """Not tested unless every number that it is about has its interval."""
    whole = bool(estimates) and all(np.isfinite(each.low) for each in estimates)
    seeds = min((each.n for each in estimates), default=0)
    return Claim(
        words,
        "G2",
        f"{words[0].upper()}{words[1:]}.",
        "Points of test accuracy less those without groups, at equal edges and seed, unless said otherwise; free: less "
        "than half a point is lost.",
        rule,
        tuple(estimates) if whole else (),
        data=data,
        needs=needs,
        condition=f"{seeds} seeds" if whole else "",
        missing="" if whole else f"`gossamer reproduce groups`: {data}",
    )
