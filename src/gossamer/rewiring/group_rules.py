"""Published rules for layers whose neighbouring outputs share their inputs: their groups stay together."""

from __future__ import annotations

from gossamer.rewiring.groups import in_groups
from gossamer.rewiring.rule import Rewire
from gossamer.rewiring.rules import rigl, sparse_evolutionary


def sparse_evolutionary_in_groups(fraction: float = 0.3, *, every: int, until: int | None = None) -> Rewire:
    """SET for layers whose neighbouring outputs share their inputs: groups of edges go and come together.

    Arguments are those of `sparse_evolutionary`; how much a group counts, `in_groups` says.

    >>> sparse_evolutionary_in_groups(every=100).drop
    DropGroups(drop=DropNearestZero())
    """
    return in_groups(sparse_evolutionary(fraction, every=every, until=until))


def rigl_in_groups(fraction: float = 0.3, *, every: int = 100, until: int) -> Rewire:
    """RigL for layers whose neighbouring outputs share their inputs: groups of edges go and come together.

    Arguments are those of `rigl`; how much a group counts, `in_groups` says.

    >>> rigl_in_groups(until=1000).drop
    DropGroups(drop=DropSmallest())
    """
    return in_groups(rigl(fraction, every=every, until=until))
