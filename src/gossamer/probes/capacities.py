"""Capacities of paths: the largest, over paths, of the smallest magnitude on the path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

MOST_PATHS = 2**31
"""Pairs of an edge and a capacity that it lengthens; more are refused."""


def widest_paths(layers: Sequence[scipy.sparse.csr_array]) -> scipy.sparse.csr_array:
    """(H, I) capacities from the inputs of the first layer to the units of the last; pairs without a path are absent.

    Args:
        layers: one or more (O, I) matrices of magnitudes whose widths fit.

    Raises:
        ValueError: there is too much to do; says how much.
    """
    widest = layers[0]
    for layer in layers[1:]:
        widest = _extended(widest, layer)
    return widest


def to_outputs(layers: Sequence[scipy.sparse.csr_array]) -> NDArray[np.float64]:
    """(H,) capacities from the inputs of the first layer to any output of the last; 0 where there is no path.

    >>> import scipy.sparse
    >>> to_outputs([scipy.sparse.csr_array([[2.0, 1.0], [0.0, 3.0]]), scipy.sparse.csr_array([[5.0, 2.0]])])
    array([2., 2.])
    """
    reached = np.full(layers[-1].shape[0], np.inf)
    for layer in reversed(layers):
        before = np.zeros(layer.shape[1])
        np.maximum.at(before, layer.indices, np.minimum(layer.data, np.repeat(reached, np.diff(layer.indptr))))
        reached = before
    return reached


def _extended(widest: scipy.sparse.csr_array, layer: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """The max-min product of one more layer, row by row."""
    import scipy.sparse

    sizes = np.diff(widest.indptr).astype(np.int64)
    work = int(sizes[layer.indices].sum())
    if work > MOST_PATHS:
        raise ValueError(f"the capacities take {work:.3g} steps; {MOST_PATHS} is the most.")
    rows = []
    for k in range(layer.shape[0]):
        edges = slice(layer.indptr[k], layer.indptr[k + 1])
        near = layer.indices[edges]
        ends = np.cumsum(sizes[near])
        count = int(ends[-1]) if len(near) else 0
        places = np.arange(count) + np.repeat(widest.indptr[near] - (ends - sizes[near]), sizes[near])
        lengthened = np.minimum(widest.data[places], np.repeat(layer.data[edges], sizes[near]))
        row = np.zeros(widest.shape[1])
        np.maximum.at(row, widest.indices[places], lengthened)
        rows.append(scipy.sparse.csr_array(row[None, :]))
    return scipy.sparse.csr_array(scipy.sparse.vstack(rows, format="csr"))
