"""Junctions to and from masks, edge lists, scipy and networkx.

Both ways go through `Rows`, the plain arrays of compressed sparse rows: `Bipartite` and `Junction` make values of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, require_int

if TYPE_CHECKING:
    import networkx
    import scipy.sparse


class Rows(NamedTuple):
    """Compressed sparse rows by output: `indptr` (O + 1,), `indices` (E,), and the number of inputs."""

    indptr: NDArray[np.integer[Any]]
    indices: NDArray[np.integer[Any]]
    in_features: int

    @property
    def out_features(self) -> int:
        """Number of outputs O."""
        return len(self.indptr) - 1

    @property
    def outputs(self) -> NDArray[np.int64]:
        """The output of each edge, shape (E,)."""
        return np.repeat(np.arange(self.out_features), np.diff(self.indptr))


def as_index_array(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return `values` as a one-dimensional int64 array, refusing anything that is not integer."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidTopologyError(f"{name} has shape {array.shape}; it must have one dimension.")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}; it must be an integer type.")
    return array.astype(np.int64)


def from_edges(inputs: ArrayLike, outputs: ArrayLike, *, in_features: int, out_features: int) -> Rows:
    """Sort an edge list into rows; the order given does not matter, duplicates are refused."""
    I = require_int("in_features", in_features, low=1)
    O = require_int("out_features", out_features, low=1)
    sources, targets = as_index_array("inputs", inputs), as_index_array("outputs", outputs)
    if sources.shape != targets.shape:
        raise InvalidTopologyError(f"{len(sources)} inputs and {len(targets)} outputs: one of each makes an edge.")
    for name, ends, size in (("inputs", sources, I), ("outputs", targets, O)):
        outside = np.flatnonzero((ends < 0) | (ends >= size))
        if outside.size:
            raise InvalidTopologyError(f"{name}[{outside[0]}]={ends[outside[0]]} is not allowed: 0 to {size - 1} is.")
    keys = targets * I + sources
    keys.sort()
    twice = np.flatnonzero(keys[1:] == keys[:-1])
    if twice.size:
        output, source = divmod(int(keys[twice[0]]), I)
        raise InvalidTopologyError(f"the edge from input {source} to output {output} is given more than once.")
    outputs_sorted, indices = np.divmod(keys, I)
    return Rows(np.searchsorted(outputs_sorted, np.arange(O + 1)), indices, I)


def from_mask(mask: ArrayLike) -> Rows:
    """Read a dense (O, I) mask of bools, zeros and ones, laid out like `torch.nn.Linear.weight`."""
    array = np.asarray(mask)
    if array.ndim != 2:
        raise InvalidTopologyError(f"mask has shape {array.shape}; it must be (outputs, inputs).")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"mask has dtype {array.dtype}; it must be bool or numbers 0 and 1.")
    if array.dtype.kind != "b":
        odd = (array != 0) & (array != 1)
        if odd.any():
            j, i = np.argwhere(odd)[0]
            raise InvalidTopologyError(f"mask[{j}, {i}]={array[j, i]} is not allowed: 0 and 1 are.")
    O, I = (require_int(f"mask.shape[{axis}]", size, low=1) for axis, size in enumerate(array.shape))
    live = array.astype(bool)
    _, indices = np.nonzero(live)
    indptr = np.zeros(O + 1, dtype=np.int64)
    np.cumsum(live.sum(axis=1), out=indptr[1:])
    return Rows(indptr, indices, I)


def from_scipy(matrix: Any) -> Rows:
    """Read the stored entries of an (O, I) scipy sparse matrix; a stored zero is an edge."""
    import scipy.sparse

    if not scipy.sparse.issparse(matrix):
        raise TypeError(f"matrix is {type(matrix).__name__}, not a scipy sparse matrix.")
    coordinates = scipy.sparse.coo_array(matrix)
    O, I = coordinates.shape
    return from_edges(coordinates.col, coordinates.row, in_features=I, out_features=O)


def from_networkx(graph: networkx.Graph) -> Rows:
    """Read a bipartite graph: nodes with `bipartite=0` are inputs, with 1 outputs, each in node order."""
    sides: dict[int, list[Any]] = {0: [], 1: []}
    for node, attributes in graph.nodes(data=True):
        side = attributes.get("bipartite")
        if side not in sides:
            raise InvalidTopologyError(f"node {node!r} has bipartite={side!r}; 0 (input) and 1 (output) are allowed.")
        sides[side].append(node)
    place = {node: (side, number) for side, nodes in sides.items() for number, node in enumerate(nodes)}
    edges: tuple[list[int], list[int]] = ([], [])
    for a, b in graph.edges():
        (side_a, number_a), (side_b, number_b) = sorted((place[a], place[b]))
        if side_a == side_b:
            raise InvalidTopologyError(f"the edge {a!r} - {b!r} joins two nodes of one side.")
        edges[0].append(number_a)
        edges[1].append(number_b)
    return from_edges(edges[0], edges[1], in_features=len(sides[0]), out_features=len(sides[1]))


def to_mask(rows: Rows) -> NDArray[np.bool_]:
    """Dense (O, I) mask."""
    mask = np.zeros((rows.out_features, rows.in_features), dtype=np.bool_)
    mask[rows.outputs, rows.indices] = True
    return mask


def to_scipy(rows: Rows, weights: NDArray[Any] | None) -> scipy.sparse.csr_array:
    """CSR array of shape (O, I)."""
    import scipy.sparse

    num_edges = len(rows.indices)
    data = np.ones(num_edges) if weights is None else np.asarray(weights)
    if data.shape != (num_edges,):
        raise InvalidTopologyError(f"weights has shape {data.shape}; the junction has ({num_edges},) edges.")
    shape = (rows.out_features, rows.in_features)
    matrix = scipy.sparse.csr_array((data, rows.indices, rows.indptr), shape=shape, copy=True)
    matrix.has_canonical_format = True
    return matrix


def to_networkx(rows: Rows) -> networkx.Graph:
    """Bipartite graph with inputs numbered before outputs."""
    import networkx

    I, O = rows.in_features, rows.out_features
    graph: networkx.Graph = networkx.Graph()
    graph.add_nodes_from(range(I), bipartite=0)
    graph.add_nodes_from(range(I, I + O), bipartite=1)
    graph.add_edges_from(zip(rows.indices.tolist(), (rows.outputs + I).tolist(), strict=True))
    return graph
