"""Effective resistance: the graph as a network of unit resistors (or conductances |w|)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError, InvalidTopologyError
from gossamer.measures import closed_forms
from gossamer.measures.degrees import labels_of_biadjacency
from gossamer.measures.folding import Graph, Weights, biadjacency, fold
from gossamer.measures.laplacian import laplacian_eigenvalues

if TYPE_CHECKING:
    import scipy.sparse

MOST_CONDITION = 1e9
"""Beyond it resistances would have fewer than six right digits."""

SMALL_SIDE_LIMIT = 4096
"""The longest smaller side: a dense matrix of its square is inverted."""


def kirchhoff_index(g: Graph, weights: Weights | None = None) -> float:
    """Sum of the effective resistances of all pairs of neurons, N sum 1 / l_i; at least N - 1, inf if disconnected.

    By Fourier transform for rotated junctions of whole turns; else by eliminating the longer side, whose block of the
    Laplacian is diagonal, and inverting what is left, S = D - A D'^-1 A^T with one neuron grounded.

    Raises:
        InvalidTopologyError: the smaller side has more than 4096 neurons.
        ConvergenceError: weights of too many magnitudes leave fewer than six digits.

    References:
        Klein, Randic, "Resistance distance", Journal of Mathematical Chemistry 12, 1993.

    >>> from gossamer import Bipartite
    >>> kirchhoff_index(Bipartite.from_mask([[1, 1]]))
    4.0
    """
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        if closed_forms.circulant_components(junction) > 1:
            return math.inf
        eigenvalues = laplacian_eigenvalues(junction)
        return len(eigenvalues) * float(np.sum(1 / eigenvalues[1:]))
    B = biadjacency(g, weights)
    if labels_of_biadjacency(B).max() > 0:
        return math.inf
    inverse = _grounded_inverse(B)
    per_long, C, X = inverse.per_long, inverse.matrix, inverse.short
    trace = float(np.trace(X) + inverse.long_diagonal.sum())
    short = X @ (inverse.free + C @ per_long)
    everything = float(short.sum() + (per_long * (1 + C.T @ short)).sum())
    return float(sum(B.shape) * trace - everything)


def mean_effective_resistance(g: Graph, weights: Weights | None = None) -> float:
    """Mean effective resistance of a pair of neurons, the Kirchhoff index over N (N - 1) / 2; inf if disconnected.

    >>> from gossamer import Bipartite
    >>> round(mean_effective_resistance(Bipartite.from_mask([[1]])), 6)
    1.0
    """
    nodes = sum(biadjacency(g).shape)
    return kirchhoff_index(g, weights) / float(nodes * (nodes - 1) / 2)


def edge_resistances(g: Graph) -> NDArray[np.float64]:
    """Effective resistance between the ends of each edge of the folded graph, shape (E,), in (0, 1].

    It is the probability that the edge lies in a uniform spanning forest; their sum is N less the components (Foster).

    Raises:
        InvalidTopologyError: the smaller side has more than 4096 neurons.

    >>> from gossamer import Bipartite
    >>> edge_resistances(Bipartite.from_mask([[1, 1], [1, 1]])).round(6).tolist()  # a square
    [0.75, 0.75, 0.75, 0.75]
    """
    B = biadjacency(g)
    inverse = _grounded_inverse(B)
    outputs = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
    short, long = (outputs, B.indices) if B.shape[0] <= B.shape[1] else (B.indices, outputs)
    product = inverse.matrix.T @ inverse.short
    cross = inverse.per_long[long] * product[long, short]
    resistances: NDArray[np.float64] = np.diag(inverse.short)[short] + inverse.long_diagonal[long] - 2 * cross
    return resistances


class _Inverse(NamedTuple):
    """Blocks of the inverse of L with one neuron of each component grounded (its rows and columns 0)."""

    matrix: scipy.sparse.csr_array  # (short, long), rows of grounded neurons emptied
    short: NDArray[np.float64]  # (short, short)
    per_long: NDArray[np.float64]  # 1 / degree of the long side, 0 for isolated
    long_diagonal: NDArray[np.float64]
    free: NDArray[np.float64]  # 1 for neurons of the short side that are not grounded


def _inverted(schur: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.asarray(np.linalg.inv(schur), dtype=np.float64)
    condition = float(np.linalg.norm(schur, 1) * np.linalg.norm(inverse, 1))
    if not condition < MOST_CONDITION:
        raise ConvergenceError(
            f"resistances are lost to rounding: the condition number is {condition:.3g}, {MOST_CONDITION:g} the most; "
            "weights range over too many magnitudes."
        )
    return inverse


def _grounded_inverse(B: scipy.sparse.csr_array) -> _Inverse:
    C = B if B.shape[0] <= B.shape[1] else B.T.tocsr()
    if C.shape[0] > SMALL_SIDE_LIMIT:
        raise InvalidTopologyError(
            f"a smaller side of {C.shape[0]} neurons is too long for resistances: {SMALL_SIDE_LIMIT} is the most."
        )
    short_labels = labels_of_biadjacency(C)[C.shape[1] :]
    free = np.ones(C.shape[0])
    free[np.unique(short_labels, return_index=True)[1]] = 0.0
    degrees, long_degrees = np.asarray(C.sum(axis=1)), np.asarray(C.sum(axis=0))
    per_long = np.divide(1.0, long_degrees, out=np.zeros_like(long_degrees), where=long_degrees > 0)
    schur = np.diag(degrees) - ((C * per_long[None, :]) @ C.T).toarray()
    keep = np.flatnonzero(free)
    short = np.zeros((C.shape[0],) * 2)
    if len(keep):
        short[np.ix_(keep, keep)] = _inverted(schur[np.ix_(keep, keep)])
    C = (C * free[:, None]).tocsr()
    C.eliminate_zeros()
    across = np.asarray((C.multiply((C.T @ short).T)).sum(axis=0))
    return _Inverse(C, short, per_long, per_long + per_long**2 * across, free)
