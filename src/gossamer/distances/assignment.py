"""Solvers of the assignment problem: which neuron of one layer stands for which of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.overlap import JaccardCosts


class Solver(Protocol):
    """Matches the rows of a square cost matrix to its columns."""

    def match(self, costs: JaccardCosts) -> NDArray[np.int64]:
        """The column of each row, a permutation of shape (O,)."""
        ...


@final
@dataclass(frozen=True)
class ScipyOrder:
    """The optimum, with ties broken as `scipy.optimize.linear_sum_assignment` breaks them.

    The published NNSTD depends on this order. Needs the dense matrix: 8 bytes a pair of neurons.

    References:
        D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Trans. AES 52(4), 2016.
    """

    def match(self, costs: JaccardCosts) -> NDArray[np.int64]:
        """The column of each row, (O,)."""
        from scipy.optimize import linear_sum_assignment

        return np.asarray(linear_sum_assignment(costs.dense())[1], dtype=np.int64)
