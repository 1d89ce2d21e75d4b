"""Deep rewiring: weights with a fixed sign walk at random, and an edge whose weight crosses zero moves elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gossamer.errors import require_fraction
from gossamer.rewiring.keys import random_empty
from gossamer.rewiring.rule import require_room
from gossamer.rewiring.schedules import When
from gossamer.rewiring.view import Change, Floats, LayerView, NetworkView, rewired


@dataclass(frozen=True, slots=True)
class DeepRewire:
    """w = sign * theta; after the optimiser's step theta <- theta - l1 + noise * N(0, 1); theta <= 0 moves the edge.

    An edge keeps the sign that it had first; a new one starts at theta = 0 with a random sign [departure: the authors
    fix a sign for every place, live or not].

    Args:
        when: published: every step.
        l1: what theta loses at a time: learning rate times the authors' alpha, 0 to 1.
        noise: standard deviation of the walk: sqrt(2 * learning rate * temperature), 0 to 1.

    References:
        Bellec, Kappel, Maass, Legenstein, "Deep Rewiring: Training very sparse deep networks", ICLR 2018, Algorithm 1.
    """

    when: When
    l1: float = 1e-5
    noise: float = 1e-5
    random = True
    window = 0

    def __post_init__(self) -> None:
        require_fraction("l1", self.l1)
        require_fraction("noise", self.noise)

    def due(self, step: int) -> bool:
        """Whether `when` says so."""
        return self.when(step)

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """Walk, and move the edges that crossed zero.

        Raises:
            InfeasibleTopologyError: a layer without edges, or without an empty place.
        """
        return tuple(self._change(view, rng) for view in network.layers)

    def _change(self, view: LayerView, rng: np.random.Generator) -> Change:
        require_room(view)
        signs = view.memory.get("sign", np.sign(view.weight))
        signs = np.where(signs == 0, _random_signs(len(signs), rng), signs)
        theta = signs * view.weight - self.l1 + self.noise * rng.standard_normal(view.num_edges)
        kept = theta > 0
        grown = random_empty(int((~kept).sum()), view.keys[kept], view.places, rng)
        change = rewired(view, kept, grown)
        is_old = change.source >= 0
        weight = np.where(is_old, (signs * theta)[change.source], 0).astype(view.weight.dtype)
        new_signs = np.where(is_old, signs[change.source], _random_signs(len(weight), rng))
        return replace(change, weight=weight, memory={"sign": new_signs.astype(np.float32)})


def _random_signs(count: int, rng: np.random.Generator) -> Floats:
    return rng.integers(2, size=count) * 2.0 - 1
