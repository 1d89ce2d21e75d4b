"""Singular values of the biadjacency matrix, and the gaps made of them.

The adjacency matrix [[0, A], [A^T, 0]] has eigenvalues +-s_i: a bipartite graph's spectrum is its singular values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError, InvalidTopologyError, require_int
from gossamer.measures import blown_up, closed_forms, eigensolver, kernels
from gossamer.measures.folding import Graph, Weights, biadjacency, fold
from gossamer.topology import Grouped

if TYPE_CHECKING:
    import scipy.sparse

_ROUNDING = 1e-16
_OF_ITSELF = 1e-6
"""The largest error allowed of the second singular value, relative to itself, where weights differ."""

FULL_LIMIT = 4096
"""The longest smaller side for which all singular values are computed."""


def singular_values(g: Graph, weights: Weights | None = None, *, count: int | None = None) -> NDArray[np.float64]:
    """Singular values of A (or |W|), descending, in [0, sqrt(I O)] for A; all 0 without edges.

    By Fourier transform for rotated junctions of whole turns, out of the base of a grouped one, else by LAPACK, or
    Lanczos for a few of a large matrix.

    Args:
        g: a junction, or a network, folded into one bipartite graph.
        weights: edge weights whose absolute values replace the ones.
        count: how many of the largest, shape (min(count, I, O),); all, shape (min(I, O),), by default.

    Raises:
        InvalidTopologyError: all are asked for and the smaller side is longer than 4096.
        ConvergenceError: Lanczos did not reach a relative residual of 1e-10.

    >>> from gossamer import Rotated
    >>> singular_values(Rotated([0, 1], in_features=2, out_features=2)).tolist()
    [2.0, 0.0]
    """
    junction = fold(g)
    wanted = None if count is None else require_int("count", count, low=1)
    if weights is None and closed_forms.is_circulant(junction):
        return closed_forms.circulant_singular_values(junction)[:wanted]
    if weights is None and isinstance(junction, Grouped):
        return _of_base(junction, wanted)
    B = biadjacency(g, weights)
    return _leading(B, min(B.shape) if wanted is None else wanted)


def _of_base(g: Grouped, wanted: int | None) -> NDArray[np.float64]:
    shortest, of_base = (min(each.in_features, each.out_features) for each in (g, g.base))
    total = shortest if wanted is None else min(wanted, shortest)
    values = singular_values(g.base, count=None if total >= of_base else total) * blown_up.scale(g)
    return np.append(values, np.zeros(total - len(values)))


def second_singular_value(g: Graph, weights: Weights | None = None, *, tolerance: float = 1e-10) -> float:
    """s_2, from 0 (one component of rank 1) to s_1.

    Args:
        g: a junction, or a network.
        weights: edge weights whose absolute values replace the ones.
        tolerance: largest residual of `A A^T u - s_2^2 u`, relative to a bound on s_1^2.

    Raises:
        ConvergenceError: the tolerance is not reached.

    >>> from gossamer import Rotated
    >>> second_singular_value(Rotated([0, 2], in_features=4, out_features=4))
    2.0
    """
    return _top(g, weights, tolerance)[1]


def largest_two(B: scipy.sparse.csr_array, *, tolerance: float = 1e-10) -> tuple[float, float]:
    """The two largest singular values; a missing second one is 0.

    Where weights differ, the second is also held against its own error, which is relative to the first.

    Raises:
        ConvergenceError: the tolerance is not reached, or weights of too many magnitudes hide the second one.
    """
    size = min(B.shape)
    if size <= eigensolver.DENSE_LIMIT or not B.nnz:
        values = [*_leading(B, 2), 0.0]
        if B.nnz and np.ptp(B.data) > 0 and _ROUNDING * values[0] * size > _OF_ITSELF * values[1]:
            values = [*graded_singular_values(B)[:2], 0.0]
        return float(values[0]), float(values[1])
    rows, columns = (np.asarray(B.sum(axis=axis)) for axis in (1, 0))
    apply, scale = _gram(B), float(rows.max() * columns.max())
    if np.ptp(rows) == 0 == np.ptp(columns):
        # Biregular: the constant vector is known to be the first singular vector.
        first, unit = scale, np.full(size, 1 / math.sqrt(size))
    else:
        pair = eigensolver.largest(apply, np.ones(size), scale=scale, tolerance=tolerance, what="sigma_1")
        first, unit = pair.value, pair.vector
    start = eigensolver.project_out(eigensolver.chirp(size), unit)
    second = eigensolver.largest(
        eigensolver.deflated(apply, unit), start, scale=scale, tolerance=tolerance, what="sigma_2"
    )
    if np.ptp(B.data) > 0 and second.residual + _ROUNDING * scale > _OF_ITSELF * second.value:
        raise ConvergenceError(
            f"sigma_2={math.sqrt(max(second.value, 0.0)):.3g} is lost beside sigma_1={math.sqrt(first):.3g}: "
            f"weights range from {B.data.min():.3g} to {B.data.max():.3g}."
        )
    return math.sqrt(first), math.sqrt(max(second.value, 0.0))


def graded_singular_values(B: scipy.sparse.csr_array) -> NDArray[np.float64]:
    """All singular values, descending, by LAPACK's Jacobi method: small ones too where rows or columns are scaled.

    References:
        Demmel et al., "Computing the singular value decomposition with high relative accuracy", Linear Algebra and its
        Applications 299, 1999.
    """
    return jacobi(B.toarray() if B.shape[0] >= B.shape[1] else B.T.toarray())


def jacobi(M: NDArray[np.float64]) -> NDArray[np.float64]:
    """Singular values of M (m, n), m >= n, descending, with high relative accuracy where M is a scaled tame matrix.

    Raises:
        ConvergenceError: LAPACK gave up.
    """
    from scipy.linalg.lapack import dgejsv

    sigma, _, _, scaling, _, info = dgejsv(M, joba=3, jobu=3, jobv=3, jobr=1, jobt=0, jobp=0)
    if info:
        raise ConvergenceError(f"LAPACK's dgejsv stopped with info={info} on a matrix of {M.shape[0]} x {M.shape[1]}.")
    values: NDArray[np.float64] = np.sort(sigma * (scaling[0] / scaling[1]))[::-1]
    return values


def _leading(B: scipy.sparse.csr_array, count: int) -> NDArray[np.float64]:
    size = min(B.shape)
    if not B.nnz:
        return np.zeros(min(count, size))
    if size <= eigensolver.DENSE_LIMIT or 4 * count > size:
        if size > FULL_LIMIT:
            raise InvalidTopologyError(
                f"count={min(count, size)} singular values of a smaller side of {size} are too many: "
                f"all of at most {FULL_LIMIT}, or a quarter of more."
            )
        values: NDArray[np.float64] = np.linalg.svd(B.toarray(), compute_uv=False)
        return values[:count]
    return np.sqrt(np.maximum(eigensolver.several_largest(_gram(B), size, count=count), 0.0))


def _gram(B: scipy.sparse.csr_array) -> kernels.Apply:
    """The map from x to A A^T x, or A^T A x, on the smaller side."""
    forward, backward = kernels.products(B)
    if B.shape[0] <= B.shape[1]:
        return lambda x: forward(backward(x))
    return lambda x: backward(forward(x))


def spectral_radius(g: Graph, weights: Weights | None = None) -> float:
    """Largest eigenvalue s_1 of the adjacency matrix, from 0 (no edges) to sqrt(I O).

    >>> from gossamer import Bipartite
    >>> round(spectral_radius(Bipartite.from_mask([[1, 1], [1, 1]])), 6)
    2.0
    """
    return _top(g, weights)[0]


def adjacency_gap(g: Graph, weights: Weights | None = None) -> float:
    """s_1 - s_2, from 0 to sqrt(I O); s_2 is 0 where one side is a single neuron, and the gap 0 without edges.

    >>> from gossamer import Bipartite
    >>> adjacency_gap(Bipartite.from_mask([[1, 0], [0, 1]]))
    0.0
    """
    first, second = _top(g, weights)
    return first - second


def normalised_gap(g: Graph, weights: Weights | None = None) -> float:
    """1 - s_2(D^-1/2 A D^-1/2), from 0 to 1, over the neurons that have edges; 0 without edges.

    It is the second smallest eigenvalue of the normalised Laplacian of those neurons (but 1, not 2, for a single
    edge), hence 0 iff they are disconnected.

    >>> from gossamer import Bipartite
    >>> normalised_gap(Bipartite.from_mask([[1, 0], [0, 1]]))
    0.0
    """
    B = biadjacency(g, weights)
    return 1.0 - min(1.0, largest_two(normalised(B))[1]) if B.nnz else 0.0


def normalised(B: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """D^-1/2 A D^-1/2 with 1/sqrt(0) read as 0."""
    rows, columns = (np.asarray(B.sum(axis=axis), dtype=np.float64) for axis in (1, 0))
    scaled = B.copy()
    scaled.data = B.data / np.sqrt(np.repeat(rows, np.diff(B.indptr)) * columns[B.indices])
    return scaled


def ramanujan_margin(g: Graph) -> float:
    """sqrt(d_L - 1) + sqrt(d_R - 1) - s_2, d_L and d_R the mean degrees; at least 0 iff (bi)regular Ramanujan.

    Range (-sqrt(I O), sqrt(O) + sqrt(I)); a mean degree below 1 counts as 1, so it is 0 without edges.

    References:
        Hoang, Liu, Marculescu, Wang, "Revisiting Pruning at Initialization through the Lens of Ramanujan Graph",
        ICLR 2023.

    >>> from gossamer import Bipartite
    >>> ramanujan_margin(Bipartite.from_mask([[1, 1], [1, 1]]))
    2.0
    """
    junction = fold(g)
    degrees = (junction.num_edges / junction.in_features, junction.num_edges / junction.out_features)
    return sum(math.sqrt(max(d - 1.0, 0.0)) for d in degrees) - _top(g)[1]


def _top(g: Graph, weights: Weights | None = None, tolerance: float = 1e-10) -> tuple[float, float]:
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        values = [*closed_forms.circulant_singular_values(junction)[:2], 0.0]
        return float(values[0]), float(values[1])
    return largest_two(biadjacency(g, weights), tolerance=tolerance)
