"""The synthetic functions F1 to F10 whose interactions are known.

References:
    Tsang, Cheng, Liu, ICLR 2018 (arXiv 1705.04977), table of synthetic functions; taken from memory, and tested here: a
    pair of features is listed together exactly if the function's mixed difference in them is not zero somewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
INPUTS = 10

abs_, sqrt, exp, log = np.abs, np.sqrt, np.exp, np.log
Sets = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of ten inputs, and the sets of inputs that interact in it, counted from 1 as in the paper.

    Args:
        name: F1 to F10.
        value: of x, (11, N): row k holds the input that the paper calls x_k, row 0 nothing.
        interactions: the true sets.
    """

    name: str
    value: Callable[[Array], Any]
    interactions: Sets

    def __call__(self, x: Array) -> Array:
        """Values (N,) at points (N, 10)."""
        values: Array = self.value(np.vstack([np.full(len(x), np.nan), x.T]))
        return values

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Points (count, 10), uniform over the function's range."""
        low = np.full(INPUTS, -1.0)
        if self.name == "F1":
            low[:] = 0
            low[[3, 4, 7, 9]] = 0.6
        return rng.uniform(low, 1.0, size=(count, INPUTS))

    @property
    def truth(self) -> tuple[frozenset[int], ...]:
        """The true sets, counted from 0."""
        return tuple(frozenset(i - 1 for i in each) for each in self.interactions)


def _f1(x: Array) -> Any:
    return (
        np.pi ** (x[1] * x[2]) * sqrt(2 * x[3])
        - np.arcsin(x[4])
        + log(x[3] + x[5])
        - x[9] / x[10] * sqrt(x[7] / x[8])
        - x[2] * x[7]
    )


def _f2(x: Array) -> Any:
    return (
        np.pi ** (x[1] * x[2]) * sqrt(2 * abs_(x[3]))
        - np.arcsin(0.5 * x[4])
        + log(abs_(x[3] + x[5]) + 1)
        + x[9] / (1 + abs_(x[10])) * sqrt(abs_(x[7]) / (1 + abs_(x[8])))
        - x[2] * x[7]
    )


def _f3(x: Array) -> Any:
    return (
        exp(abs_(x[1] - x[2]))
        + abs_(x[2] * x[3])
        - (x[3] ** 2) ** abs_(x[4])
        + log(x[4] ** 2 + x[5] ** 2 + x[7] ** 2 + x[8] ** 2)
        + x[9]
        + 1 / (1 + x[10] ** 2)
    )


def _f4(x: Array) -> Any:
    return _f3(x) + (x[1] * x[4]) ** 2


def _f5(x: Array) -> Any:
    return (
        1 / (1 + x[1] ** 2 + x[2] ** 2 + x[3] ** 2) + sqrt(exp(x[4] + x[5])) + abs_(x[6] + x[7]) + x[8] * x[9] * x[10]
    )


def _f6(x: Array) -> Any:
    return (
        exp(abs_(x[1] * x[2]) + 1)
        - exp(abs_(x[3] + x[4]) + 1)
        + np.cos(x[5] + x[6] - x[8])
        + sqrt(x[8] ** 2 + x[9] ** 2 + x[10] ** 2)
    )


def _f7(x: Array) -> Any:
    return (
        (np.arctan(x[1]) + np.arctan(x[2])) ** 2
        + np.maximum(x[3] * x[4] + x[6], 0)
        - 1 / (1 + (x[4] * x[5] * x[6] * x[7] * x[8]) ** 2)
        + (abs_(x[7]) / (1 + abs_(x[9]))) ** 5
        + x[1:].sum(axis=0)
    )


def _f8(x: Array) -> Any:
    return (
        x[1] * x[2]
        + 2 ** (x[3] + x[5] + x[6])
        + 2 ** (x[3] + x[4] + x[5] + x[7])
        + np.sin(x[7] * np.sin(x[8] + x[9]))
        + np.arccos(0.9 * x[10])
    )


def _f9(x: Array) -> Any:
    return (
        np.tanh(x[1] * x[2] + x[3] * x[4]) * sqrt(abs_(x[5]))
        + exp(x[5] + x[6])
        + log((x[6] * x[7] * x[8]) ** 2 + 1)
        + x[9] * x[10]
        + 1 / (1 + abs_(x[10]))
    )


def _f10(x: Array) -> Any:
    return np.sinh(x[1] + x[2]) + np.arccos(np.tanh(x[3] + x[5] + x[7])) + np.cos(x[4] + x[5]) + 1 / np.cos(x[7] * x[9])


_LIKE_F1: Sets = ((1, 2, 3), (3, 5), (7, 8, 9, 10), (2, 7))
_LIKE_F3: Sets = ((1, 2), (2, 3), (3, 4), (4, 5, 7, 8))

FUNCTIONS = {
    each.name: each
    for each in (
        Function("F1", _f1, _LIKE_F1),
        Function("F2", _f2, _LIKE_F1),
        Function("F3", _f3, _LIKE_F3),
        Function("F4", _f4, (*_LIKE_F3, (1, 4))),
        Function("F5", _f5, ((1, 2, 3), (4, 5), (6, 7), (8, 9, 10))),
        Function("F6", _f6, ((1, 2), (3, 4), (5, 6, 8), (8, 9, 10))),
        Function("F7", _f7, ((1, 2), (3, 4, 6), (4, 5, 6, 7, 8), (7, 9))),
        Function("F8", _f8, ((1, 2), (3, 5, 6), (3, 4, 5, 7), (7, 8, 9))),
        Function("F9", _f9, ((1, 2, 3, 4, 5), (5, 6), (6, 7, 8), (9, 10))),
        Function("F10", _f10, ((1, 2), (3, 5, 7), (4, 5), (7, 9))),
    )
}
"""The suite by name."""
