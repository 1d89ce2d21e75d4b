"""How well a measure predicts the accuracy of families that it was not fitted to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """Squared errors on one family, foretold from all others.

    Attributes:
        error: sum over its runs, of a line through the other families' runs.
        baseline: sum over its runs, of the other families' mean accuracy at equal edge count.
    """

    error: float
    baseline: float

    @property
    def r_squared(self) -> float:
        """1 - error / baseline: 1 is perfect, 0 no better than the others' mean; NaN where baseline is 0."""
        return 1.0 - self.error / self.baseline if self.baseline > 0 else math.nan


def held_out(values: ArrayLike, accuracy: ArrayLike, *, family: ArrayLike, num_edges: ArrayLike) -> dict[str, HeldOut]:
    """Leave each family out in turn, all columns (R,).

    Values and accuracies are centred by the other families' means at equal edge count, both in the prediction and in
    the baseline, so that the effect of the edge count itself is no success: a constant measure gives exactly 0. Runs
    whose edge count no other family has are left out.

    >>> found = held_out([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], family=list("abab"), num_edges=[1, 1, 2, 2])
    >>> {name: each.r_squared for name, each in found.items()}
    {'a': 0.0, 'b': 0.0}
    """
    x, y = (np.asarray(column, dtype=np.float64) for column in (values, accuracy))
    families, edges = np.asarray(family), np.asarray(num_edges)
    return {str(name): _without(families == name, x, y, edges) for name in np.unique(families)}


def _without(test: NDArray[np.bool_], x: Vector, y: Vector, edges: NDArray[Any]) -> HeldOut:
    train = ~test
    x, y = _centred(x, edges, train), _centred(y, edges, train)
    square = float(x[train] @ x[train])
    slope = float(x[train] @ y[train]) / square if square > 0 else 0.0
    test = test & np.isin(edges, edges[train])
    return HeldOut(float(np.square(y[test] - slope * x[test]).sum()), float(np.square(y[test]).sum()))


def _centred(values: Vector, edges: NDArray[Any], train: NDArray[np.bool_]) -> Vector:
    left = values.copy()
    for count in np.unique(edges[train]):
        here = edges == count
        left[here] -= values[here & train].mean()
    return left
