"""Two networks that shall be compared: read, and of equal widths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gossamer.errors import InvalidTopologyError
from gossamer.topology import Bipartite, Topology
from gossamer.topology.reading import NetworkLike, as_topology

__all__ = ["NetworkLike", "as_topology", "padded", "require_same_widths"]


def require_same_widths(a: Topology, b: Topology) -> None:
    """Check that two topologies can be compared neuron by neuron.

    Raises:
        InvalidTopologyError: they differ in depth or in the width of a layer.
    """
    if len(a) != len(b):
        raise InvalidTopologyError(f"the topologies have {len(a)} and {len(b)} junctions; the distance needs as many.")
    if a.widths != b.widths:
        number = next(k for k, pair in enumerate(zip(a.widths, b.widths, strict=True)) if pair[0] != pair[1])
        raise InvalidTopologyError(
            f"layer {number} has {a.widths[number]} neurons in one topology and {b.widths[number]} in the other; "
            "equal widths are needed: gossamer.distances.padded makes them so."
        )


def padded(a: NetworkLike, b: NetworkLike) -> tuple[Topology, Topology]:
    """Give two networks of one depth equal widths, by neurons without edges at the end of each narrower layer.

    This is the convention for layers of unequal width: the surplus neurons of the wider layer are matched to empty
    ones, at cost 1 each (0 if they have no edges themselves), and the sum is divided by the wider layer's width.
    Inputs are padded too, by inputs that nobody reads. Edge order, hence weights, stay as they are.

    Raises:
        InvalidTopologyError: networks of different depths.

    >>> from gossamer.distances import nnstd
    >>> a, b = padded([[[1, 1]]], [[[1, 1], [0, 1]]])
    >>> a.widths, nnstd(a, b).mean
    ((2, 2), 0.5)
    """
    first, second = as_topology(a), as_topology(b)
    if len(first) != len(second):
        raise InvalidTopologyError(
            f"the topologies have {len(first)} and {len(second)} junctions; padding makes widths equal, not depths."
        )
    widths = [max(pair) for pair in zip(first.widths, second.widths, strict=True)]
    return _widened(first, widths), _widened(second, widths)


def _widened(topology: Topology, widths: Sequence[int]) -> Topology:
    if topology.widths == tuple(widths):
        return topology
    return Topology(
        [
            Bipartite(
                np.append(layer.indptr, np.full(outputs - layer.out_features, layer.num_edges)),
                layer.indices,
                in_features=inputs,
            )
            for layer, inputs, outputs in zip(topology, widths, widths[1:], strict=False)
        ]
    )
