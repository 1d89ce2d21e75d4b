"""A network is a bipartite graph too: its even layers on one side, its odd layers on the other.

Every measure of an undirected graph is therefore written once, for a junction, and a whole network is folded first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.topology import Bipartite, Junction, Topology, convert
from gossamer.topology.reading import HasTopology, NetworkLike, as_junction, as_topology

if TYPE_CHECKING:
    import scipy.sparse

Graph: TypeAlias = Junction | Topology | NetworkLike
"""What a measure takes: one junction, or a whole network; or what one can be made of, see `read`."""

Weights: TypeAlias = ArrayLike | Sequence[ArrayLike]
"""Edge weights: (E,) in edge order for a junction, one such array a layer for a network."""


def layers_of(g: Graph) -> tuple[Junction, ...]:
    """The junctions of `g`, which may itself be one.

    Raises:
        TypeError: `g` has no topology.
    """
    known = read(g)
    return (known,) if isinstance(known, Junction) else known.layers


def read(g: Graph) -> Junction | Topology:
    """The junction or network that `g` is, or that it stands for.

    Args:
        g: a mask (O, I), a scipy sparse matrix (what is stored is an edge; give weights beside it), a networkx graph
            whose nodes carry `bipartite` or `layer`, a sparse layer or model, or a list of these, one a layer.

    Raises:
        InvalidTopologyError: it does not describe one.
        TypeError: it has none; the message says how to make one.

    >>> read(np.eye(2))
    Bipartite(in_features=2, out_features=2, num_edges=2, density=0.5)
    """
    if isinstance(g, (Junction, Topology)):
        return g
    if getattr(g, "ndim", None) == 2 or convert.is_scipy(g):
        return as_junction(g, what="g")
    if isinstance(g, HasTopology):
        return read(g.topology())
    try:
        known = as_topology(g)
        return known[0] if convert.is_networkx(g) and len(known) == 1 else known
    except TypeError as error:
        raise TypeError(f"g is {type(g).__name__}, not a junction or a topology: {error}") from error


def weights_of(g: Graph, weights: Weights) -> tuple[NDArray[np.float64], ...]:
    """The weights of each layer's edges as finite float64 arrays of shape (E,).

    Raises:
        InvalidTopologyError: another number of layers or edges, a weight that is not finite.
    """
    g = read(g)
    layers = layers_of(g)
    listed = [weights] if isinstance(g, Junction) else list(weights)  # type: ignore[arg-type]
    if len(listed) != len(layers):
        raise InvalidTopologyError(f"weights has {len(listed)} arrays for {len(layers)} layers; one a layer is needed.")
    arrays = tuple(np.asarray(values, dtype=np.float64) for values in listed)
    for number, (layer, values) in enumerate(zip(layers, arrays, strict=True)):
        if values.shape != (layer.num_edges,):
            raise InvalidTopologyError(
                f"the weights of layer {number} have shape {values.shape}; it has ({layer.num_edges},) edges."
            )
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InvalidTopologyError(f"weight {place} of layer {number} is {values[place]}; weights must be finite.")
    return arrays


def fold(g: Graph) -> Junction:
    """`g` as one junction, from the neurons of even layers to those of odd layers; a junction is itself.

    >>> t = Topology([Bipartite([0, 1, 2], [0, 1], in_features=2), Bipartite([0, 2], [0, 1], in_features=2)])
    >>> fold(t).to_mask().astype(int)
    array([[1, 0, 1],
           [0, 1, 1]])
    """
    layers = layers_of(g)
    if len(layers) == 1:
        return layers[0]
    inputs, outputs, (O, I) = _folded_edges(layers)
    return Bipartite.from_edges(inputs, outputs, in_features=I, out_features=O)


def biadjacency(g: Graph, weights: Weights | None = None) -> scipy.sparse.csr_array:
    """CSR matrix (O, I) of the folded graph: ones, or the non-zero |weights|."""
    import scipy.sparse

    if weights is None:
        return fold(g).to_scipy()
    layers, values = layers_of(g), weights_of(g, weights)
    inputs, outputs, shape = _folded_edges(layers)
    matrix = scipy.sparse.coo_array((np.abs(np.concatenate(values)), (outputs, inputs)), shape=shape).tocsr()
    matrix.eliminate_zeros()
    return matrix


def square(B: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """The symmetric adjacency matrix (I + O, I + O) of a biadjacency matrix (O, I), inputs first."""
    import scipy.sparse

    return scipy.sparse.csr_array(scipy.sparse.block_array([[None, B.T], [B, None]], format="csr"))


def _folded_edges(layers: tuple[Junction, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, int]]:
    """Even ends and odd ends of all edges, layer after layer, and the folded shape (odd, even)."""
    offset = [0, 0]
    even, odd = [], []
    for number, layer in enumerate(layers):
        near, far = number % 2, 1 - number % 2
        here, there = (ends.astype(np.int64) for ends in layer.edges())
        ends = {near: here + offset[near], far: there + offset[far]}
        even.append(ends[0])
        odd.append(ends[1])
        offset[near] += layer.in_features
    offset[len(layers) % 2] += layers[-1].out_features
    return np.concatenate(even), np.concatenate(odd), (offset[1], offset[0])
