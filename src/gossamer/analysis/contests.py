"""Which of a study's configurations is best, and which differ from the reference of as many edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from gossamer.analysis.correction import holm
from gossamer.analysis.groups import Group
from gossamer.analysis.intervals import Difference, difference

REFERENCES = ("erdos_renyi", "random")
"""Constructions that others are compared with, the first that is there."""


def best_of(groups: Sequence[Group], column: str) -> Group | None:
    """The sparse group of the largest mean."""
    known = [group for group in groups if group.sparse and not math.isnan(group.mean(column))]
    return max(known, key=lambda group: group.mean(column), default=None)


class LeftOut(NamedTuple):
    """An outcome that did not choose its own network.

    Attributes:
        mean: over the seeds.
        n: how many seeds.
    """

    mean: float
    n: int


def left_out(groups: Sequence[Group], column: str) -> LeftOut | None:
    """Outcome of the best group, chosen on all seeds but one and judged on that one, over the seeds.

    Unlike the largest mean it is not chosen on the numbers that judge it. None unless three seeds are in every group.
    """
    tables = [group.by_seed(column) for group in groups if group.sparse]
    seeds = sorted(set.intersection(*(set(table) for table in tables))) if tables else []
    if len(seeds) < 3 or len(tables) < 2:
        return None
    judged = []
    for seed in seeds:
        others = [seed_ for seed_ in seeds if seed_ != seed]
        chosen = max(tables, key=lambda table: sum(table[other] for other in others))
        judged.append(chosen[seed])
    return LeftOut(fmean(judged), len(judged))


@dataclass(frozen=True)
class Contest:
    """A sparse group against the reference of as many edges.

    Attributes:
        group: the contender.
        gap: its outcome less the reference's.
        p_holm: p-value corrected for all contests of the panel.
    """

    group: Group
    gap: Difference
    p_holm: float


def contests(groups: Sequence[Group], column: str) -> tuple[str, list[Contest]]:
    """Every construction against the reference at equal sizes; the reference's name, and nothing without one."""
    names = dict.fromkeys(group.name for group in groups if group.sparse)
    reference = next((name for wanted in REFERENCES for name in names if name.split(",")[0] == wanted), "")
    rivals = {size_of(group): group for group in groups if group.name == reference}
    found = []
    for group in groups:
        rival = rivals.get(size_of(group))
        if rival is not None and group.name != reference and group.sparse:
            found.append((group, difference(group.by_seed(column), rival.by_seed(column))))
    found = [(group, gap) for group, gap in found if not math.isnan(gap.p_value)]
    corrected = holm([gap.p_value for _, gap in found]).tolist() if found else []
    return reference, [Contest(group, gap, p) for (group, gap), p in zip(found, corrected, strict=True)]


def size_of(group: Group) -> str:
    """What the title says of the degree or density; equal for groups of equal cost."""
    return group.title.removeprefix(group.name)
