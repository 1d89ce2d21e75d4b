"""How many edges each layer has: edges that go for good, and how growth is shared out. Counts are exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gossamer.errors import InfeasibleTopologyError, require_fraction
from gossamer.generators.budgets import share
from gossamer.rewiring.drop import keep_largest
from gossamer.rewiring.keys import Mask
from gossamer.rewiring.schedules import Progression
from gossamer.rewiring.view import LayerView, NetworkView


class Shrink(Protocol):
    """Removes edges for good."""

    def __call__(self, network: NetworkView) -> list[Mask]:
        """Which edges of each layer stay."""


class Share(Protocol):
    """Says how many edges each layer grows."""

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask], fraction: float) -> list[int]:
        """Edges to grow in each layer, given which of its edges stay and the fraction of the step."""


@dataclass(frozen=True, slots=True)
class KeepAllEdges:
    """No edge goes for good."""

    def __call__(self, network: NetworkView) -> list[Mask]:
        """All edges."""
        return [np.ones(view.num_edges, dtype=np.bool_) for view in network.layers]


@dataclass(frozen=True, slots=True)
class ShrinkTogether:
    """Keeps the largest |w| of all layers together, as many as the sparsity of the step leaves.

    round((1 - sparsity) * places) edges stay, never more than there are; a layer keeps at least its largest weight
    [departure: the published codes let a layer vanish].

    Args:
        sparsity: of all rewired layers together, as a function of the step.
    """

    sparsity: Progression

    def __call__(self, network: NetworkView) -> list[Mask]:
        """The edges that stay."""
        places = sum(view.places for view in network.layers)
        return keep_largest_together(network.layers, round((1 - self.sparsity(network.step)) * places))


def keep_largest_together(views: Sequence[LayerView], count: int) -> list[Mask]:
    """Mark the `count` largest |w| of all layers together, and at least the largest one of every layer."""
    magnitudes = [np.abs(view.weight) for view in views]
    for each in magnitudes:
        if len(each):
            each[np.argmax(each)] = np.inf
    kept = keep_largest(np.concatenate(magnitudes), max(sum(len(each) > 0 for each in magnitudes), count))
    return np.split(kept, np.cumsum([len(each) for each in magnitudes])[:-1])


@dataclass(frozen=True, slots=True)
class ShrinkEach:
    """Keeps the largest |w| of every layer, so that all layers' counts fall by the same factor.

    A layer of `initial_edges` keeps round(initial_edges * (1 - sparsity(t)) / (1 - sparsity(0))) edges, at least one.

    Args:
        sparsity: as a function of the step; its value at step 0 stands for the edges that a layer began with.
    """

    sparsity: Progression

    def __call__(self, network: NetworkView) -> list[Mask]:
        """The edges that stay."""
        factor = (1 - self.sparsity(network.step)) / (1 - self.sparsity(0))
        return [
            keep_largest(np.abs(view.weight), max(1, round(view.initial_edges * factor))) for view in network.layers
        ]


@dataclass(frozen=True, slots=True)
class ClearWeakNeurons:
    """Clears the incoming edges of neurons whose sum of |w_in| is at or below a percentile; the last layer stays.

    Args:
        share: the percentile as a share, 0 to 1.

    References:
        Curci, Mocanu, Pechenizkiy, "Truly Sparse Neural Networks at Scale", arXiv 2102.01732, 2021 (Importance
        Pruning).
    """

    share: float = 0.2

    def __post_init__(self) -> None:
        require_fraction("share", self.share)

    def __call__(self, network: NetworkView) -> list[Mask]:
        """The edges that stay."""
        *hidden, last = network.layers
        return [*(self._strong(view) for view in hidden), np.ones(last.num_edges, dtype=np.bool_)]

    def _strong(self, view: LayerView) -> Mask:
        strengths = np.bincount(view.outputs, weights=np.abs(view.weight), minlength=view.out_features)
        kept: Mask = (strengths > np.quantile(strengths, self.share))[view.outputs]
        if not kept.any():
            raise InfeasibleTopologyError(
                f"layer {view.name!r} would lose all its {view.num_edges} edges: no neuron is stronger than the "
                f"{100 * self.share:g}th percentile."
            )
        return kept


@dataclass(frozen=True, slots=True)
class KeepCounts:
    """Every layer grows as many edges as it dropped."""

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask], fraction: float) -> list[int]:
        """The dropped edges of each layer."""
        return [view.num_edges - int(np.count_nonzero(live)) for view, live in zip(views, kept, strict=True)]


@dataclass(frozen=True, slots=True)
class GrowBeyond:
    """Every layer grows int(fraction * initial_edges), as far as there is room, whatever it dropped.

    References:
        Yuan et al., "MEST", NeurIPS 2021: the soft memory bound.
    """

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask], fraction: float) -> list[int]:
        """The edges that each layer grows."""
        rooms = [view.places - int(live.sum()) for view, live in zip(views, kept, strict=True)]
        return [min(room, int(fraction * view.initial_edges)) for room, view in zip(rooms, views, strict=True)]


@dataclass(frozen=True, slots=True)
class ShareByMomentum:
    """The dropped total is shared out in proportion to each layer's mean |momentum|; the total is kept exactly.

    Shares are rounded by largest remainder; what does not fit into a layer goes to the others.
    """

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask], fraction: float) -> list[int]:
        """The edges that each layer grows."""
        live = [int(mask.sum()) for mask in kept]
        total = sum(view.num_edges for view in views) - sum(live)
        weights = [float(np.abs(view.require_momentum()).mean()) for view in views]
        rooms = [view.places - count for view, count in zip(views, live, strict=True)]
        return list(share(weights, rooms, total))
