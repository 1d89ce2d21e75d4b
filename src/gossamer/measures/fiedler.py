"""The second smallest Laplacian eigenvalue of a connected graph: to a relative accuracy, or an error.

Rounding and the residuals of iterations are relative to the largest eigenvalue. Where weights range over many
magnitudes that says nothing of the second smallest, so every value is held against its own error, and what is not
resolved is computed from the singular values of W^1/2 M, M the incidence matrix of the edges: L = M^T W M, and rows
that are merely scaled do not spoil small singular values.

References:
    Demmel, Gu, Eisenstat, Slapničar, Veselić, Drmač, "Computing the singular value decomposition with high relative
    accuracy", Linear Algebra and its Applications 299, 1999.
    Anderson, Morley, "Eigenvalues of the Laplacian of a graph", Linear and Multilinear Algebra 18, 1985.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError
from gossamer.measures import adjacency, closed_forms, eigensolver, kernels

if TYPE_CHECKING:
    import scipy.sparse

Degrees: TypeAlias = NDArray[np.float64]

OF_ITSELF = 1e4
"""The tolerance times this is the largest residual allowed relative to the eigenvalue: 1e-6 by default."""

MOST_WORK = 1e9
"""Edges times the square of neurons of a dense incidence matrix: about a second."""

_ROUNDING = 1e-15
"""Of the largest eigenvalue: what rounding does to the others."""


def second_smallest(B: scipy.sparse.csr_array, tolerance: float) -> float:
    """The second smallest eigenvalue of L, B (O, I) the positive weights of a connected graph.

    Raises:
        ConvergenceError: it is not resolved, and the graph is too large for the incidence matrix.
    """
    if sum(B.shape) == 1:
        return 0.0
    exponent = math.frexp(float(B.data.max()))[1]
    if exponent == 1:  # ones
        return _resolved(B, tolerance)
    scaled = B.copy()
    scaled.data = np.ldexp(B.data, -exponent)  # exact, and no degree overflows
    if not scaled.data.all():
        raise ConvergenceError(f"lambda_2: weights from {B.data.min():.3g} to {B.data.max():.3g} do not fit one scale.")
    return math.ldexp(_resolved(scaled, tolerance), exponent)


def dense_laplacian(B: scipy.sparse.csr_array) -> NDArray[np.float64]:
    """L of shape (I + O, I + O), inputs first, of the biadjacency matrix (O, I)."""
    O, I = B.shape
    L = np.zeros((I + O, I + O))
    L[I:, :I] = -B.toarray()
    L[:I, I:] = L[I:, :I].T
    np.fill_diagonal(L, -L.sum(axis=1))
    return L


def _resolved(B: scipy.sparse.csr_array, tolerance: float) -> float:
    to_outputs, to_inputs = np.asarray(B.sum(axis=1)), np.asarray(B.sum(axis=0))
    top = _edge_bound(B, to_inputs, to_outputs)
    needed = OF_ITSELF * max(tolerance, eigensolver.FINEST)
    if sum(B.shape) <= eigensolver.DENSE_LIMIT:
        value = float(np.linalg.eigvalsh(dense_laplacian(B))[1])
        return value if sum(B.shape) * _ROUNDING * top <= needed * value else _by_incidence(B)
    if np.ptp(to_outputs) == 0 == np.ptp(to_inputs):
        sigma = np.array(adjacency.largest_two(B, tolerance=tolerance)[: min(B.shape)])
        left, right = (len(to_inputs), float(to_inputs[0])), (len(to_outputs), float(to_outputs[0]))
        value = float(closed_forms.biregular_laplacian(sigma, left, right)[1])
        if tolerance * top <= needed * value:
            return value
    try:
        for attempt in (tolerance, eigensolver.FINEST):
            pair = _by_lanczos(B, (to_inputs, to_outputs), top, attempt)
            value = max(0.0, top - pair.value)
            if pair.residual + _ROUNDING * top <= needed * value:
                return value
    except ConvergenceError:
        if _is_too_large(B):
            raise
    return _by_incidence(B)


def _by_lanczos(
    B: scipy.sparse.csr_array, degrees: tuple[Degrees, Degrees], top: float, tolerance: float
) -> eigensolver.Eigenpair:
    """The least eigenvalue of L beside the constant vector as `top`, above all of L's, less the largest of top - L."""
    O, I = B.shape
    forward, backward = kernels.products(B)
    shift = top - np.concatenate(degrees)

    def apply(x: NDArray[np.float64]) -> NDArray[np.float64]:
        y = shift * x
        y[:I] += backward(x[I:])
        y[I:] += forward(x[:I])
        return y

    constant = np.full(I + O, 1 / np.sqrt(I + O))
    start = eigensolver.project_out(eigensolver.chirp(I + O), constant)
    deflated = eigensolver.deflated(apply, constant)
    return eigensolver.largest(deflated, start, scale=top, tolerance=tolerance, what="lambda_2")


def _edge_bound(B: scipy.sparse.csr_array, to_inputs: Degrees, to_outputs: Degrees) -> float:
    """Anderson and Morley's bound on the largest eigenvalue: the largest sum of two joined degrees."""
    rows = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
    return float((to_outputs[rows] + to_inputs[B.indices]).max())


def _is_too_large(B: scipy.sparse.csr_array) -> bool:
    return sum(B.shape) > eigensolver.DENSE_LIMIT and float(B.nnz) * float(sum(B.shape)) ** 2 > MOST_WORK


def _by_incidence(B: scipy.sparse.csr_array) -> float:
    """The square of the least singular value of W^1/2 M, beside the constant vector, by LAPACK's Jacobi method."""
    from scipy.linalg import helmert

    O, I = B.shape
    if _is_too_large(B):
        raise ConvergenceError(
            f"lambda_2 of {I + O} neurons with {B.nnz} edges is lost beside the largest weights, which range over "
            f"{math.log10(B.data.max() / B.data.min()):.1f} orders of magnitude; the exact way is for smaller graphs."
        )
    order = np.argsort(-B.data, kind="stable")
    rows = np.repeat(np.arange(O), np.diff(B.indptr))[order]
    beside_constant = helmert(I + O).T
    M = beside_constant[B.indices[order]] - beside_constant[I + rows]
    M *= np.sqrt(B.data[order])[:, None]
    return float(adjacency.jacobi(M)[-1] ** 2)
