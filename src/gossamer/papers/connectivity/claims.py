"""What decides whether connectivity decides. Written down, and committed, before the first run.

All numbers are differences of test accuracy between networks of one seed: equal degrees of every neuron, equal draws of
weights, equal order of examples, pixels permuted by seed. Margins are ours: two tenths of a point is less than what a
seed does to a network of this kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim, Needs
from gossamer.analysis.estimates import Estimate, correlation_of, permuted
from gossamer.analysis.prediction import Association
from gossamer.analysis.ranks import spearman
from gossamer.analysis.tables import difference_by_seed, where
from gossamer.papers.connectivity.plan import ConnectivityPlan

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.papers.connectivity.tables import Tables

MARGIN = 0.002
"""Equivalence: two tenths of a point."""

EQUAL = Between(-MARGIN, MARGIN)
MORE = Between(low=0.0)
BASE = "random"


def claims(tables: Tables, plan: ConnectivityPlan) -> Iterator[Claim]:
    """The primary claim first, one verdict a data set and depth."""
    for data in plan.data:
        for depth in plan.depths:
            rows = where(tables.dialled, data=data, depth=depth)
            yield does_not_matter(rows, plan, data, depth)
            yield parts_cost(rows, plan, data, depth)
            yield more_is_better(rows, plan, data, depth)
            yield dose(rows, plan, data, depth)
    for depth in plan.deep:
        yield decides_training(where(tables.deep, depth=depth), plan, depth)
    for data in plan.observed:
        yield goes_along(tables.associations.get(data, ()), data)


def does_not_matter(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """Primary."""
    return _claim(
        "λ₂ does not matter",
        "C2",
        "At identical degrees accuracy does not depend on algebraic connectivity.",
        "Accuracy of every arm of the dial less that of random junctions, at every degree: all within two tenths of a "
        "point. Primary.",
        EQUAL,
        [_less(rows, arm, BASE, degree) for degree in plan.degrees for arm in plan.arms if arm != BASE],
        where_=(data, depth),
        rows=rows,
    )


def parts_cost(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """The lower end."""
    return _claim(
        "falling apart costs accuracy",
        "C2",
        "Networks that fall apart (λ₂ = 0) are less accurate.",
        "Accuracy of random junctions less that of disconnected modules of the same degrees, at any degree.",
        MORE,
        [_less(rows, BASE, "modules", degree) for degree in plan.degrees],
        where_=(data, depth),
        rows=rows,
        needs=Needs.ANY,
    )


def more_is_better(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """The upper end."""
    return _claim(
        "more than random is better",
        "C2",
        "Networks with more connectivity than random ones are more accurate.",
        "Accuracy of Ramanujan and of optimised junctions less that of random ones, at any degree.",
        MORE,
        [_less(rows, arm, BASE, degree) for degree in plan.degrees for arm in ("ramanujan", "optimised")],
        where_=(data, depth),
        rows=rows,
        needs=Needs.ANY,
    )


def dose(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """All arms at once."""
    place = {arm: number for number, arm in enumerate(plan.arms)}

    def correlation(degree: int) -> Estimate:
        table = where(rows, degree=degree)
        found = [
            spearman([place[arm] for arm in seed["topology"]], seed["accuracy"])
            for _, seed in table.groupby("seed")
            if len(seed) == len(place)
        ]
        return correlation_of(found, f"degree {degree}")

    return _claim(
        "accuracy grows with λ₂",
        "C1",
        "The better connected of two networks of equal degrees is the more accurate.",
        "Rank correlation of the arms' order and accuracy within a seed, mean over seeds, at any degree.",
        MORE,
        [correlation(degree) for degree in plan.degrees],
        where_=(data, depth),
        rows=rows,
        needs=Needs.ANY,
    )


def decides_training(rows: pd.DataFrame, plan: ConnectivityPlan, depth: int) -> Claim:
    """Where it must matter, if anywhere."""
    return _claim(
        "decides whether a deep network trains",
        "C4",
        "Where paths are few, connectivity decides whether a network trains at all.",
        "Accuracy of random junctions less that of disconnected modules, at any degree; above ten points a network "
        "trains that did not (ours).",
        Between(low=0.1),
        [_less(rows, BASE, "modules", degree) for degree in plan.deep_degrees],
        [_less(rows, arm, BASE, degree) for degree in plan.deep_degrees for arm in plan.deep_arms if arm != BASE],
        where_=(plan.data[0], depth),
        rows=rows,
        needs=Needs.ANY,
    )


def goes_along(found: tuple[Association, ...], data: str) -> Claim:
    """Observation: over constructions, at equal edges."""
    chosen = [each for each in found if each.measure == "algebraic_connectivity"]
    others = [each for each in found if each.measure != "algebraic_connectivity"]
    return Claim(
        "λ₂ goes along with accuracy",
        "C5",
        "Over constructions of equal edges, algebraic connectivity and accuracy go together.",
        "Spearman's correlation at equal edges, by the p-value of permuting whole constructions; its interval is the "
        "one that leaves out 0 exactly where that test rejects.",
        MORE,
        tuple(_permuted(each) for each in chosen),
        tuple(_permuted(each) for each in others),
        data=data,
        missing="" if chosen else "the observation of `gossamer reproduce connectivity`",
    )


def _permuted(found: Association) -> Estimate:
    what = f"{found.measure.replace('_', ' ')}, p = {found.p_value:.2g}, held-out R² {found.held_out_all:.2f}"
    return permuted(found.spearman, found.p_value, found.families, what)


def _claim(
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


def _less(rows: pd.DataFrame, one: str, other: str, degree: int) -> Estimate:
    table = where(rows, degree=degree)
    ours, theirs = (where(table, topology=name) for name in (one, other))
    return difference_by_seed(ours, theirs, f"{one} less {other}, degree {degree}")
