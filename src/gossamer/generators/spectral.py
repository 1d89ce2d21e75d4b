"""What the optimiser of junctions aims at: a value of the spectrum, and the directions in which switches move it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError

_DENSE_BELOW = 48
_VECTORS = 12
_TOLERANCE = 1e-10


class Slope(NamedTuple):
    """A value, and how a switch changes it and its neighbours in the spectrum, to first order.

    Switching edges (a, b) and (c, d) is worth the scalar product of `left[a] - left[c]` and `right[b] - right[d]`.
    Where the graph is in parts, only the vectors that tell the parts apart count: each such switch joins two.
    """

    value: float
    left: NDArray[np.float64]
    right: NDArray[np.float64]


class Objective(Protocol):
    """A number of a junction that edge switches improve."""

    def slope(self, matrix: Any) -> Slope:
        """The value for a scipy matrix of shape (I, O), and its slope."""

    def is_better(self, value: float, other: float) -> bool:
        """Whether `value` is strictly better than `other`."""


@dataclass(frozen=True)
class SecondSingularValue:
    """Lower the second singular value of the adjacency: move the junction towards a Ramanujan graph."""

    def slope(self, matrix: Any) -> Slope:
        """sigma_2 of a matrix (I, O); 0 where one side has a single neuron, and without edges."""
        least = min(matrix.shape)
        if least == 1 or not matrix.nnz:
            return Slope(0.0, np.zeros((matrix.shape[0], 1)), np.zeros((matrix.shape[1], 1)))
        gram = (lambda x: matrix @ (matrix.T @ x)) if matrix.shape[0] == least else (lambda x: matrix.T @ (matrix @ x))
        values, vectors = _largest(gram, least)
        sigma = np.sqrt(np.maximum(values, 0))
        other = (matrix.T if matrix.shape[0] == least else matrix) @ vectors / np.where(sigma > 0, sigma, 1)
        left, right = (vectors, other) if matrix.shape[0] == least else (other, vectors)
        in_parts = np.isclose(sigma, sigma[0])
        weights = in_parts if in_parts[1] else np.concatenate([[0], _weights(sigma[1:])])
        return Slope(_rounded(sigma[1]), left * weights, right)

    def is_better(self, value: float, other: float) -> bool:
        """Lower is better."""
        return value < other


@dataclass(frozen=True)
class AlgebraicConnectivity:
    """Raise the second smallest eigenvalue of the Laplacian: no part hangs on few edges."""

    def slope(self, matrix: Any) -> Slope:
        """lambda_2 of the Laplacian of a matrix (I, O).

        Where both sides have one degree, c and d, it is (c + d - sqrt((c - d)^2 + 4 sigma_2^2)) / 2, and a switch is
        worth as much for one as for the other.
        """
        inputs = matrix.shape[0]
        fan_out, fan_in = matrix.sum(axis=1), matrix.sum(axis=0)
        c, d = fan_out[0], fan_in[0]
        if min(matrix.shape) > 1 and (fan_out == c).all() and (fan_in == d).all():
            sigma, left, right = SecondSingularValue().slope(matrix)
            return Slope(_rounded((c + d - math.hypot(c - d, 2 * sigma)) / 2), left, right)
        degree = np.concatenate([fan_out, fan_in])
        top = 2 * degree.max() + 1  # no eigenvalue is larger

        def turned(x: NDArray[np.float64]) -> NDArray[np.float64]:
            """(top - L) x, with the eigenvalue of the constant vector, which L maps to 0, moved to 0."""
            joined = np.concatenate([matrix @ x[inputs:], matrix.T @ x[:inputs]])
            return np.asarray(top * (x - x.mean(axis=0)) - (degree * x.T).T + joined)

        values, vectors = _largest(turned, sum(matrix.shape))
        values, vectors = values[:-1], vectors[:, :-1]
        in_parts = np.isclose(values, top)
        weights = in_parts if in_parts[0] else _weights(values)
        return Slope(_rounded(max(top - values[0], 0)), vectors[:inputs] * weights, vectors[inputs:])

    def is_better(self, value: float, other: float) -> bool:
        """Higher is better."""
        return value > other


def _rounded(value: float) -> float:
    """A value without its noise, so that equal ones compare as equal."""
    return round(float(value), 9)


def _weights(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 for the value aimed at, falling to 0 at the last one known: those next in line must move too."""
    reach = values[0] - values[-1]
    return (values - values[-1]) / reach if reach > 0 else np.ones_like(values)


def _largest(
    product: Callable[[NDArray[np.float64]], NDArray[np.float64]], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues of a symmetric operator, descending, and their vectors as columns."""
    if size < _DENSE_BELOW:
        values, vectors = np.linalg.eigh(product(np.eye(size)))
        return values[::-1], vectors[:, ::-1]
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    start = np.cos(math.e * np.arange(1, size + 1))  # fixed, so that the result depends on nothing else
    try:
        values, vectors = eigsh(operator, k=_VECTORS, which="LA", tol=_TOLERANCE, v0=start, ncv=3 * _VECTORS)
    except ArpackNoConvergence as error:
        raise ConvergenceError(f"the spectrum of {size} neurons did not converge to {_TOLERANCE:g}: {error}") from None
    order = np.argsort(-values)
    return values[order], vectors[:, order]
