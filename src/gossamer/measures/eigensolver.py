"""Extreme eigenvalues of large symmetric operators by Lanczos, each one with the residual that was checked.

References:
    Paige, "The computation of eigenvalues and eigenvectors of very large sparse matrices", 1971: without
    reorthogonalisation extreme Ritz values still converge; rounding only adds copies of those that have converged.
    Cullum, Willoughby, "Lanczos Algorithms for Large Symmetric Eigenvalue Computations", 1985.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError
from gossamer.measures.kernels import Apply

Vector = NDArray[np.float64]

DENSE_LIMIT = 400
"""Up to this many rows LAPACK is faster than Lanczos."""

MOST_STEPS = 20_000
MOST_ENTRIES = 200_000_000
"""Lanczos gives up after so many steps, or so many vector entries (but at least 1,000 steps).

It needs about sqrt(largest eigenvalue / distance to the next) steps for each digit.
"""

KEPT_BYTES = 1 << 30

FINEST = 1e-12
"""No tolerance is taken for smaller than this: rounding would not let it be met."""


class Eigenpair(NamedTuple):
    """An eigenvalue, its unit vector (n,), and the norm of `A v - value v`: an eigenvalue lies that close."""

    value: float
    vector: Vector
    residual: float


def largest(apply: Apply, start: Vector, *, scale: float, tolerance: float, what: str) -> Eigenpair:
    """The largest eigenvalue of a symmetric operator that has a component along `start`.

    Lanczos vectors are kept up to 1 GiB; beyond it the recurrence runs a second time to give the eigenvector, so
    that memory is bounded at any number of steps. The residual of that vector is then computed, not estimated.

    Args:
        apply: the operator on vectors of shape (n,).
        start: shape (n,), not zero, see `chirp`.
        scale: a bound on the operator's norm, which makes `tolerance` relative.
        tolerance: the largest residual allowed is `tolerance * scale`.
        what: the eigenvalue's name in an error.

    Raises:
        ConvergenceError: the residual stays larger than allowed; the message gives the best value and its residual.
    """
    allowed = max(tolerance, FINEST) * scale
    coordinates, kept, bound = _top_of_recurrence(apply, start, allowed)
    basis = kept if len(kept) == len(coordinates) else (q for q, _, _ in _recurrence(apply, start))
    vector = np.zeros_like(start)
    for coordinate, q in zip(coordinates, basis, strict=False):
        _add(vector, float(coordinate), q)
    vector /= np.linalg.norm(vector)
    image = apply(vector)
    value = float(vector @ image)
    residual = float(np.linalg.norm(image - value * vector))
    if not residual <= 2 * allowed:
        raise ConvergenceError(
            f"{what}: after {len(coordinates)} Lanczos steps the residual is {residual:.3g} (estimate {bound:.3g}), "
            f"more than tolerance={tolerance:g} times {scale:.6g}; an eigenvalue lies that close to {value!r}."
        )
    return Eigenpair(value, vector, residual)


def _top_of_recurrence(apply: Apply, start: Vector, allowed: float) -> tuple[Vector, list[Vector], float]:
    """Coordinates of the top Ritz vector, the first Lanczos vectors, and the estimate of its residual.

    Stops once the estimate is at most half of what is allowed, or the space is exhausted, or after the most steps.
    """
    from scipy.linalg import eigh_tridiagonal

    diagonal: list[float] = []
    beside: list[float] = []
    kept: list[Vector] = []
    look = 8
    most = min(MOST_STEPS, max(1_000, MOST_ENTRIES // len(start)))
    for q, alpha, beta in _recurrence(apply, start):
        diagonal.append(alpha)
        if len(diagonal) * q.nbytes <= KEPT_BYTES:
            kept.append(q)
        steps = len(diagonal)
        ends = beta <= 1e-14 * allowed or steps == most
        if ends or steps >= look:
            vectors = eigh_tridiagonal(diagonal, beside, select="i", select_range=(steps - 1, steps - 1))[1]
            bound = beta * abs(float(vectors[-1, 0]))
            if ends or bound <= allowed / 2:
                break
            look = steps + max(8, steps // 8)
        beside.append(beta)
    return vectors[:, 0], kept, bound


def _recurrence(apply: Apply, start: Vector) -> Iterator[tuple[Vector, float, float]]:
    """Lanczos vectors with their diagonal entry and the entry beside it, until the space is exhausted."""
    previous, beta = np.zeros_like(start), 0.0
    q = start / np.linalg.norm(start)
    while True:
        r = apply(q)
        alpha = _dot(q, r)
        _add(r, -alpha, q)
        _add(r, -beta, previous)
        beta = math.sqrt(_dot(r, r))
        yield q, alpha, beta
        if beta == 0.0:
            return
        r /= beta
        previous, q = q, r


def _add(vector: Vector, factor: float, other: Vector) -> None:
    vector += factor * other


def _dot(x: Vector, y: Vector) -> float:
    """The inner product without BLAS, whose threads cost more than they save on vectors on a busy machine."""
    return float(np.einsum("i,i", x, y))


def chirp(size: int) -> Vector:
    """A start vector for Lanczos, shape (size,), not random, that no eigenvector is likely to be orthogonal to.

    A quadratic phase has a flat Fourier spectrum, so the eigenvectors of rotated topologies are all present in it.
    """
    position = np.arange(size, dtype=np.float64)
    return np.cos(math.pi * 0.6180339887498949 * position * position + 1.0)


def project_out(vector: Vector, unit: Vector) -> Vector:
    """Take its component along `unit` out of `vector`, in place, and return it."""
    _add(vector, -_dot(unit, vector), unit)
    return vector


def deflated(apply: Apply, unit: Vector) -> Apply:
    """The operator on the vectors orthogonal to `unit`, one of its eigenvectors: drift along it is removed."""
    return lambda x: project_out(apply(x), unit)


def several_largest(apply: Apply, size: int, *, count: int, tolerance: float = 1e-10) -> Vector:
    """The `count` largest eigenvalues of a positive operator, shape (count,), descending, by ARPACK.

    Raises:
        ConvergenceError: some residual exceeds `tolerance` times the largest eigenvalue.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    operator = LinearOperator((size, size), matvec=apply, dtype=np.float64)
    try:
        values, vectors = eigsh(operator, k=count, which="LA", v0=chirp(size), tol=tolerance / 10)
    except ArpackNoConvergence as stopped:
        raise ConvergenceError(
            f"{len(stopped.eigenvalues)} of {count} eigenvalues of {size} rows reached tolerance={tolerance:g}."
        ) from None
    residuals = [np.linalg.norm(apply(v) - value * v) for value, v in zip(values, vectors.T, strict=True)]
    if not max(residuals) <= tolerance * values.max():
        raise ConvergenceError(f"the residual {max(residuals):.3g} exceeds tolerance={tolerance:g}.")
    return np.sort(values)[::-1]
