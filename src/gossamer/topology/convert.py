"""Junctions to and from masks, scipy and networkx, by way of `Rows`; `Bipartite` makes the value."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError, require_int
from gossamer.topology.rows import Rows, from_edges

if TYPE_CHECKING:
    import networkx
    import scipy.sparse


def from_mask(mask: Any) -> Rows:
    """Read an (O, I) mask of bools, zeros and ones, laid out like `torch.nn.Linear.weight`."""
    if is_scipy(mask):
        return _from_sparse_mask(mask)
    array = as_dense("mask", mask)
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

    if not is_scipy(matrix):
        raise TypeError(f"matrix is {type(matrix).__name__}, not a scipy sparse matrix; from_mask reads dense arrays.")
    if matrix.ndim != 2:
        raise InvalidTopologyError(f"matrix has shape {matrix.shape}; it must be (outputs, inputs).")
    coordinates = scipy.sparse.coo_array(matrix)
    if matrix.format in _PADDED:
        coordinates.eliminate_zeros()
    O, I = coordinates.shape
    return from_edges(coordinates.col, coordinates.row, in_features=I, out_features=O)


def _from_sparse_mask(matrix: Any) -> Rows:
    import scipy.sparse

    coordinates = scipy.sparse.coo_array(matrix)
    coordinates.eliminate_zeros()
    odd = np.flatnonzero(coordinates.data != 1)
    if odd.size:
        j, i = coordinates.row[odd[0]], coordinates.col[odd[0]]
        raise InvalidTopologyError(f"mask[{j}, {i}]={coordinates.data[odd[0]]} is not allowed: 0 and 1 are.")
    return from_scipy(coordinates)


_PADDED = ("bsr", "dia")
"""Formats of scipy that store zeros between the entries."""


def is_scipy(value: Any) -> bool:
    """Whether `value` is a scipy sparse matrix or array; scipy is imported only if somebody did."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(value))


def as_dense(name: str, values: Any) -> NDArray[Any]:
    """An array of what an array, nested lists or a tensor of any dtype, device and layout holds.

    Raises:
        InvalidTopologyError: rows of different lengths.
    """
    if hasattr(values, "detach"):  # a tensor, which NumPy reads only if it is dense, on the CPU, and not bfloat16
        plain = values.detach().cpu()
        plain = plain if str(plain.layout) == "torch.strided" else plain.to_dense()
        values = plain.double().numpy() if plain.is_floating_point() else plain.numpy()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InvalidTopologyError(f"{name} is no array of numbers: {error}") from error


def from_networkx(graph: networkx.Graph) -> Rows:
    """Read a bipartite graph: nodes with `bipartite=0` are inputs, with 1 outputs, each in node order."""
    if not is_networkx(graph):
        raise TypeError(
            f"graph={graph!r} is {type(graph).__name__}, not a networkx graph whose nodes carry bipartite=0 or 1."
        )
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


def is_networkx(value: Any) -> bool:
    """Whether `value` is a networkx graph; networkx is imported only if somebody did."""
    module = sys.modules.get("networkx")
    return module is not None and isinstance(value, module.Graph)


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
