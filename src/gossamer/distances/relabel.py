"""The same network with its neurons in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.topology import Bipartite, Junction, Topology


def relabelled(topology: Topology, orders: Sequence[ArrayLike | None]) -> Topology:
    """Reorder the neurons of every layer: new neuron `j` of layer `k` is old neuron `orders[k][j]`.

    Args:
        topology: of L junctions.
        orders: L + 1 permutations, the inputs' first; None leaves a layer as it is.

    Raises:
        InvalidTopologyError: another number of orders, or one that is no permutation.

    >>> t = Topology([Bipartite.from_mask([[1, 0], [1, 1]])])
    >>> relabelled(t, [None, [1, 0]])[0].to_mask().astype(int)
    array([[1, 1],
           [1, 0]])
    """
    widths = topology.widths
    if len(orders) != len(widths):
        raise InvalidTopologyError(f"{len(orders)} orders are given; {len(widths)} layers of neurons need one each.")
    full = [_permutation(order, width, k) for k, (order, width) in enumerate(zip(orders, widths, strict=True))]
    return Topology([reorder(layer, full[k], full[k + 1]) for k, layer in enumerate(topology)])


def reorder(
    junction: Junction, inputs: NDArray[np.int64] | None = None, outputs: NDArray[np.int64] | None = None
) -> Junction:
    """One junction with new input `i` for old `inputs[i]` and new output `j` for old `outputs[j]`."""
    if inputs is None and outputs is None:
        return junction
    old_inputs, old_outputs = junction.edges()
    return Bipartite.from_edges(
        old_inputs if inputs is None else inverse(inputs)[old_inputs],
        old_outputs if outputs is None else inverse(outputs)[old_outputs],
        in_features=junction.in_features,
        out_features=junction.out_features,
    )


def inverse(permutation: NDArray[np.int64]) -> NDArray[np.int64]:
    """The permutation that undoes `permutation`."""
    undone = np.empty_like(permutation)
    undone[permutation] = np.arange(len(permutation))
    return undone


def _permutation(order: ArrayLike | None, width: int, number: int) -> NDArray[np.int64] | None:
    if order is None:
        return None
    array = np.asarray(order)
    if not np.array_equal(np.sort(array), np.arange(width)):
        raise InvalidTopologyError(f"orders[{number}] is no permutation of the {width} neurons of layer {number}.")
    return array.astype(np.int64)
