"""What a rewiring rule is, and the combinator that most are made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from gossamer.errors import InfeasibleTopologyError
from gossamer.rewiring.budget import KeepAllEdges, KeepCounts, Share, Shrink
from gossamer.rewiring.drop import Drop
from gossamer.rewiring.grow import Grow, Start, Zero
from gossamer.rewiring.keys import Mask, returned
from gossamer.rewiring.repair import KeepDead, Repair
from gossamer.rewiring.rewinding import Memory, Rest
from gossamer.rewiring.schedules import Progression, When
from gossamer.rewiring.view import Change, LayerView, NetworkView, rewired, unmoved


@runtime_checkable
class Rule(Protocol):
    """Decides how topologies change. A frozen value: it prints, compares and hashes; its randomness is given."""

    @property
    def random(self) -> bool:
        """Whether it draws."""

    @property
    def window(self) -> int:
        """Steps up to an update whose inputs and output gradients it needs; 0 if it needs none."""

    def due(self, step: int) -> bool:
        """Whether topologies change after optimiser step `step`, counted from 1."""

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """One change a layer. Nothing is modified."""


@runtime_checkable
class Follows(Protocol):
    """A rule that also acts on what the model holds besides the weights it moves, after each of its updates."""

    def follow(self, step: int, rest: Rest, memory: Memory) -> Memory:
        """Act on the rest of the model after the update of `step`.

        Args:
            step: the optimiser step that the update was due at.
            rest: the other parameters and buffers, and the optimiser's state.
            memory: what the last call returned; nothing at first.

        Returns:
            What the rule keeps until the next update; checkpoints keep it too.
        """


@dataclass(frozen=True, slots=True)
class Static:
    """Never changes anything."""

    random = False
    window = 0

    def due(self, step: int) -> bool:
        """False."""
        return False

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """Changes that change nothing."""
        return tuple(unmoved(view) for view in network.layers)


@dataclass(frozen=True, slots=True)
class Rewire:
    """Shrink to a density, drop a fraction, grow as many: the shape of most dynamic sparse training.

    Args:
        drop: which edges go.
        grow: which places are filled instead.
        fraction: the share of edges that goes, as a function of the step.
        when: at which steps.
        shrink: which edges go for good before, as the density falls.
        repair: which edges go because others did.
        share: how many edges each layer grows.
        start: the weights of new edges.
    """

    drop: Drop
    grow: Grow
    fraction: Progression
    when: When
    shrink: Shrink = KeepAllEdges()  # noqa: RUF009 (a frozen value)
    repair: Repair = KeepDead()  # noqa: RUF009 (a frozen value)
    share: Share = KeepCounts()  # noqa: RUF009 (a frozen value)
    start: Start = Zero()  # noqa: RUF009 (a frozen value)

    @property
    def random(self) -> bool:
        """Whether a piece draws."""
        return self.drop.random or self.grow.random or self.start.random

    @property
    def window(self) -> int:
        """What `grow` needs."""
        return self.grow.window

    def due(self, step: int) -> bool:
        """Whether `when` says so."""
        return self.when(step)

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """Shrink, drop, repair, share, grow.

        Raises:
            InfeasibleTopologyError: a layer without edges, or without an empty place for the edges to move to.
            RewiringError: a piece lacks gradients or momentum.
        """
        fraction = self.fraction(network.step)
        shrinks = self.shrink != KeepAllEdges()
        held = self.shrink(network) if shrinks else [None] * len(network.layers)
        views = [view if mask is None else view.select(mask) for view, mask in zip(network.layers, held, strict=True)]
        is_fixed = not shrinks and self.share == KeepCounts()
        for view in views:
            if fraction > 0:
                require_room(view, may_be_full=not is_fixed)
        kept = [self.drop(view, fraction, rng=rng) for view in views]
        kept = self.repair(views, kept)
        counts = self.share(views, kept, fraction)
        return tuple(
            self._grow(whole, mask, view, live, count, rng)
            for whole, mask, view, live, count in zip(network.layers, held, views, kept, counts, strict=True)
        )

    def _grow(
        self, whole: LayerView, held: Mask | None, view: LayerView, live: Mask, count: int, rng: np.random.Generator
    ) -> Change:
        grown = self.grow(view, live, count, rng=rng) if count else view.keys[:0]
        if self.grow.returning and count:
            live, grown = returned(grown, view.keys, live)
        kept = live
        if held is not None:
            kept = held.copy()
            kept[held] = live
        return rewired(whole, kept, grown, None if self.start == Zero() else self.start(len(grown), rng=rng))


@dataclass(frozen=True, slots=True)
class FirstDue:
    """Several rules on one network: at a step at which several are due, the first of them acts.

    Args:
        rules: in order of precedence.
    """

    rules: tuple[Rule, ...]

    @property
    def random(self) -> bool:
        """Whether a rule draws."""
        return any(rule.random for rule in self.rules)

    @property
    def window(self) -> int:
        """The longest window."""
        return max((rule.window for rule in self.rules), default=0)

    def due(self, step: int) -> bool:
        """Whether any rule is due."""
        return any(rule.due(step) for rule in self.rules)

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """What the first rule that is due decides."""
        return self._acting(network.step).plan(network, rng=rng)

    def follow(self, step: int, rest: Rest, memory: Memory) -> Memory:
        """What that rule does with the rest of the model."""
        rule = self._acting(step)
        return rule.follow(step, rest, memory) if isinstance(rule, Follows) else memory

    def _acting(self, step: int) -> Rule:
        return next(rule for rule in self.rules if rule.due(step))


def require_room(view: LayerView, *, may_be_full: bool = False) -> None:
    """Check that edges can move; where counts change, a layer may be full for a while.

    Raises:
        InfeasibleTopologyError: no edge, or no empty place.
    """
    if not view.num_edges:
        raise InfeasibleTopologyError(f"layer {view.name!r} has no edge, so none can be dropped.")
    if view.num_edges == view.places and not may_be_full:
        raise InfeasibleTopologyError(
            f"layer {view.name!r} is full: all {view.places} places hold an edge, so none can be grown. "
            "Name the layers to rewire with Rewirer(..., layers=[...])."
        )
