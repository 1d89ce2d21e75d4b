"""Expansion: bounds on conductance, the expander mixing lemma, curvature of edges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.measures import eigensolver, kernels
from gossamer.measures.adjacency import largest_two, normalised, normalised_gap
from gossamer.measures.folding import Graph, biadjacency, fold

if TYPE_CHECKING:
    import scipy.sparse


class CheegerBounds(NamedTuple):
    """Conductance lies between them."""

    low: float
    high: float


def cheeger_bounds(g: Graph) -> CheegerBounds:
    """L / 2 <= h <= sqrt(2 l), l the second smallest eigenvalue of the normalised Laplacian; h is at most 1.

    h is the least, over sets S of neurons with at most half of the edge ends, of edges that leave S over edge ends
    in S. Both are 0 for a disconnected graph and without edges. Range 0 to 1.

    References:
        Chung, "Spectral Graph Theory", 1997, theorems 2.1 and 2.2.

    >>> from gossamer import Bipartite
    >>> cheeger_bounds(Bipartite.from_mask([[1, 1], [1, 1]]))
    CheegerBounds(low=0.5, high=1.0)
    """
    gap = normalised_gap(g)
    return CheegerBounds(gap / 2, min(1.0, math.sqrt(2 * gap)))


def expander_mixing_slack(g: Graph, inputs: NDArray[np.bool_], outputs: NDArray[np.bool_]) -> float:
    """What the expander mixing lemma leaves: its bound less the surplus or lack of edges between two sets, at least 0.

    With volumes (sums of degrees) as shares s and t of the E edges, the edges between S and T differ from s t E by at
    most s_2 E sqrt(s (1 - s) t (1 - t)), s_2 of D^-1/2 A D^-1/2. Divided by E; 0 without edges.

    Args:
        g: a junction, or a network, which is folded.
        inputs: which inputs are in S, shape (I,).
        outputs: which outputs are in T, shape (O,).

    Raises:
        InvalidTopologyError: masks of another shape.

    References:
        Alon, Chung, "Explicit construction of linear sized tolerant networks", Discrete Mathematics 72, 1988; the form
        for any degrees is Chung, "Spectral Graph Theory", theorem 5.2.

    >>> from gossamer import Bipartite
    >>> expander_mixing_slack(Bipartite.from_mask([[1, 1], [1, 1]]), np.array([True, False]), np.array([True, False]))
    0.0
    """
    B = biadjacency(g)
    S, T = (np.asarray(mask, dtype=bool) for mask in (inputs, outputs))
    if (len(T), len(S)) != B.shape:
        raise InvalidTopologyError(f"sets of {len(S)} inputs and {len(T)} outputs; the graph has {B.shape[::-1]}.")
    if not B.nnz:
        return 0.0
    s = float(np.asarray(B.sum(axis=0))[S].sum()) / B.nnz
    t = float(np.asarray(B.sum(axis=1))[T].sum()) / B.nnz
    between = float(T @ (B @ S.astype(np.float64))) / B.nnz
    bound = largest_two(normalised(B))[1] * math.sqrt(max(0.0, s * (1 - s) * t * (1 - t)))
    return float(max(0.0, bound - abs(between - s * t)))


def spectral_mixing_slack(g: Graph) -> float:
    """`expander_mixing_slack` of the sets that strain the lemma most by its own proof, from 0 to 1/4.

    S and T are the neurons where the second singular vectors of D^-1/2 A D^-1/2 are positive.

    >>> from gossamer import Bipartite
    >>> spectral_mixing_slack(Bipartite([0, 0], [], in_features=1))
    0.0
    """
    B = biadjacency(g)
    if not B.nnz:
        return 0.0
    M = normalised(B)
    if min(M.shape) <= eigensolver.DENSE_LIMIT:
        vectors = np.linalg.svd(M.toarray(), full_matrices=False)
        if len(vectors[1]) < 2:
            return 0.0
        outputs, inputs = vectors[0][:, 1], vectors[2][1]
    else:
        outputs = second_left_vector(M, np.sqrt(np.asarray(B.sum(axis=1))))
        inputs = M.T @ outputs
    return expander_mixing_slack(g, inputs > 0, outputs > 0)


def second_left_vector(M: scipy.sparse.csr_array, first: NDArray[np.float64]) -> NDArray[np.float64]:
    """The left singular vector that follows `first`, which is known, shape (O,)."""
    unit = first / np.linalg.norm(first)
    forward, backward = kernels.products(M)
    start = eigensolver.project_out(eigensolver.chirp(len(unit)), unit)
    apply = eigensolver.deflated(lambda x: forward(backward(x)), unit)
    return eigensolver.largest(apply, start, scale=1.0, tolerance=1e-8, what="sigma_2").vector


def forman_curvature(g: Graph) -> NDArray[np.int64]:
    """4 - d_u - d_v of each edge, shape (E,) in the folded graph's order, from 4 - I - O to 2.

    References:
        Forman, "Bochner's method for cell complexes and combinatorial Ricci curvature", 2003, for a graph without
        faces and weights.

    >>> from gossamer import Bipartite
    >>> forman_curvature(Bipartite.from_mask([[1, 1]]))
    array([1, 1])
    """
    junction = fold(g)
    inputs, outputs = junction.edges()
    ends = junction.fan_out.astype(np.int64)[inputs] + junction.fan_in.astype(np.int64)[outputs]
    return 4 - ends


def mean_forman_curvature(g: Graph) -> float:
    """Mean of `forman_curvature`, from 4 - I - O to 2; nan without edges.

    >>> from gossamer import Bipartite
    >>> mean_forman_curvature(Bipartite.from_mask([[1, 1]]))
    1.0
    """
    curvature = forman_curvature(g)
    return float(curvature.mean()) if len(curvature) else math.nan
