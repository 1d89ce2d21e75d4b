"""Eigenvalues of the graph Laplacian: algebraic connectivity and spectral gap.

L = D - [[0, A], [A^T, 0]], on the inputs and outputs of a junction, or on all neurons of a network. Its eigenvalues
are taken ascending, 0 = l_1 <= l_2 <= ... . (The source speaks of the "first and second largest"; the largest
follows the density alone, so that cannot be meant.)

References:
    Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683, 2017.
    Fiedler, "Algebraic connectivity of graphs", Czechoslovak Mathematical Journal 23, 1973.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.measures import adjacency, closed_forms, eigensolver, kernels
from gossamer.measures.degrees import labels_of_biadjacency
from gossamer.measures.folding import Graph, Weights, biadjacency, fold

if TYPE_CHECKING:
    import scipy.sparse

Degrees: TypeAlias = NDArray[np.float64]

FULL_LIMIT = 4096
"""The most neurons whose Laplacian is made dense for all of its eigenvalues."""


def algebraic_connectivity(g: Graph, weights: Weights | None = None, *, tolerance: float = 1e-10) -> float:
    """Second smallest eigenvalue of the Laplacian, from 0 to I + O; 0 iff the graph is disconnected, or one neuron.

    Args:
        g: a junction, or a network, taken as the graph of all its neurons.
        weights: edge weights whose absolute values replace the ones; 0 joins nothing.
        tolerance: largest residual of the eigenvector, relative to the largest sum of two joined degrees.

    Raises:
        ConvergenceError: the tolerance is not reached.

    >>> from gossamer import Rotated
    >>> algebraic_connectivity(Rotated([0, 1], in_features=2, out_features=2))
    2.0
    >>> algebraic_connectivity(Rotated([0, 2], in_features=4, out_features=4))
    0.0
    """
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        return float(laplacian_eigenvalues(junction)[1]) if closed_forms.circulant_components(junction) == 1 else 0.0
    B = biadjacency(g, weights)
    return _second_smallest(B, tolerance) if labels_of_biadjacency(B).max() == 0 else 0.0


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
    return min((_second_smallest(piece, tolerance) for piece in pieces), default=0.0)


def laplacian_eigenvalues(g: Graph, weights: Weights | None = None) -> NDArray[np.float64]:
    """All eigenvalues of the Laplacian, shape (I + O,), ascending, in [0, I + O]; all 0 without edges.

    By Fourier transform for rotated junctions of whole turns, from singular values for biregular ones, else dense.

    Raises:
        InvalidTopologyError: neither holds and there are more than 4096 neurons.
    """
    junction = fold(g)
    if weights is None and closed_forms.is_circulant(junction):
        k, turns = len(junction.offsets), junction.in_features // junction.out_features
        sigma = closed_forms.circulant_singular_values(junction)
        return closed_forms.biregular_laplacian(sigma, (junction.in_features, k), (junction.out_features, k * turns))
    B = biadjacency(g, weights)
    if sum(B.shape) > FULL_LIMIT:
        raise InvalidTopologyError(
            f"{sum(B.shape)} neurons are too many for all Laplacian eigenvalues: {FULL_LIMIT} is the most."
        )
    values: NDArray[np.float64] = np.maximum(np.linalg.eigvalsh(dense_laplacian(B)), 0.0)
    return values


def dense_laplacian(B: scipy.sparse.csr_array) -> NDArray[np.float64]:
    """L of shape (I + O, I + O), inputs first, of the biadjacency matrix (O, I)."""
    O, I = B.shape
    L = np.zeros((I + O, I + O))
    L[I:, :I] = -B.toarray()
    L[:I, I:] = L[I:, :I].T
    np.fill_diagonal(L, -L.sum(axis=1))
    return L


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


def _second_smallest(B: scipy.sparse.csr_array, tolerance: float) -> float:
    """The second smallest eigenvalue of a connected graph."""
    if sum(B.shape) == 1:
        return 0.0
    if sum(B.shape) <= eigensolver.DENSE_LIMIT:
        return float(np.linalg.eigvalsh(dense_laplacian(B))[1])
    to_outputs, to_inputs = np.asarray(B.sum(axis=1)), np.asarray(B.sum(axis=0))
    if np.ptp(to_outputs) == 0 == np.ptp(to_inputs):
        sigma = np.array(adjacency.largest_two(B, tolerance=tolerance)[: min(B.shape)])
        left, right = (len(to_inputs), float(to_inputs[0])), (len(to_outputs), float(to_outputs[0]))
        return float(closed_forms.biregular_laplacian(sigma, left, right)[1])
    return _by_lanczos(B, to_inputs, to_outputs, tolerance)


def _by_lanczos(B: scipy.sparse.csr_array, to_inputs: Degrees, to_outputs: Degrees, tolerance: float) -> float:
    """The least eigenvalue of L beside the constant vector, as c less the largest of c - L, c above all of L's."""
    O, I = B.shape
    forward, backward = kernels.products(B)
    top = _edge_bound(B, to_inputs, to_outputs)
    shift = top - np.concatenate([to_inputs, to_outputs])

    def apply(x: NDArray[np.float64]) -> NDArray[np.float64]:
        y = shift * x
        y[:I] += backward(x[I:])
        y[I:] += forward(x[:I])
        return y

    constant = np.full(I + O, 1 / np.sqrt(I + O))
    start = eigensolver.project_out(eigensolver.chirp(I + O), constant)
    pair = eigensolver.largest(
        eigensolver.deflated(apply, constant), start, scale=top, tolerance=tolerance, what="lambda_2"
    )
    return max(0.0, top - pair.value)


def _edge_bound(B: scipy.sparse.csr_array, to_inputs: Degrees, to_outputs: Degrees) -> float:
    """Anderson and Morley's bound on the largest eigenvalue: the largest sum of two joined degrees."""
    rows = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
    return float((to_outputs[rows] + to_inputs[B.indices]).max())
