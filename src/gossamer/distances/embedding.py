"""A map of points from nothing but their distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import require_int


def classical_mds(distances: ArrayLike, dimensions: int = 2) -> tuple[NDArray[np.float64], float]:
    """Classical multidimensional scaling: points whose Euclidean distances are as near the given ones as can be.

    B = -J D² J / 2, with J = I - 1/N, is the Gram matrix of centred points if the distances are Euclidean; its leading
    eigenvectors, times the roots of their eigenvalues, are the points. Signs: each coordinate's largest is positive.

    Args:
        distances: symmetric, not negative, 0 on the diagonal, (N, N).
        dimensions: of the map, at least 1.

    Returns:
        Points (N, dimensions), and the share of the sum of |eigenvalues| that they show, 0 to 1 (1 if all distances
        are 0). Distances that no Euclidean space has make eigenvalues negative: they are not shown.

    Raises:
        ValueError: `distances` is not such a matrix.

    References:
        W. S. Torgerson, "Multidimensional scaling: I. Theory and method", Psychometrika 17, 1952.

    >>> points, explained = classical_mds([[0, 3, 4], [3, 0, 5], [4, 5, 0]])
    >>> round(float(np.linalg.norm(points[1] - points[2])), 9), round(explained, 9)
    (5.0, 1.0)
    """
    require_int("dimensions", dimensions, low=1)
    D = np.asarray(distances, dtype=np.float64)
    if D.ndim != 2 or D.shape[0] != D.shape[1] or not len(D):
        raise ValueError(f"distances has shape {D.shape}; it must be square and not empty.")
    wrong = ~(np.isfinite(D) & (D >= 0) & np.isclose(D, D.T)) | (np.eye(len(D), dtype=np.bool_) & (D != 0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"distances[{row}, {column}]={D[row, column]} is not allowed: distances are finite, not negative, "
            "symmetric, and 0 on the diagonal."
        )
    squares = D**2
    means = squares.mean(axis=0)
    gram = -0.5 * (squares - means - means[:, None] + squares.mean())
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    order = np.argsort(-values)[:dimensions]
    roots = np.sqrt(np.maximum(values[order], 0))
    points = np.zeros((len(D), dimensions))
    points[:, : len(order)] = vectors[:, order] * roots
    points *= np.where(points[np.abs(points).argmax(axis=0), np.arange(dimensions)] < 0, -1.0, 1.0)
    scatter = np.abs(values).sum()
    return points, float((roots**2).sum() / scatter) if scatter > 0 else 1.0
