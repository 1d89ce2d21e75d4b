"""Distances and overlaps between neurons: reach, path length, clustering, assortativity.

All are of the undirected graph of a junction, or of all neurons of a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.measures import kernels
from gossamer.measures.folding import Graph, biadjacency, fold, square

if TYPE_CHECKING:
    import scipy.sparse

_BLOCK_WEDGES = 1 << 22


def reach(g: Graph) -> float:
    """Mean share of the other neurons within two steps of a neuron, from 0 (no edges) to 1 (complete).

    (1 / N) sum_u |{v != u : distance(u, v) <= 2}| / (N - 1), N = I + O.

    >>> from gossamer import Rotated
    >>> reach(Rotated([0], in_features=2, out_features=2))
    0.3333333333333333
    """
    B = biadjacency(g)
    within = 2 * B.nnz + sum(common.nnz for rows in (B, B.T.tocsr()) for common, _, _ in _common_neighbours(rows))
    nodes = sum(B.shape)
    return float(within / (nodes * (nodes - 1)))


def clustering(g: Graph) -> float:
    """Mean over neurons of Latapy's coefficient, from 0 to 1: how much neighbourhoods that meet have in common.

    cc(u) is the mean of |N(u) & N(v)| / |N(u) | N(v)| over the neurons v at distance two, 0 without any.

    References:
        Latapy, Magnien, Del Vecchio, "Basic notions for the analysis of large two-mode networks", Social Networks 30,
        2008, the pairwise coefficient cc-dot.

    >>> from gossamer import Bipartite
    >>> clustering(Bipartite.from_mask([[1, 1], [1, 1]]))
    1.0
    """
    B = biadjacency(g)
    total = 0.0
    for rows in (B, B.T.tocsr()):
        degrees = np.diff(rows.indptr).astype(np.float64)
        for common, start, stop in _common_neighbours(rows):
            met = np.diff(common.indptr)
            union = np.repeat(degrees[start:stop], met) + degrees[common.indices] - common.data
            sums = np.bincount(np.repeat(np.arange(stop - start), met), common.data / union, stop - start)
            total += float(np.sum(sums[met > 0] / met[met > 0]))
    return total / float(sum(B.shape))


def wedges(g: Graph) -> int:
    """Number of pairs of edges that share a neuron, counted from both ends and with repetition: sum of d^2."""
    junction = fold(g)
    return sum(int((d.astype(np.int64) ** 2).sum()) for d in (junction.fan_in, junction.fan_out))


def _common_neighbours(rows: scipy.sparse.csr_array) -> Iterator[tuple[scipy.sparse.csr_array, int, int]]:
    """For blocks of rows, the number of neighbours that each shares with every other row that it meets."""
    transposed = rows.T.tocsr()
    work = np.cumsum(rows @ np.diff(transposed.indptr).astype(np.float64))
    blocks = np.unique(np.searchsorted(work, np.arange(_BLOCK_WEDGES, work[-1], _BLOCK_WEDGES)) + 1)
    for start, stop in zip([0, *blocks], [*blocks, rows.shape[0]], strict=True):
        common = (rows[start:stop] @ transposed).tocoo()
        other = common.row + start != common.col
        yield _csr(common, other), int(start), int(stop)


def _csr(common: scipy.sparse.coo_array, wanted: NDArray[np.bool_]) -> scipy.sparse.csr_array:
    import scipy.sparse

    coordinates = (common.row[wanted], common.col[wanted])
    return scipy.sparse.csr_array((common.data[wanted], coordinates), shape=common.shape)


def average_path_length(g: Graph) -> float:
    """Mean distance between the ordered pairs of different neurons that a path joins, 1 to N - 1; 0 without edges.

    >>> from gossamer import Bipartite
    >>> average_path_length(Bipartite.from_mask([[1, 1]]))
    1.3333333333333333
    """
    total, pairs = kernels.distance_sums(square(biadjacency(g)))
    return total / pairs if pairs else 0.0


def degree_assortativity(g: Graph) -> float:
    """Pearson correlation of the degrees at the two ends of an edge, each edge taken both ways, from -1 to 1.

    nan where it is undefined: no edges, or all ends of one degree.

    References:
        Newman, "Mixing patterns in networks", Physical Review E 67, 2003, eq. (26).

    >>> from gossamer import Bipartite
    >>> degree_assortativity(Bipartite.from_mask([[1, 1]]))
    -1.0
    """
    junction = fold(g)
    inputs, outputs = junction.edges()
    left, right = junction.fan_out[inputs].astype(np.float64), junction.fan_in[outputs].astype(np.float64)
    if not len(left):
        return float("nan")
    mean = (left.mean() + right.mean()) / 2
    variance = float((np.square(left - mean).mean() + np.square(right - mean).mean()) / 2)
    # Degrees are integers: a variance this small is the rounding of the mean.
    return float(((left - mean) * (right - mean)).mean()) / variance if variance > 1e-12 * mean**2 else float("nan")
