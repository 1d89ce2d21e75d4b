"""Solvers of the assignment problem: which neuron of one layer stands for which of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import kernels
from gossamer.distances.overlap import JaccardCosts


class Match(NamedTuple):
    """A perfect matching of rows to columns, and how far from the best it can be.

    Attributes:
        columns: the column of each row, a permutation of shape (O,).
        gap: the total cost exceeds the minimum by at most this (0: it is the minimum).
    """

    columns: NDArray[np.int64]
    gap: float


class Solver(Protocol):
    """Matches the neurons of two layers of equal width."""

    def match(self, costs: JaccardCosts) -> Match:
        """A perfect matching of low total cost."""
        ...


@final
@dataclass(frozen=True)
class ScipyOrder:
    """The minimum, with ties broken as `scipy.optimize.linear_sum_assignment` breaks them.

    The published NNSTD depends on this order. Needs the dense matrix: 8 bytes a pair of neurons.

    References:
        D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Trans. AES 52(4), 2016.
    """

    def match(self, costs: JaccardCosts) -> Match:
        """The minimum."""
        return Match(kernels.assign_dense(costs.dense()), 0.0)
