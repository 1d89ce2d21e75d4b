"""Families as witnesses: one row a family and edge count, and permutations that move whole families."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Columns = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Witnesses:
    """The cells of a table of runs: a cell holds the runs of one family with one edge count, which are averaged.

    Attributes:
        cell: of each run, shape (R,).
        family: number of each cell's family, shape (C,).
        edges: number of each cell's edge count, shape (C,).
    """

    cell: NDArray[np.intp]
    family: NDArray[np.intp]
    edges: NDArray[np.intp]

    @classmethod
    def of(cls, family: ArrayLike, num_edges: ArrayLike) -> Witnesses:
        """The cells of runs with these families and edge counts, each (R,)."""
        families, edges = (np.unique(np.asarray(column), return_inverse=True)[1] for column in (family, num_edges))
        pairs, cell = np.unique(np.column_stack([families, edges]), axis=0, return_inverse=True)
        return cls(cell.ravel(), pairs[:, 0], pairs[:, 1])

    def mean(self, column: ArrayLike) -> Vector:
        """Mean of a column (R,) over the runs of each cell, (C,)."""
        sums = np.bincount(self.cell, weights=np.asarray(column, dtype=np.float64))
        return np.asarray(sums / np.bincount(self.cell))

    def scores(self, column: ArrayLike) -> Vector:
        """Mid-ranks of the means within each edge count, with mean 0 and, unless all are tied, variance 1, (C,)."""
        from scipy.stats import rankdata

        values, scores = self.mean(column), np.zeros(len(self.family))
        for number in np.unique(self.edges):
            group = np.flatnonzero(self.edges == number)
            ranks = rankdata(values[group])
            spread = ranks.std()
            if spread > 0:
                scores[group] = (ranks - ranks.mean()) / spread
        return scores

    def moved(self, permutations: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """For each permutation of the families the cell whose accuracy each cell gets, (P, C); -1 if there is none.

        A family takes all of another's accuracies, each at its own edge count: what makes a family good at every degree
        moves with it. Only families that share edge counts, directly or through others, change places.
        """
        kin, lookup = self._kin(), self._lookup()
        found = np.empty((permutations, len(self.family)), dtype=np.intp)
        for row in found:
            order = np.arange(len(lookup))
            for members in kin:
                order[members] = rng.permutation(members)
            row[:] = lookup[order[self.family], self.edges]
        return found

    def _lookup(self) -> NDArray[np.intp]:
        table = np.full((self.family.max() + 1, self.edges.max() + 1), -1, dtype=np.intp)
        table[self.family, self.edges] = np.arange(len(self.family))
        return table

    def _kin(self) -> Sequence[NDArray[np.intp]]:
        """Groups of families that are linked by common edge counts."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        held = csr_matrix((self._lookup() >= 0).astype(np.int64))
        count, label = connected_components(held @ held.T, directed=False)
        return [np.flatnonzero(label == number) for number in range(count)]


def residuals(columns: Columns, given: Columns) -> Columns:
    """What least squares on `given` (C, L) leaves of each column; rounding's rest of a column it explains becomes 0."""
    left: Columns = columns - given @ np.linalg.lstsq(given, columns, rcond=1e-10)[0]
    left[:, np.linalg.norm(left, axis=0) <= 1e-9 * np.linalg.norm(columns, axis=0)] = 0.0
    return left


def correlations(X: Columns, Y: Columns, there: NDArray[np.bool_]) -> Columns:
    """Correlation of every centred column of X (C, M) with every row of Y (P, C) over the cells that are there.

    Returns:
        (P, M); 0 where one is constant.
    """
    Y = np.where(there, Y, 0.0)
    norms = np.sqrt((there @ X**2) * np.square(Y).sum(axis=1, keepdims=True))
    result: Columns = np.divide(Y @ X, norms, out=np.zeros(norms.shape), where=norms > 0)
    return np.clip(result, -1.0, 1.0)


def share(null: Columns, observed: Vector) -> Vector:
    """Permutations (P, M) that reach each observed |value| (M,), the observed arrangement counted as one of them."""
    reached: Vector = (1 + (np.abs(null) >= np.abs(observed) - 1e-12).sum(axis=0)) / (1 + len(null))
    return reached
