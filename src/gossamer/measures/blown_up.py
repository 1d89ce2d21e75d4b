"""Spectra of grouped junctions out of their bases: A is the base's matrix times a matrix of ones (g, h).

Vectors that are constant within groups see the base alone; all others see nothing but degrees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer.topology import Grouped, Junction

MOST_GROUPS = 2048
"""The most groups, of both sides together, whose matrix is made dense for all of its eigenvalues."""


def with_small_base(g: Junction) -> Grouped | None:
    """`g` if it is grouped and has so few groups that its Laplacian comes from its base."""
    if isinstance(g, Grouped) and g.base.in_features + g.base.out_features <= MOST_GROUPS:
        return g if max(g.group) > 1 else None
    return None


def scale(g: Grouped) -> float:
    """By what the singular values of the base are multiplied: sqrt(g h). The others are 0."""
    outputs, inputs = g.group
    return float(np.sqrt(outputs * inputs))


def laplacian_eigenvalues(g: Grouped) -> NDArray[np.float64]:
    """All eigenvalues of the Laplacian, shape (I + O,), ascending.

    Those of [[D_out h, -sqrt(g h) B], [., D_in g]] with the base's matrix B and degrees D, and each neuron's degree
    once less than there are neurons in its group.

    >>> from gossamer import Bipartite
    >>> laplacian_eigenvalues(Grouped(Bipartite.from_mask([[1]]), outputs=2)).round(9).tolist()
    [0.0, 1.0, 3.0]
    """
    outputs, inputs = g.group
    B = g.base.to_mask().astype(np.float64)
    out_degrees, in_degrees = B.sum(1) * inputs, B.sum(0) * outputs
    M = np.diag(np.concatenate([out_degrees, in_degrees]))
    M[: len(B), len(B) :] = -scale(g) * B
    M[len(B) :, : len(B)] = M[: len(B), len(B) :].T
    alone = np.concatenate([np.repeat(out_degrees, outputs - 1), np.repeat(in_degrees, inputs - 1)])
    return np.sort(np.concatenate([np.maximum(np.linalg.eigvalsh(M), 0.0), alone]))
