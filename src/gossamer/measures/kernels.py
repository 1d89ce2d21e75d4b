"""The loops that NumPy cannot express, natively where the extension is built, else by scipy: chosen here alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gossamer import native

if TYPE_CHECKING:
    import scipy.sparse

Apply: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

NATIVE_EDGES = 100_000
"""From this many edges threads and 4 bytes an edge, not 12, are worth a kernel."""


def products(matrix: scipy.sparse.csr_array) -> tuple[Apply, Apply]:
    """The maps x -> matrix @ x and y -> matrix.T @ y, both by rows."""
    return _product(matrix), _product(matrix.T.tocsr())


def _product(matrix: scipy.sparse.csr_array) -> Apply:
    if native.extension is None or matrix.nnz < NATIVE_EDGES or (matrix.data != 1).any():
        return lambda x: matrix @ x
    indptr, indices = (array.astype(np.int32, copy=False) for array in (matrix.indptr, matrix.indices))

    def apply(x: NDArray[np.float64]) -> NDArray[np.float64]:
        y = np.empty(len(indptr) - 1)
        native.extension.pattern_matvec(indptr, indices, x, y)
        return y

    return apply


def spanning_forest(
    nodes: int, first: NDArray[np.int32], second: NDArray[np.int32], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The edges that Kruskal's algorithm keeps, taking edges `first[e]` - `second[e]` in the order given."""
    if native.extension is None:
        return _spanning_forest_by_scipy(nodes, first, second, order)
    keep = np.empty(len(first), dtype=np.uint8)
    native.extension.spanning_forest(nodes, first, second, order, keep)
    return np.flatnonzero(keep)


def _spanning_forest_by_scipy(
    nodes: int, first: NDArray[np.int32], second: NDArray[np.int32], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    import scipy.sparse
    from scipy.sparse.csgraph import minimum_spanning_tree

    # Ranks from 1 replace the weights: a weight of 0 would not be stored, and ties are broken as asked.
    rank = np.empty(len(order), dtype=np.float64)
    rank[order] = np.arange(1, len(order) + 1)
    tree = minimum_spanning_tree(scipy.sparse.csr_array((rank, (first, second)), shape=(nodes, nodes)))
    return np.sort(order[tree.data.astype(np.int64) - 1])


def distance_sums(square: scipy.sparse.csr_array) -> tuple[int, int]:
    """Sum and number of finite distances between ordered pairs of different nodes of an undirected graph."""
    nodes = square.shape[0]
    if native.extension is None:
        return _distance_sums_by_scipy(square)
    totals = np.empty(2, dtype=np.int64)
    indptr, indices = (array.astype(np.int32, copy=False) for array in (square.indptr, square.indices))
    native.extension.distance_sums(indptr, indices, 0, nodes, totals)
    return int(totals[0]), int(totals[1])


def _distance_sums_by_scipy(square: scipy.sparse.csr_array) -> tuple[int, int]:
    from scipy.sparse.csgraph import dijkstra

    total = pairs = 0
    for start in range(0, square.shape[0], 256):
        sources = np.arange(start, min(start + 256, square.shape[0]))
        distances = dijkstra(square, directed=True, indices=sources, unweighted=True)
        reached = distances[np.isfinite(distances) & (distances > 0)]
        total, pairs = total + int(reached.sum()), pairs + len(reached)
    return total, pairs
