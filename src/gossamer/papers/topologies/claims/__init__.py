"""The claims of the 2017 paper, and what decides them. Thresholds and readings are ours, and say so.

Each data set has its own verdict. Numbers are differences between networks of equal seed, which share initial weights
and the order of examples.
"""

from __future__ import annotations

from collections.abc import Iterator

from gossamer.analysis.claims import Claim
from gossamer.papers.topologies.claims import accuracy, connectivity, constructions, cost, large, weights
from gossamer.papers.topologies.plan import TopologiesPlan
from gossamer.papers.topologies.tables import Tables


def claims(tables: Tables, plan: TopologiesPlan) -> tuple[Claim, ...]:
    """All of them, in the order of the figures."""
    return tuple(_claims(tables, plan))


def _claims(tables: Tables, plan: TopologiesPlan) -> Iterator[Claim]:
    if not plan.seeds:
        yield from large.claims(tables.large, plan)
        return
    yield from accuracy.claims(tables.runs, plan)
    yield from large.claims(tables.large, plan)
    yield from constructions.claims(tables.runs, plan)
    yield accuracy.gained_with_epochs(tables.curves, plan)
    yield from connectivity.claims(tables, plan)
    yield from weights.claims(tables.weights)
    yield from cost.claims(tables.runs, plan)
