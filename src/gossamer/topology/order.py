"""Orders of neurons. Neurons of a layer have no order of their own, but a computer reads those faster that lie near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction
from gossamer.topology.topology import Topology

if TYPE_CHECKING:
    import scipy.sparse

Order: TypeAlias = NDArray[np.integer[Any]]
"""Of each place the neuron that comes there, shape (width,)."""


def near_orders(topology: Topology) -> tuple[Order, ...]:
    """An order for each layer of neurons in which neighbours lie near, if the topology has any such order.

    Reverse Cuthill-McKee over the undirected graph of all neurons: local and modular topologies whose neurons were
    shuffled are put in order again. Random ones have no order to be found.

    References:
        Cuthill, McKee, "Reducing the bandwidth of sparse symmetric matrices", ACM 1969; George, Liu, 1981.

    >>> ring = Bipartite.from_edges([0, 2, 2, 1, 1, 3], [1, 1, 0, 0, 2, 2], in_features=4, out_features=3)
    >>> [order.tolist() for order in near_orders(Topology([ring]))]
    [[3, 1, 2, 0], [2, 0, 1]]
    """
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    order = reverse_cuthill_mckee(_adjacency(topology), symmetric_mode=True)
    ends = np.cumsum([0, *topology.widths])
    layer = np.searchsorted(ends, order, side="right") - 1
    return tuple(order[layer == number] - ends[number] for number in range(len(topology.widths)))


def relabelled(topology: Topology, orders: Sequence[ArrayLike | None]) -> Topology:
    """The topology in which neuron `orders[l][p]` of layer `l` lies at place `p`: an isomorphic one.

    Args:
        topology: L junctions.
        orders: a permutation for each of its L + 1 layers of neurons, the inputs' first; None leaves a layer as it is.

    Raises:
        InvalidTopologyError: another number of orders, or one that is no permutation of its layer's neurons.

    >>> g = Bipartite.from_mask([[1, 0], [1, 1]])
    >>> relabelled(Topology([g]), ([1, 0], None)).layers[0].to_mask().astype(int)
    array([[0, 1],
           [1, 1]])
    """
    widths = topology.widths
    if len(orders) != len(widths):
        raise InvalidTopologyError(f"{len(orders)} orders are given; {len(widths)} layers of neurons need one each.")
    full = [
        _permutation(order, width, number) for number, (order, width) in enumerate(zip(orders, widths, strict=True))
    ]
    pairs = zip(topology.layers, full[:-1], full[1:], strict=True)
    return Topology([reordered(junction, before, after)[0] for junction, before, after in pairs])


def _permutation(order: ArrayLike | None, width: int, number: int) -> Order:
    if order is None:
        return np.arange(width)
    array = np.asarray(order)
    if not np.array_equal(np.sort(array), np.arange(width)):
        raise InvalidTopologyError(f"orders[{number}] is no permutation of the {width} neurons of layer {number}.")
    return array.astype(np.int64)


def reordered(junction: Junction, before: Order, after: Order) -> tuple[Bipartite, NDArray[np.int32]]:
    """One junction whose input `before[p]`, and output `after[p]`, lies at place `p`; and of each edge which it was.

    Args:
        junction: of E edges.
        before: a permutation of its inputs.
        after: a permutation of its outputs.

    Returns:
        The junction, and where each of its edges was in the order of the old ones, shape (E,).

    >>> g = Bipartite.from_mask([[1, 0], [1, 1]])
    >>> reordered(g, np.array([1, 0]), np.array([0, 1]))[1].tolist()
    [0, 2, 1]
    """
    import scipy.sparse

    places = np.empty(junction.in_features, np.int32)
    places[before] = np.arange(junction.in_features, dtype=np.int32)
    rows = junction.to_scipy(np.arange(junction.num_edges, dtype=np.int32))[np.asarray(after)]
    moved = scipy.sparse.csr_array((rows.data, places[rows.indices], rows.indptr), shape=rows.shape)
    moved.sort_indices()
    return Bipartite(moved.indptr, moved.indices, in_features=junction.in_features), moved.data


def in_near_order(topology: Topology) -> Topology:
    """The topology with its hidden neurons in the order of `near_orders`; inputs and outputs stay where they are.

    >>> near = Bipartite.from_mask(np.eye(3, k=1) + np.eye(3))
    >>> in_near_order(Topology([near, near])).widths
    (3, 3, 3)
    """
    hidden = near_orders(topology)[1:-1]
    return relabelled(topology, (None, *hidden, None))


def _adjacency(topology: Topology) -> scipy.sparse.csr_array:
    """Of all neurons, layer by layer."""
    import scipy.sparse

    layers = range(len(topology.widths))
    blocks: list[list[Any]] = [[None] * len(layers) for _ in layers]
    for number, junction in enumerate(topology.layers):
        matrix = junction.to_scipy(np.ones(junction.num_edges, np.int8))
        blocks[number + 1][number], blocks[number][number + 1] = matrix, matrix.T
    for number, width in enumerate(topology.widths):
        blocks[number][number] = scipy.sparse.csr_array((width, width), dtype=np.int8)
    return scipy.sparse.block_array(blocks, format="csr")
