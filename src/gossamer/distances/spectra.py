"""Distances of what survives relabelling: singular values and degrees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.ram import require_memory
from gossamer.distances.reading import NetworkLike, as_topology, require_same_widths
from gossamer.topology import Junction


def spectral(a: NetworkLike, b: NetworkLike) -> float:
    """Root mean square over junctions of ||s(A) - s(B)|| / sqrt(I * O), s the sorted singular values, 0 to 1.

    By Mirsky's theorem ||s(A) - s(B)|| <= ||A - B||_F, whatever the labels: the distance of one junction is at most
    the square root of its `edge_hamming` under any relabelling. A pseudometric. Blind to: relabellings of any layer
    (each junction's on its own, so also how junctions fit together), transposition, and cospectral graphs.

    Cost: a dense singular value decomposition a junction.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        InsufficientMemoryError: the dense matrices do not fit.

    References:
        L. Mirsky, "Symmetric gauge functions and unitarily invariant norms", Quart. J. Math. 11, 1960.

    >>> round(spectral([[[1, 0], [0, 1]]], [[[1, 1], [0, 0]]]), 6)  # (1, 1) and (sqrt 2, 0)
    0.541196
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    squares = [
        float(np.sum((_singular_values(g) - _singular_values(h)) ** 2)) / (g.in_features * g.out_features)
        for g, h in zip(first, second, strict=True)
    ]
    return math.sqrt(math.fsum(squares) / len(squares))


def degree_sequence(a: NetworkLike, b: NetworkLike) -> float:
    """Mean over junctions of the mean absolute difference of sorted degrees, relative to the largest possible, 0 to 1.

    Of each junction the mean of two terms: mean |sorted fan-in of A - of B| / I and mean |sorted fan-out of A - of
    B| / O (each the Wasserstein distance of two degree distributions). A pseudometric. Blind to: everything but how
    many neurons have how many edges; a random network and a ring of the same degrees are at distance 0.

    Raises:
        InvalidTopologyError: networks of different depths or widths.

    >>> degree_sequence([[[1, 1], [0, 0]]], [[[1, 0], [0, 1]]])
    0.25
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    terms = []
    for g, h in zip(first, second, strict=True):
        terms.append(_sorted_difference(g.fan_in, h.fan_in) / (g.out_features * g.in_features))
        terms.append(_sorted_difference(g.fan_out, h.fan_out) / (g.out_features * g.in_features))
    return math.fsum(terms) / len(terms)


def _sorted_difference(a: NDArray[np.int32], b: NDArray[np.int32]) -> float:
    return float(np.abs(np.sort(a).astype(np.int64) - np.sort(b)).sum())


def _singular_values(junction: Junction) -> NDArray[np.float64]:
    require_memory(
        24 * junction.in_features * junction.out_features,
        f"the singular values of a {junction.in_features} x {junction.out_features} junction",
    )
    return np.linalg.svd(junction.to_mask().astype(np.float64), compute_uv=False)
