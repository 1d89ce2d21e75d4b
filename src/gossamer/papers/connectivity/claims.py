"""What decides whether connectivity decides. Written down, and committed, before the first run.

All numbers are differences of test accuracy between networks of one seed: equal degrees of every neuron, equal draws of
weights, equal order of examples, pixels permuted by seed. Margins are ours: two tenths of a point is less than what a
seed does to a network of this kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim, Needs
from gossamer.analysis.estimates import Estimate, correlation_of, permuted
from gossamer.analysis.prediction import Association
from gossamer.analysis.ranks import spearman
from gossamer.analysis.tables import where
from gossamer.papers.connectivity.contrasts import BASE, EQUAL, MORE, judge, less
from gossamer.papers.connectivity.plan import NATURAL, PERMUTED, ConnectivityPlan

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.papers.connectivity.tables import Tables

BETTER = {"ramanujan": "Ramanujan", "optimised": "optimised"}
"""Arms above random, in words."""


def claims(tables: Tables, plan: ConnectivityPlan) -> Iterator[Claim]:
    """The primary claim first, one verdict a data set and depth."""
    yield from of_the_dial(tables, plan)
    for depth in plan.deep:
        yield decides_training(where(tables.deep, depth=depth), plan, depth)
    if plan.recipe_seeds:
        yield matters_in_the_recipe(tables.recipe, plan)
        yield does_not_matter_in_the_recipe(tables.recipe, plan)
    yield from of_constructions(tables, plan)


def of_the_dial(tables: Tables, plan: ConnectivityPlan) -> Iterator[Claim]:
    """What the intervention decides."""
    for data in plan.data:
        for depth in plan.depths:
            rows = where(tables.dialled, data=data, depth=depth)
            yield does_not_matter(rows, plan, data, depth)
            yield parts_cost(rows, plan, data, depth)
            yield more_is_better(rows, plan, data, depth)
            yield dose(rows, plan, data, depth)


def of_constructions(tables: Tables, plan: ConnectivityPlan) -> Iterator[Claim]:
    """What the observation decides; the pixels' permutation was added to the plan while its first runs were at work."""
    for pixels in (PERMUTED, NATURAL) if plan.observed_permuted else (NATURAL,):
        for data in plan.observed:
            yield goes_along(tables.associations.get((data, pixels), ()), data, pixels=pixels)


def does_not_matter(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """Primary."""
    return judge(
        "λ₂ does not matter",
        "C2",
        "At identical degrees accuracy does not depend on algebraic connectivity.",
        "Accuracy of every arm of the dial less that of random junctions, at every degree: all within two tenths of a "
        "point. Primary.",
        EQUAL,
        [less(rows, arm, BASE, degree) for degree in plan.turns(data) for arm in plan.dial(data) if arm != BASE],
        where_=(data, depth),
        rows=rows,
    )


def parts_cost(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """The lower end."""
    return judge(
        "falling apart costs accuracy",
        "C2",
        "Networks that fall apart (λ₂ = 0) are less accurate.",
        "Accuracy of random junctions less that of disconnected modules of the same degrees, at any degree.",
        MORE,
        [less(rows, BASE, "modules", degree) for degree in plan.turns(data)],
        where_=(data, depth),
        rows=rows,
        needs=Needs.ANY,
    )


def more_is_better(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """The upper end."""
    shown = [word for arm, word in BETTER.items() if arm in plan.dial(data)]
    return judge(
        "more than random is better",
        "C2",
        "Networks with more connectivity than random ones are more accurate.",
        f"Accuracy of {' and of '.join(shown)} junctions less that of random ones, at any degree.",
        MORE,
        [less(rows, arm, BASE, degree) for degree in plan.turns(data) for arm in plan.dial(data) if arm in BETTER],
        where_=(data, depth),
        rows=rows,
        needs=Needs.ANY,
    )


def dose(rows: pd.DataFrame, plan: ConnectivityPlan, data: str, depth: int) -> Claim:
    """All arms at once."""
    place = {arm: number for number, arm in enumerate(plan.dial(data))}

    def correlation(degree: int) -> Estimate:
        table = where(rows, degree=degree)
        found = [
            spearman([place[arm] for arm in seed["topology"]], seed["accuracy"])
            for _, seed in table.groupby("seed")
            if len(seed) == len(place)
        ]
        return correlation_of(found, f"degree {degree}")

    return judge(
        "accuracy grows with λ₂",
        "C1",
        "The better connected of two networks of equal degrees is the more accurate.",
        "Rank correlation of the arms' order and accuracy within a seed, mean over seeds, at any degree.",
        MORE,
        [correlation(degree) for degree in plan.turns(data)],
        where_=(data, depth),
        rows=rows,
        needs=Needs.ANY,
    )


def decides_training(rows: pd.DataFrame, plan: ConnectivityPlan, depth: int) -> Claim:
    """Where it must matter, if anywhere."""
    return judge(
        "decides whether a deep network trains",
        "C4",
        "Where paths are few, connectivity decides whether a network trains at all.",
        "Accuracy of random junctions less that of disconnected modules, at any degree; above ten points a network "
        "trains that did not (ours).",
        Between(low=0.1),
        [less(rows, BASE, "modules", degree) for degree in plan.deep_degrees],
        [less(rows, arm, BASE, degree) for degree in plan.deep_degrees for arm in plan.deep_arms if arm != BASE],
        where_=(plan.data[0], depth),
        rows=rows,
        needs=Needs.ANY,
    )


def matters_in_the_recipe(rows: pd.DataFrame, plan: ConnectivityPlan) -> Claim:
    """The extremes against each other."""
    return judge(
        "matters in the paper's recipe",
        "C6",
        "With sigmoid units, squared error and Nesterov's momentum, the best connected networks beat the worst.",
        "Accuracy of optimised junctions less that of disconnected modules of the same degrees, at any degree.",
        MORE,
        [less(rows, "optimised", "modules", degree) for degree in plan.recipe_degrees],
        where_=(plan.data[0], 1),
        rows=rows,
        needs=Needs.ANY,
    )


def does_not_matter_in_the_recipe(rows: pd.DataFrame, plan: ConnectivityPlan) -> Claim:
    """Equivalence there."""
    return judge(
        "does not matter in the paper's recipe",
        "C6",
        "With sigmoid units, squared error and Nesterov's momentum accuracy does not depend on λ₂ either.",
        "Accuracy of optimised junctions and of disconnected modules less that of random ones, at every degree: all "
        "within two tenths of a point.",
        EQUAL,
        [less(rows, arm, BASE, degree) for degree in plan.recipe_degrees for arm in plan.recipe_arms if arm != BASE],
        where_=(plan.data[0], 1),
        rows=rows,
    )


def goes_along(found: tuple[Association, ...], data: str, *, pixels: str = NATURAL) -> Claim:
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
        data=data if pixels == NATURAL else f"{data}, pixels {pixels}",
        missing="" if chosen else "the observation of `gossamer reproduce connectivity`",
    )


def _permuted(found: Association) -> Estimate:
    what = f"{found.measure.replace('_', ' ')}, p = {found.p_value:.2g}, held-out R² {found.held_out_all:.2f}"
    return permuted(found.spearman, found.p_value, found.families, what)
