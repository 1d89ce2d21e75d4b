"""Edges that come and go together: rules for layers whose neighbouring outputs read the same inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gossamer.rewiring.budget import KeepAllEdges, KeepCounts
from gossamer.rewiring.drop import Drop
from gossamer.rewiring.grow import Grow
from gossamer.rewiring.keys import Keys, Mask
from gossamer.rewiring.repair import KeepDead
from gossamer.rewiring.rule import Rewire
from gossamer.rewiring.view import LayerView


def in_groups(rule: Rewire) -> Rewire:
    """The same rule for whole groups of edges: those of an input to all outputs of a group.

    A layer's groups are the largest in which neighbouring outputs read the same inputs, so that topologies stay grouped
    while they learn; a layer without any is rewired edge by edge. Weights and gradients of a group count by the sum of
    their magnitudes.

    Raises:
        TypeError: a rule that is no `Rewire`.
        ValueError: one that takes edges away or shares them out in other ways than `drop` and `grow`.

    >>> import gossamer as gs
    >>> in_groups(gs.rewiring.rigl(every=100, until=1000)).drop
    DropGroups(drop=DropSmallest())
    """
    if not isinstance(rule, Rewire):
        raise TypeError(f"{type(rule).__name__} cannot keep groups: a rule made of drop and grow can.")
    for name, kind in (("shrink", KeepAllEdges), ("repair", KeepDead), ("share", KeepCounts)):
        if type(getattr(rule, name)) is not kind:
            raise ValueError(f"{name}={getattr(rule, name)} cannot keep groups; {kind.__name__}() can.")
    return replace(rule, drop=DropGroups(rule.drop), grow=GrowGroups(rule.grow))


@dataclass(frozen=True, slots=True)
class DropGroups:
    """Drops whole groups of edges.

    Args:
        drop: chooses among groups, each of which it sees as one edge.
    """

    drop: Drop

    @property
    def random(self) -> bool:
        """Whether `drop` draws."""
        return self.drop.random

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay."""
        group = common_group(view)
        if group == 1:
            return self.drop(view, fraction, rng=rng)
        edges = edges_of_groups(view, group)
        kept = np.zeros(view.num_edges, dtype=np.bool_)
        kept[edges[self.drop(contracted(view, group), fraction, rng=rng)]] = True
        return kept


@dataclass(frozen=True, slots=True)
class GrowGroups:
    """Grows whole groups of edges.

    Args:
        grow: chooses among groups, each of which it sees as one place.
    """

    grow: Grow

    @property
    def random(self) -> bool:
        """Whether `grow` draws."""
        return self.grow.random

    @property
    def window(self) -> int:
        """What `grow` needs."""
        return self.grow.window

    @property
    def returning(self) -> bool:
        """Whether edges return as they were."""
        return self.grow.returning

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """`count` keys, in whole groups."""
        group = common_group(view)
        if group == 1:
            return self.grow(view, kept, count, rng=rng)
        small = contracted(view, group)
        grown = self.grow(small, kept[edges_of_groups(view, group)[:, 0]], count // group, rng=rng)
        outputs, inputs = grown // view.in_features, grown % view.in_features
        rows = outputs[:, None] * group + np.arange(group)
        return np.sort((rows * view.in_features + inputs[:, None]).ravel())


def common_group(view: LayerView) -> int:
    """The most neighbouring outputs, in groups that divide all, that read the same inputs; 1 if there are none."""
    fan_in = np.bincount(view.outputs, minlength=view.out_features)
    before = np.repeat(np.concatenate([[0], fan_in[:-1]]), fan_in)
    twins = view.inputs[np.maximum(np.arange(view.num_edges) - before, 0)]
    alike = np.concatenate([[False], fan_in[1:] == fan_in[:-1]])
    alike[view.outputs[view.inputs != twins]] = False
    changes = np.flatnonzero(~alike)
    return math.gcd(view.out_features, *changes.tolist())


def edges_of_groups(view: LayerView, group: int) -> NDArray[np.int64]:
    """The numbers of the edges of each group of edges, shape (E / g, g), by output and input of the group."""
    fan_in = np.bincount(view.outputs, minlength=view.out_features)[::group]
    starts = np.cumsum(fan_in) - fan_in
    within = np.arange(int(fan_in.sum())) - np.repeat(starts, fan_in)
    first = np.repeat(starts * group, fan_in) + within
    return first[:, None] + np.repeat(fan_in, fan_in)[:, None] * np.arange(group)


def contracted(view: LayerView, group: int) -> LayerView:
    """The layer between groups of outputs: weights and gradients are sums of magnitudes."""
    edges = edges_of_groups(view, group)

    def total(values: NDArray[np.floating] | None) -> NDArray[np.floating] | None:
        return None if values is None else np.abs(values)[edges].sum(1)

    weight = total(view.weight)
    assert weight is not None
    return replace(
        view,
        out_features=view.out_features // group,
        keys=view.outputs[edges[:, 0]] // group * view.in_features + view.inputs[edges[:, 0]],
        weight=weight,
        gradient=total(view.gradient),
        momentum=total(view.momentum),
        missing=None if view.missing is None else view.missing.in_groups(group),
        initial_edges=view.initial_edges // group,
        memory={name: np.abs(values)[edges].sum(1) for name, values in view.memory.items()},
    )
