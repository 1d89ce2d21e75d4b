"""F3: constructions against each other at equal degree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import between_groups
from gossamer.analysis.tables import difference_by_seed, where
from gossamer.papers.topologies.claims.accuracy import EQUAL, MORE, SMALL
from gossamer.papers.topologies.plan import DENSE, TopologiesPlan
from gossamer.papers.topologies.tables import one_hidden

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.analysis.estimates import Estimate

UNLIKE = 4
"""Degrees up to this one are left out for fibonacci: it is rotating_contiguous there."""


def claims(frame: pd.DataFrame, plan: TopologiesPlan) -> Iterator[Claim]:
    """Each data set by itself."""
    runs = one_hidden(frame, plan)
    for data in plan.data:
        rows = where(runs, data=data)
        yield fibonacci_is_best(rows, plan, data)
        yield regular_as_good(rows, plan, data)
        yield differ(rows, plan, data)


def fibonacci_is_best(runs: pd.DataFrame, plan: TopologiesPlan, data: str) -> Claim:
    """F3: fibonacci leads when sparse."""
    degrees = _own_degrees(runs, plan)
    rows = where(runs, degree=degrees)
    ours, others = where(rows, topology="fibonacci"), rows[~rows["topology"].isin(["fibonacci", DENSE])]
    return Claim(
        "fibonacci best when sparse",
        "F3",
        "When connections are sparse the fibonacci topology is the most accurate.",
        f"Accuracy of fibonacci less that of each other construction at degree {', '.join(f'{d:g}' for d in degrees)}; "
        "it is the best if it is ahead of every one of them.",
        MORE,
        tuple(difference_by_seed(ours, rows, f"less {name}") for name, rows in others.groupby("topology")),
        data=data,
        condition=SMALL,
    )


def regular_as_good(runs: pd.DataFrame, plan: TopologiesPlan, data: str) -> Claim:
    """F3: the regular rotation is as good as fibonacci."""
    degrees = [degree for degree in plan.degrees if degree > UNLIKE] or list(plan.degrees)

    def less(degree: float) -> Estimate:
        one, other = (where(runs, topology=name, degree=degree) for name in ("rotating_regular", "fibonacci"))
        return difference_by_seed(one, other, f"degree {degree:g}")

    return Claim(
        "regular as good as fibonacci",
        "F3",
        "Regular rotations are as accurate as fibonacci.",
        "Accuracy of rotating_regular less that of fibonacci, at every degree; within a fifth of a point they are "
        "equal (our margin).",
        EQUAL,
        tuple(less(degree) for degree in degrees),
        data=data,
        condition=SMALL,
    )


def differ(runs: pd.DataFrame, plan: TopologiesPlan, data: str) -> Claim:
    """F3: at equal degree the construction matters when sparse."""

    def spread(degree: float) -> Estimate:
        rows = where(runs, degree=degree)
        table = rows[rows["topology"] != DENSE].pivot_table(index="topology", columns="seed", values="accuracy")
        return between_groups(table.dropna(axis=1).to_numpy(), f"degree {degree:g}, {len(table)} constructions")

    sparse = [degree for degree in plan.sparse if degree in set(runs["degree"])]
    medium = [degree for degree in plan.medium if degree in set(runs["degree"])]
    return Claim(
        "constructions differ when sparse",
        "F3",
        "Architectures of equal degree differ in accuracy when they are sparse.",
        "Standard deviation between the constructions' mean accuracies, freed of what seeds add to it, at every sparse "
        "degree; above a tenth of a point it matters (our threshold).",
        Between(low=0.001),
        tuple(spread(degree) for degree in sparse),
        tuple(spread(degree) for degree in medium),
        data=data,
        condition=SMALL,
    )


def _own_degrees(runs: pd.DataFrame, plan: TopologiesPlan) -> list[float]:
    """Sparse degrees at which fibonacci is a construction of its own, if there are any."""
    trained = set(where(runs, topology="fibonacci")["degree"])
    sparse = [degree for degree in plan.sparse if degree in trained]
    return [float(degree) for degree in sparse if degree > UNLIKE] or [float(degree) for degree in sparse]
