"""Spectra that need no iteration: rotated junctions by one Fourier transform, biregular ones by 2 x 2 blocks."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from gossamer.topology import Junction, Rotated


def is_circulant(g: Junction) -> TypeGuard[Rotated]:
    """Whether `g` is a rotated junction of whole turns (O divides I), which the Fourier transform diagonalises."""
    return isinstance(g, Rotated) and g.in_features % g.out_features == 0


def circulant_singular_values(g: Rotated) -> NDArray[np.float64]:
    """Singular values of A for whole turns: |DFT(v)| sqrt(I / O), shape (O,), descending.

    A is I / O copies of one circulant matrix, so A^T A is I / O times the circulant's own.

    >>> circulant_singular_values(Rotated([0, 1], in_features=4, out_features=2)).tolist()
    [2.8284271247461903, 0.0]
    """
    v = np.zeros(g.out_features)
    v[g.offsets] = 1
    values = np.abs(np.fft.fft(v)) * np.sqrt(g.in_features / g.out_features)
    # The transform's rounding must not make a zero into a connection: sums of k unit vectors err by about 1e-16 k.
    values[values < 1e-13 * values[0]] = 0.0
    return np.sort(values)[::-1]


def circulant_components(g: Rotated) -> int:
    """Number of connected components for whole turns: the greatest common divisor of O and the offsets' differences.

    Output j shares an input with j + (b - a) for every two offsets a, b, so components are residues of that divisor.

    >>> circulant_components(Rotated([1, 4], in_features=6, out_features=6))
    3
    """
    return int(np.gcd.reduce(np.append(np.diff(g.offsets), g.out_features)))


def biregular_laplacian(
    singular_values: NDArray[np.float64], left: tuple[int, float], right: tuple[int, float]
) -> NDArray[np.float64]:
    """All Laplacian eigenvalues of a biregular graph from the min(n, m) singular values of its biadjacency matrix.

    On the plane of a pair of singular vectors L is [[a, -s], [-s, b]], with eigenvalues
    (a + b -/+ sqrt((a - b)^2 + 4 s^2)) / 2; the rest of the larger side has its own degree as eigenvalue.

    Args:
        singular_values: shape (min(n, m),).
        left: number of neurons n and their degree a.
        right: number of neurons m and their degree b.

    Returns:
        shape (n + m,), ascending.
    """
    (n, a), (m, b) = left, right
    root = np.sqrt((a - b) ** 2 + 4 * singular_values**2)
    # ab - s^2 over the larger root: no cancellation where s is close to sqrt(ab).
    high = (a + b + root) / 2
    low = np.divide(a * b - singular_values**2, high, out=np.zeros_like(high), where=high > 0)
    rest = np.full(abs(n - m), a if n > m else b, dtype=np.float64)
    return np.sort(np.concatenate([np.maximum(low, 0.0), high, rest]))
