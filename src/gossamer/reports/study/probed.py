"""One trained network under all probes: numbers for a row, and what is drawn of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from gossamer.errors import GossamerError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gossamer.probes import Finding, Gates, Landscape, Slice
    from gossamer.topology import Topology

T = TypeVar("T")

Examples = tuple["Tensor", "Tensor"]
"""Inputs (N, I), scaled as in training, and classes (N,)."""

TOP = 3
_GRID = 9
_SLICE = 120
_MOST_STEPS = 2e8
_GATE_STEPS = 40
_MOST_GATES = 1e6
"""Edges whose gates are learned in a report: some seconds."""


class Probed(NamedTuple):
    """What the probes found; None where one could not be taken.

    Attributes:
        nnstd: between the sparse layers before and after training.
        persistence: neural persistence, mean over layers.
        variance: of the scaled weights, which persistence mostly follows.
        deep_persistence: deep graph persistence, normalised.
        pairs: the strongest pairs of features, by NID.
        flatness: share of a plane around the weights with less than twice the loss.
        closed: share of all edges that gates close at no more loss than `gossamer.probes.gates` lets them cost.
        log10_regions: of the first layer.
        outputs: (N, K) on the examples.
        drawn: what has a picture.
    """

    nnstd: float | None
    persistence: float | None
    variance: float | None
    deep_persistence: float | None
    pairs: str | None
    flatness: float | None
    closed: float | None
    log10_regions: float | None
    outputs: Tensor | None
    drawn: tuple[Finding, ...]


def probed(
    network: nn.Sequential, start: Topology | None, examples: Examples | None, rng: np.random.Generator
) -> Probed:
    """Take every probe that the network and what is known of it allow.

    Args:
        network: a perceptron in evaluation mode.
        start: its sparse junctions before training.
        examples: None where its data are not here.
        rng: draws planes and orders of rows.
    """
    from gossamer.measures import neural_persistence
    from gossamer.probes import nid
    from gossamer.probes.weights import layers_of

    layers = layers_of(network, hidden=0)
    held = neural_persistence(layers)
    pairs = _tried(lambda: nid(layers))
    plane, gated, cut = (None, None, None) if examples is None else _on_examples(network, examples, rng)
    return Probed(
        nnstd=None if start is None else _tried(lambda: _moved(start, network)),
        persistence=held.mean,
        variance=held.weight_variance,
        deep_persistence=_tried(lambda: _deep(layers)),
        pairs=None if pairs is None else ", ".join(f"{i}–{j}" for (i, j), _ in pairs.top(TOP)),
        flatness=None if plane is None else plane.flat_share,
        closed=None if gated is None else gated.closed_share,
        log10_regions=_tried(lambda: _regions(abs(layers[0]) > 0, rng)),
        outputs=None if examples is None else _outputs(network, examples[0]),
        drawn=tuple(each for each in (pairs, plane, gated, cut) if each is not None),
    )


def _on_examples(
    network: nn.Sequential, examples: Examples, rng: np.random.Generator
) -> tuple[Landscape | None, Gates | None, Slice | None]:
    from gossamer.probes import landscape, region_slice

    def cut() -> Slice:
        corners = examples[0][rng.choice(len(examples[0]), size=3, replace=False)]
        return region_slice(network, corners, resolution=_SLICE)

    return (
        _tried(lambda: landscape(network, *examples, rng=rng, points=_GRID, extremes=False)),
        _tried(lambda: _gated(network, examples, rng)),
        _tried(cut),
    )


def _gated(network: nn.Sequential, examples: Examples, rng: np.random.Generator) -> Gates:
    from gossamer.probes import gates

    edges = sum(parameter.numel() for parameter in network.parameters())
    if edges > _MOST_GATES:
        raise ValueError(f"{edges} parameters are more than {_MOST_GATES:g}.")
    return gates(network, *examples, rng=rng, steps=_GATE_STEPS)


def output_distance(one: Probed, other: Probed) -> float | None:
    """Critic distance between the outputs of two networks on the same examples, at most their exact W1."""
    from gossamer.probes import critic_distance

    if one.outputs is None or other.outputs is None:
        return None
    first, second = one.outputs.numpy(), other.outputs.numpy()
    return _tried(lambda: critic_distance(first, second, steps=100))


def _tried(take: Callable[[], T]) -> T | None:
    """What a probe gives, or None if it refuses: too large, not connected, not finite."""
    try:
        return take()
    except (GossamerError, ValueError, TypeError, ArithmeticError, MemoryError):
        return None


def _moved(start: Topology, network: nn.Sequential) -> float:
    from gossamer.distances import nnstd
    from gossamer.nn import topology_of

    return float(nnstd(start, topology_of(network)).mean)


def _deep(layers: list[object]) -> float | None:
    from gossamer.measures import deep_graph_persistence

    work = sum(layer.nnz for layer in layers) * layers[0].shape[1]  # type: ignore[attr-defined]
    return deep_graph_persistence(layers).normalised if work <= _MOST_STEPS else None


def _regions(mask: object, rng: np.random.Generator) -> float | None:
    from gossamer.probes import count_regions, estimate_regions

    try:
        return math.log10(count_regions(mask))
    except ValueError:
        work = mask.nnz * min(mask.shape) * 10  # type: ignore[attr-defined]
        return estimate_regions(mask, samples=10, rng=rng).log10_regions if work <= _MOST_STEPS else None


def _outputs(network: nn.Sequential, x: Tensor) -> Tensor:
    import torch

    with torch.no_grad():
        outputs: Tensor = network(x).double()
    return outputs
