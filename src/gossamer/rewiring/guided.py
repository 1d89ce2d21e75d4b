"""Guided growth: gradients of a sample of empty places alone, drawn where neurons are active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gossamer.rewiring.drop import keep_largest
from gossamer.rewiring.keys import Keys, Mask, positions, random_empty, union
from gossamer.rewiring.missing import MissingGradient
from gossamer.rewiring.view import LayerView


class Guide(Protocol):
    """Says how likely each neuron is an end of a sampled place."""

    def __call__(self, missing: MissingGradient) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights of the inputs (I,) and of the outputs (O,), at least 0, some above."""


@dataclass(frozen=True, slots=True)
class Evenly:
    """All neurons alike."""

    def __call__(self, missing: MissingGradient) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ones."""
        outputs, inputs = missing.shape
        return np.ones(inputs), np.ones(outputs)


@dataclass(frozen=True, slots=True)
class ByMagnitude:
    """Inputs in proportion to sum |x|, outputs to sum |dz| over the batch: where gradients can be large."""

    def __call__(self, missing: MissingGradient) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The sums; ones where all are 0."""
        sums = missing.magnitudes()
        return tuple(each if each.any() else np.ones_like(each) for each in sums)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class GrowGuided:
    """Of sampled empty places those whose missing weight has the largest |dL/dw|: never a dense gradient.

    ceil(samples * E) pairs of neurons are drawn with replacement, each end by itself; live places, those of edges
    dropped in this update, and doubles fall out. Costs O(samples * E * B + neurons). Where fewer are left than are
    to be grown, the rest is uniformly random.

    Args:
        samples: pairs drawn for each edge of the layer, above 0.
        guide: how neurons are drawn.

    References:
        Heddes, Srinivasa, Givargis, Nicolau, "Always-Sparse Training by Growing Connections with Guided Stochastic
        Exploration", arXiv 2401.06898, 2024, and its code [departure: no sketches as a guide].
    """

    samples: float = 1.0
    guide: Guide = ByMagnitude()
    random = True
    window = 1
    returning = False

    def __post_init__(self) -> None:
        if not 0 < self.samples < float("inf"):
            raise ValueError(f"samples={self.samples} is not allowed: a positive number is.")

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """The places."""
        missing = view.require_missing()
        drawn = self._drawn(view, missing, rng)
        scores = np.abs(missing.at(drawn))
        grown = drawn[keep_largest(scores, count)]
        if len(grown) < count:
            live = view.keys[kept]
            grown = union(grown, random_empty(count - len(grown), union(live, grown), view.places, rng))
        return grown

    def _drawn(self, view: LayerView, missing: MissingGradient, rng: np.random.Generator) -> Keys:
        pairs = int(np.ceil(self.samples * view.num_edges))
        inputs, outputs = (_ends(weights, pairs, rng) for weights in self.guide(missing))
        drawn = np.unique(outputs * view.in_features + inputs)
        return drawn[positions(drawn, view.keys) < 0]


def _ends(weights: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` neurons, in proportion to their weights."""
    sums = np.cumsum(weights)
    ends = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
    return np.asarray(np.minimum(ends, len(sums) - 1), dtype=np.int64)
