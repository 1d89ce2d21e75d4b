"""The arithmetic of matching: the native extension where it is installed, NumPy and SciPy where it is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.distances.neurons import NeuronSets


def jaccard_rows(a: NeuronSets, b: NeuronSets, start: int, stop: int) -> NDArray[np.float64]:
    """Jaccard distances of neurons `start` to `stop - 1` of `a` to every neuron of `b`, (stop - start, O')."""
    if native.extension is None:
        return jaccard(_overlaps(a, b, start, stop), a.sizes[start:stop, None], b.sizes[None])
    out = np.empty((stop - start, b.count))
    native.extension.jaccard_rows(*a.rows, *b.readers, b.sizes, start, out)
    return out


def jaccard(
    overlaps: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(U - I) / U, or 0 where U = 0, of overlaps I and the sizes of both sets."""
    unions = first + second - overlaps
    return np.divide(unions - overlaps, unions, out=np.zeros_like(overlaps), where=unions > 0)


def assign_dense(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The column of each row in an optimal assignment (n, n), ties as `scipy.optimize.linear_sum_assignment`."""
    if native.extension is None:
        from scipy.optimize import linear_sum_assignment

        return np.asarray(linear_sum_assignment(costs)[1], dtype=np.int64)
    columns = np.empty(len(costs), dtype=np.int64)
    native.extension.assign_dense(costs, columns)
    return columns


def _overlaps(a: NeuronSets, b: NeuronSets, start: int, stop: int) -> NDArray[np.float64]:
    rows, columns = a.matrix()[start:stop], b.matrix()
    if a.weights is None and b.weights is None:
        return np.asarray((rows @ columns.T).toarray(), dtype=np.float64)
    overlaps = np.zeros((stop - start, b.count))
    by_input = columns.tocsc()
    for j in range(stop - start):
        row = slice(rows.indptr[j], rows.indptr[j + 1])
        readers = by_input[:, rows.indices[row]]
        shared = np.minimum(readers.data, np.repeat(rows.data[row], np.diff(readers.indptr)))
        overlaps[j] = np.bincount(readers.indices, weights=shared, minlength=b.count)
    return overlaps


def use_one_thread() -> None:
    """Let kernels called from this thread run on it alone."""
    if native.extension is not None:
        native.extension.use_one_thread()
