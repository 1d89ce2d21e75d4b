"""Nets of the challenge as values, and a generator of nets like the official ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from gossamer.errors import Rng, require_int, require_rng
from gossamer.generators import radix_net
from gossamer.topology import Bipartite

BIASES: Mapping[int, float] = MappingProxyType({1024: -0.3, 4096: -0.35, 16384: -0.4, 65536: -0.45})
"""The bias of every neuron, by neurons a layer."""

WEIGHT = 0.0625
CEILING = 32.0
FAN_IN = 32
_COPIES = 16
_ENTRIES = {1024: 6.37451e6, 4096: 25.0191e6, 16384: 98.8589e6, 65536: 392.192e6}
_IMAGES = 60_000


@dataclass(frozen=True, eq=False)
class Net:
    """Y <- min(32, max(0, Y W + b)), layer after layer.

    Args:
        layers: junctions of as many inputs as outputs, and the weights of their edges (E,).
        bias: of every neuron, at most 0: a row without an entry keeps none.
        name: "official" or "generated", and the size.

    Raises:
        ValueError: no layers, widths that differ, weights that do not fit, or a positive bias.
    """

    layers: tuple[tuple[Bipartite, NDArray[np.float32]], ...]
    bias: float
    name: str

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("a net of the challenge has at least one layer.")
        if self.bias > 0:
            raise ValueError(f"bias={self.bias} is positive; rows without entries would come to life.")
        for number, (g, weights) in enumerate(self.layers, 1):
            if (g.in_features, g.out_features) != (self.neurons, self.neurons):
                raise ValueError(
                    f"layer {number} is {g.in_features} x {g.out_features}; the net has {self.neurons} neurons."
                )
            if weights.shape != (g.num_edges,):
                raise ValueError(f"layer {number} has {g.num_edges} edges, and weights of shape {weights.shape}.")

    @property
    def neurons(self) -> int:
        """Neurons of each layer."""
        return self.layers[0][0].in_features

    @property
    def edges(self) -> int:
        """Connections of all layers: what the rate counts, once for each image."""
        return sum(g.num_edges for g, _ in self.layers)


def generate(neurons: int, depth: int, *, rng: Rng) -> Net:
    """A net like the official one of this size.

    The first log2(N / 16) layers are the official ones: kron(ones(16, 16), I + roll(I, -2^i)), a RadiX-Net of radices 2
    whose nodes stand for 16 neurons. Deeper layers take the same bases with permuted inputs; the official permutations
    are in the official files alone, these come from `rng`.

    Args:
        neurons: 1024, 4096, 16384 or 65536.
        depth: layers, at least 1; officially 120, 480 or 1920.
        rng: of the permutations.

    >>> net = generate(1024, 6, rng=0)
    >>> net.edges, set(net.layers[5][0].fan_in.tolist()), set(net.layers[5][0].fan_out.tolist())
    (196608, {32}, {32})
    """
    rng = require_rng(rng)
    bias = _bias(neurons)
    bases = _bases(neurons)
    layers = [bases[number % len(bases)] for number in range(require_int("depth", depth, low=1))]
    found = [g if number < len(bases) else _permuted(g, rng) for number, g in enumerate(layers)]
    weights = np.full(neurons * FAN_IN, WEIGHT, np.float32)
    return Net(tuple((g, weights) for g in found), bias, f"generated {neurons}-{depth}")


def random_images(count: int, neurons: int, *, rng: Rng) -> scipy.sparse.csr_array:
    """Images of ones at random places, as many on average as an official one has (images, N), float32.

    Other than digits they have no strokes, so that most rows die at once.
    """
    rng = require_rng(rng)
    _bias(neurons)
    share = _ENTRIES[neurons] / _IMAGES / neurons
    shape = (require_int("count", count, low=1), neurons)
    numbers = rng.binomial(neurons, share, size=shape[0])
    columns = np.concatenate([np.sort(rng.choice(neurons, k, replace=False)) for k in numbers])
    starts = np.concatenate([[0], np.cumsum(numbers)])
    return scipy.sparse.csr_array((np.ones(len(columns), np.float32), columns, starts), shape=shape)


def _bias(neurons: int) -> float:
    if neurons not in BIASES:
        raise ValueError(f"neurons={neurons} is no size of the challenge; {', '.join(map(str, BIASES))} are.")
    return BIASES[neurons]


def _bases(neurons: int) -> list[Bipartite]:
    nodes = neurons // _COPIES
    small = radix_net([(2,) * (nodes.bit_length() - 1)])
    return [_copied(layer.indptr, layer.indices, nodes) for layer in small.layers]


def _copied(indptr: NDArray[np.int32], indices: NDArray[np.int32], nodes: int) -> Bipartite:
    """kron(ones(16, 16), base): neuron c * nodes + n stands for node n."""
    rows = indices.reshape(nodes, -1)
    copies = np.arange(_COPIES)[:, None, None] * nodes
    row = np.sort((rows[None] + copies).transpose(1, 0, 2).reshape(nodes, -1), axis=1)
    size = row.shape[1]
    return Bipartite(
        np.arange(nodes * _COPIES + 1) * size, np.tile(row, (_COPIES, 1)).ravel(), in_features=nodes * _COPIES
    )


def _permuted(g: Bipartite, rng: np.random.Generator) -> Bipartite:
    rows = rng.permutation(g.in_features)[g.indices].reshape(g.out_features, -1)
    return Bipartite(g.indptr, np.sort(rows, axis=1).ravel(), in_features=g.in_features)
