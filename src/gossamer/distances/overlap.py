"""Neurons as sets of their inputs, and the Jaccard distance between every neuron of one layer and of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.distances.memory import require_memory
from gossamer.distances.relabel import inverse
from gossamer.errors import InvalidTopologyError
from gossamer.topology import Junction

_BLOCK_PAIRS = 1 << 22


@final
@dataclass(frozen=True, eq=False)
class NeuronSets:
    """Each neuron's incoming inputs: `indices[indptr[j]:indptr[j + 1]]`, in any order, and how strong each is.

    Attributes:
        indptr: (O + 1,) int32.   indices: (E,) int32, 0 to I - 1.
        weights: (E,) float64, at least 0; None stands for ones.
        in_features: I.
    """

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    weights: NDArray[np.float64] | None
    in_features: int

    @classmethod
    def of(cls, junction: Junction, weights: ArrayLike | None = None) -> Self:
        """The sets of a junction; `weights` (E,) count by their absolute value.

        Raises:
            InvalidTopologyError: weights of another shape, or not finite.
        """
        strengths = None if weights is None else _strengths(weights, junction.num_edges)
        return cls(junction.indptr, junction.indices, strengths, junction.in_features)

    @property
    def count(self) -> int:
        """Number of sets O."""
        return len(self.indptr) - 1

    def with_inputs(self, order: NDArray[np.int64]) -> Self:
        """The same sets with new input `i` for old input `order[i]`."""
        return type(self)(self.indptr, inverse(order)[self.indices].astype(np.int32), self.weights, self.in_features)

    def matrix(self) -> Any:
        """CSR array (O, I) of the strengths."""
        import scipy.sparse

        data = np.ones(len(self.indices)) if self.weights is None else self.weights
        return scipy.sparse.csr_array((data, self.indices, self.indptr), shape=(self.count, self.in_features))


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

    def block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Rows `start` to `stop - 1`, float64."""
        return _jaccard(self._overlaps(start, stop), self._sizes(self.a)[start:stop, None], self._sizes(self.b)[None])

    def dense(self) -> NDArray[np.float64]:
        """All of it.

        Raises:
            InsufficientMemoryError: it does not fit.
        """
        rows, columns = self.shape
        require_memory(8 * rows * columns, f"the cost matrix of {rows} x {columns} neurons")
        costs = np.empty((rows, columns))
        step = max(1, _BLOCK_PAIRS // columns)
        for start in range(0, rows, step):
            costs[start : start + step] = self.block(start, min(start + step, rows))
        return costs

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """The distances of the pairs (rows[p], columns[p])."""
        first, second = self.a.matrix()[rows], self.b.matrix()[columns]
        overlaps = np.asarray(first.minimum(second).sum(axis=1)).ravel()
        return _jaccard(overlaps, self._sizes(self.a)[rows], self._sizes(self.b)[columns])

    def _overlaps(self, start: int, stop: int) -> NDArray[np.float64]:
        rows, columns = self.a.matrix()[start:stop], self.b.matrix()
        if self.a.weights is None and self.b.weights is None:
            return np.asarray((rows @ columns.T).toarray(), dtype=np.float64)
        overlaps = np.zeros((stop - start, columns.shape[0]))
        dense = columns.tocsc()
        for j in range(stop - start):
            row = slice(rows.indptr[j], rows.indptr[j + 1])
            part = dense[:, rows.indices[row]]
            part.data = np.minimum(part.data, np.repeat(rows.data[row], np.diff(part.indptr)))
            overlaps[j] = np.asarray(part.sum(axis=1)).ravel()
        return overlaps

    @staticmethod
    def _sizes(sets: NeuronSets) -> NDArray[np.float64]:
        return np.asarray(sets.matrix().sum(axis=1)).ravel()


def _jaccard(
    overlaps: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    unions = first + second - overlaps
    return np.divide(unions - overlaps, unions, out=np.zeros_like(overlaps), where=unions > 0)


def _strengths(weights: ArrayLike, num_edges: int) -> NDArray[np.float64]:
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (num_edges,):
        raise InvalidTopologyError(f"weights has shape {array.shape}; the junction has ({num_edges},) edges.")
    if not np.isfinite(array).all():
        edge = int(np.flatnonzero(~np.isfinite(array))[0])
        raise InvalidTopologyError(f"weights[{edge}]={array[edge]} is not allowed: finite numbers are.")
    return np.abs(array)
