"""The Jaccard distance between every neuron of one layer and of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.distances import kernels
from gossamer.distances.neurons import NeuronSets
from gossamer.distances.ram import require_memory

_BLOCK_PAIRS = 1 << 22


@final
@dataclass(frozen=True, eq=False)
class JaccardCosts:
    """The matrix (O, O') of Jaccard distances between two layers' neurons, computed when and where it is asked for.

    The distance of sets S and T is 0 if both are empty, else (U - I) / U with I = |S n T| and U = |S u T|, computed
    in exactly this form: 1 - I / U rounds otherwise, and equal distances must be equal floats for ties to be ties.
    With weights, I sums the smaller and U the larger strength of each input (Ruzicka's weighted Jaccard distance).
    """

    a: NeuronSets
    b: NeuronSets

    @property
    def shape(self) -> tuple[int, int]:
        """Neurons of either layer."""
        return self.a.count, self.b.count

    def dense(self) -> NDArray[np.float64]:
        """All of it, float64.

        Raises:
            InsufficientMemoryError: it does not fit.
        """
        rows, columns = self.shape
        require_memory(8 * rows * columns, f"the cost matrix of {rows} x {columns} neurons")
        if native.extension is not None:
            return kernels.jaccard_rows(self.a, self.b, 0, rows)
        costs = np.empty((rows, columns))
        step = max(1, _BLOCK_PAIRS // columns)
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            costs[start:stop] = kernels.jaccard_rows(self.a, self.b, start, stop)
        return costs

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """The distances of the pairs (rows[p], columns[p])."""
        first, second = self.a.matrix()[rows], self.b.matrix()[columns]
        overlaps = np.asarray(first.minimum(second).sum(axis=1)).ravel()
        return kernels.jaccard(overlaps, self.a.sizes[rows], self.b.sizes[columns])
