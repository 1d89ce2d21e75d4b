"""Extreme eigenvalues of large symmetric operators by Lanczos, each one returned with the residual that was checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError

Vector = NDArray[np.float64]
Apply = Callable[[Vector], Vector]

DENSE_LIMIT = 400
"""Up to this many rows LAPACK is faster than Lanczos."""

LANCZOS_VECTORS = 48
RESTARTS = 40


class Eigenpairs(NamedTuple):
    """Eigenvalues (k,) descending, unit vectors (n, k), and the norms (k,) of `A v - value v`."""

    values: Vector
    vectors: NDArray[np.float64]
    residuals: Vector


def chirp(size: int) -> Vector:
    """A start vector for Lanczos, not random, that no eigenvector is likely to be orthogonal to.

    A quadratic phase has a flat Fourier spectrum, so the eigenvectors of rotated topologies are all present in it.
    """
    position = np.arange(size, dtype=np.float64)
    return np.cos(math.pi * position * position * 0.6180339887498949 + 1.0)


def largest(apply: Apply, size: int, *, count: int, scale: float, tolerance: float, what: str) -> Eigenpairs:
    """The `count` largest eigenvalues of a symmetric operator on vectors of shape (size,).

    Args:
        apply: the operator.
        size: rows of the operator, more than `count`.
        count: how many.
        scale: a bound on the operator's norm, which makes `tolerance` relative.
        tolerance: the largest residual allowed is `tolerance * scale`.
        what: the eigenvalue's name in an error.

    Raises:
        ConvergenceError: a residual is larger than allowed; the message gives the best value and its residual.
            An eigenvalue lies within the residual of the value.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    operator = LinearOperator((size, size), matvec=apply, dtype=np.float64)
    ncv = min(size, max(LANCZOS_VECTORS, 2 * count + 16))
    try:
        values, vectors = eigsh(operator, k=count, which="LA", ncv=ncv, tol=tolerance, v0=chirp(size), maxiter=RESTARTS)
    except ArpackNoConvergence as stopped:
        values, vectors = stopped.eigenvalues, stopped.eigenvectors
        if len(values) < count:
            raise ConvergenceError(
                f"{what}: {len(values)} of {count} eigenvalues of a matrix of {size} rows reached "
                f"tolerance={tolerance:g} within {RESTARTS} restarts of {ncv} Lanczos vectors."
            ) from None
    order = np.argsort(values)[::-1]
    pairs = checked(apply, values[order], vectors[:, order])
    worst = float(pairs.residuals.max())
    # ARPACK's own test is relative to each eigenvalue; ours is relative to the norm, with room for rounding.
    if not worst <= max(tolerance, 1e-13) * scale * 4:
        raise ConvergenceError(
            f"{what}: the residual {worst:.3g} exceeds tolerance={tolerance:g} times the norm {scale:.3g}; "
            f"the best value is {float(pairs.values[-1])!r}."
        )
    return pairs


def checked(apply: Apply, values: Vector, vectors: NDArray[np.float64]) -> Eigenpairs:
    """The pairs with the residuals that the operator itself gives them."""
    residuals = [float(np.linalg.norm(apply(v) - value * v)) for value, v in zip(values, vectors.T, strict=True)]
    return Eigenpairs(values, vectors, np.array(residuals))


def without(vector: Vector, apply: Apply) -> Apply:
    """The operator with the unit `vector` projected out, before and after: its eigenvalue becomes 0."""

    def deflated(x: Vector) -> Vector:
        y = apply(x - vector * (vector @ x))
        result: Vector = y - vector * (vector @ y)
        return result

    return deflated
