"""Neurons as sets of their inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.topology import Junction


def inverse(permutation: NDArray[np.int64]) -> NDArray[np.int64]:
    """The permutation that undoes `permutation`."""
    undone = np.empty_like(permutation)
    undone[permutation] = np.arange(len(permutation))
    return undone


@final
@dataclass(frozen=True, eq=False)
class NeuronSets:
    """Each neuron's incoming inputs: `indices[indptr[j]:indptr[j + 1]]`, in any order, and how strong each is.

    Attributes:
        indptr: (O + 1,) int32.
        indices: (E,) int32, 0 to I - 1.
        weights: (E,) float64, above 0; None stands for ones.
        in_features: I.
    """

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    weights: NDArray[np.float64] | None
    in_features: int

    @classmethod
    def of(cls, junction: Junction, weights: ArrayLike | None = None) -> Self:
        """The sets of a junction; `weights` (E,) count by their absolute value, and an edge of weight 0 is none.

        Raises:
            InvalidTopologyError: weights of another shape, or not finite.
        """
        if weights is None:
            return cls(junction.indptr, junction.indices, None, junction.in_features)
        matrix = junction.to_scipy(_strengths(weights, junction.num_edges))
        matrix.eliminate_zeros()
        return cls(matrix.indptr, matrix.indices, matrix.data, junction.in_features)

    @property
    def count(self) -> int:
        """Number of sets O."""
        return len(self.indptr) - 1

    @cached_property
    def strengths(self) -> NDArray[np.float64]:
        """The weights, or ones, (E,)."""
        return np.ones(len(self.indices)) if self.weights is None else self.weights

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Sum of strengths of each set, (O,): its cardinality without weights."""
        if self.weights is None:
            return np.diff(self.indptr).astype(np.float64)
        owner = np.repeat(np.arange(self.count), np.diff(self.indptr))
        return np.bincount(owner, weights=self.weights, minlength=self.count).astype(np.float64)

    @property
    def rows(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        """The sets as the native kernels take them."""
        return self.indptr, self.indices, self.strengths

    @cached_property
    def readers(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        """For each input the neurons that read it: the transposed lists."""
        columns = self.matrix().tocsc()
        return columns.indptr.astype(np.int32), columns.indices.astype(np.int32), columns.data

    def with_inputs(self, order: NDArray[np.int64]) -> Self:
        """The same sets with new input `i` for old input `order[i]`."""
        renamed = inverse(order)[self.indices].astype(np.int32)
        return type(self)(self.indptr, renamed, self.weights, self.in_features)

    def subset(self, neurons: NDArray[np.int64]) -> Self:
        """The sets of some neurons."""
        part = self.matrix()[neurons]
        weights = None if self.weights is None else part.data
        return type(self)(part.indptr.astype(np.int32), part.indices.astype(np.int32), weights, self.in_features)

    def matrix(self) -> Any:
        """CSR array (O, I) of the strengths."""
        import scipy.sparse

        return scipy.sparse.csr_array((self.strengths, self.indices, self.indptr), shape=(self.count, self.in_features))


def _strengths(weights: ArrayLike, num_edges: int) -> NDArray[np.float64]:
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (num_edges,):
        raise InvalidTopologyError(f"weights has shape {array.shape}; the junction has ({num_edges},) edges.")
    if not np.isfinite(array).all():
        edge = int(np.flatnonzero(~np.isfinite(array))[0])
        raise InvalidTopologyError(f"weights[{edge}]={array[edge]} is not allowed: finite numbers are.")
    return np.abs(array)
