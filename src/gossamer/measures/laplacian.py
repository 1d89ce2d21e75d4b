"""Eigenvalues of the graph Laplacian: algebraic connectivity and spectral gap.

L = D - [[0, A], [A^T, 0]], on the inputs and outputs of a junction, or on all neurons of a network. Its eigenvalues
are taken ascending, 0 = l_1 <= l_2 <= ... . (The source speaks of the "first and second largest"; the largest
follows the density alone, so that cannot be meant.)

References:
    Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683, 2017.
    Fiedler, "Algebraic connectivity of graphs", Czechoslovak Mathematical Journal 23, 1973.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.measures import blown_up, closed_forms, fiedler
from gossamer.measures.degrees import labels_of_biadjacency
from gossamer.measures.folding import Graph, Weights, biadjacency, fold

if TYPE_CHECKING:
    import scipy.sparse

FULL_LIMIT = 4096
"""The most neurons whose Laplacian is made dense for all of its eigenvalues."""


def algebraic_connectivity(g: Graph, weights: Weights | None = None, *, tolerance: float = 1e-10) -> float:
    """Second smallest eigenvalue of the Laplacian, from 0 to I + O; 0 iff the graph is disconnected, or one neuron.

    Args:
        g: a junction, or a network, taken as the graph of all its neurons.
        weights: edge weights whose absolute values replace the ones; 0 joins nothing.
        tolerance: largest residual of the eigenvector, relative to the largest sum of two joined degrees; and, times
            10^4, relative to the eigenvalue itself.

    Raises:
        ConvergenceError: the tolerance is not reached, or weights of too many magnitudes hide the eigenvalue.

    >>> from gossamer import Rotated
    >>> algebraic_connectivity(Rotated([0, 1], in_features=2, out_features=2))
    2.0
    >>> algebraic_connectivity(Rotated([0, 2], in_features=4, out_features=4))
    0.0
    """
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        return float(laplacian_eigenvalues(junction)[1]) if closed_forms.circulant_components(junction) == 1 else 0.0
    small = blown_up.with_small_base(junction) if weights is None else None
    if small is not None:
        connected = labels_of_biadjacency(biadjacency(small.base)).max() == 0
        return float(blown_up.laplacian_eigenvalues(small)[1]) if connected and small.num_edges else 0.0
    B = biadjacency(g, weights)
    return fiedler.second_smallest(B, tolerance) if labels_of_biadjacency(B).max() == 0 else 0.0


def spectral_gap(g: Graph, weights: Weights | None = None, *, tolerance: float = 1e-10) -> float:
    """Smallest non-zero eigenvalue of the Laplacian, from 0 to I + O; equals `algebraic_connectivity` iff connected.

    It is the least algebraic connectivity among the components that have edges, and 0 where there is none.
    Arguments and errors are those of `algebraic_connectivity`.

    >>> from gossamer import Rotated
    >>> spectral_gap(Rotated([0, 2], in_features=4, out_features=4))
    2.0
    """
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        return float(laplacian_eigenvalues(junction)[closed_forms.circulant_components(junction)])
    B = biadjacency(g, weights)
    pieces = _components_with_edges(B)
    return min((fiedler.second_smallest(piece, tolerance) for piece in pieces), default=0.0)


def laplacian_eigenvalues(g: Graph, weights: Weights | None = None) -> NDArray[np.float64]:
    """All eigenvalues of the Laplacian, shape (I + O,), ascending, in [0, I + O]; all 0 without edges.

    By Fourier transform for rotated junctions of whole turns, out of the base of a grouped one, from singular
    values for biregular ones, else dense: each to about 1e-13 of the largest, so that weights of many magnitudes hide
    the small ones (`algebraic_connectivity` has its own way).

    Raises:
        InvalidTopologyError: neither holds and there are more than 4096 neurons.

    >>> from gossamer import Bipartite
    >>> (laplacian_eigenvalues(Bipartite.from_mask([[1, 1], [1, 1]])) + 0).round(6).tolist()  # a square
    [0.0, 2.0, 2.0, 4.0]
    """
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        k, turns = len(junction.offsets), junction.in_features // junction.out_features
        sigma = closed_forms.circulant_singular_values(junction)
        return closed_forms.biregular_laplacian(sigma, (junction.in_features, k), (junction.out_features, k * turns))
    small = blown_up.with_small_base(junction) if weights is None else None
    if small is not None:
        return blown_up.laplacian_eigenvalues(small)
    B = biadjacency(g, weights)
    if sum(B.shape) > FULL_LIMIT:
        raise InvalidTopologyError(
            f"{sum(B.shape)} neurons are too many for all Laplacian eigenvalues: {FULL_LIMIT} is the most."
        )
    values: NDArray[np.float64] = np.maximum(np.linalg.eigvalsh(fiedler.dense_laplacian(B)), 0.0)
    return values


def _components_with_edges(B: scipy.sparse.csr_array) -> list[scipy.sparse.csr_array]:
    labels = labels_of_biadjacency(B)
    count = int(labels.max()) + 1
    if count == 1:
        return [B] if B.nnz else []
    inputs, outputs = (_grouped(side, count) for side in np.split(labels, [B.shape[1]]))
    return [B[rows][:, columns] for rows, columns in zip(outputs, inputs, strict=True) if len(rows) and len(columns)]


def _grouped(labels: NDArray[np.int32], count: int) -> list[NDArray[np.intp]]:
    """The positions of each label from 0 to `count` - 1."""
    return np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=count))[:-1])
