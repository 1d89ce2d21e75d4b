"""Examples as a value: inputs as stored, and what is to be told of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import require_rng


@dataclass(frozen=True, eq=False, repr=False)
class Examples:
    """Inputs and their labels.

    Args:
        inputs: shape (N, I), uint8 as stored, or floating and finite (kept as float32); made read-only.
        labels: of a classification, shape (N,), integers from 0 (kept as int64); of a regression, shape (N, K) or (N,),
            floating and finite (kept as float32, (N, K)). Made read-only.

    Raises:
        ValueError: shapes that do not fit, no example, NaN or infinite numbers, negative labels.
        TypeError: inputs that are neither uint8 nor floating, labels that are no numbers.

    >>> Examples(np.zeros((3, 4)), np.array([0, 1, 0]))
    Examples(3 of 4 features)
    """

    inputs: NDArray[Any]
    labels: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", _frozen(_checked_inputs(self.inputs)))
        object.__setattr__(self, "labels", _frozen(_checked_labels(self.labels, len(self.inputs))))

    @property
    def numeric(self) -> bool:
        """Whether the labels are numbers to come near to, not classes."""
        return bool(self.labels.dtype.kind == "f")

    def take(self, numbers: NDArray[Any]) -> Examples:
        """The examples of these numbers, in this order."""
        return Examples(self.inputs[numbers], self.labels[numbers])

    def split(self, fraction: float, *, rng: np.random.Generator | int) -> tuple[Examples, Examples]:
        """Hold out a random `fraction` of the examples, rounded to a whole number; returns (kept, held out).

        Raises:
            ValueError: `fraction` leaves one of the parts empty.
            TypeError: `rng` is neither a Generator nor a seed.

        >>> kept, held = Examples(np.eye(10), np.arange(10)).split(0.3, rng=np.random.default_rng(0))
        >>> len(kept), len(held), sorted([*kept.labels, *held.labels]) == list(range(10))
        (7, 3, True)
        """
        order = require_rng(rng).permutation(len(self))
        held = round(fraction * len(self)) if math.isfinite(fraction) else -1
        if not 0 < held < len(self):
            raise ValueError(f"fraction={fraction} of {len(self)} examples leaves one part empty.")
        return self.take(np.sort(order[held:])), self.take(np.sort(order[:held]))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Examples({len(self)} of {self.inputs.shape[1]} features)"


def _checked_inputs(values: ArrayLike) -> NDArray[Any]:
    inputs = np.asarray(values)
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise ValueError(f"inputs has shape {inputs.shape}; it must be (N, I), neither of them 0.")
    if inputs.dtype == np.uint8:
        return inputs
    if inputs.dtype.kind != "f":
        raise TypeError(f"inputs has dtype {inputs.dtype}; it must be uint8 or floating.")
    return _finite("inputs", inputs)


def _checked_labels(values: ArrayLike, count: int) -> NDArray[Any]:
    labels = np.asarray(values)
    if labels.dtype.kind not in "iuf":
        raise TypeError(f"labels has dtype {labels.dtype}; it must be integers (classes) or floating (numbers).")
    if labels.dtype.kind == "f":
        if labels.ndim not in (1, 2) or len(labels) != count or 0 in labels.shape:
            raise ValueError(f"labels has shape {labels.shape}; it must be ({count},) or ({count}, K).")
        return _finite("labels", labels.reshape(count, -1))
    if labels.shape != (count,):
        raise ValueError(f"labels has shape {labels.shape}; it must be {(count,)}, one label for each input.")
    if labels.min() < 0:
        raise ValueError(f"label {labels.min()} is not allowed: labels count from 0.")
    return labels.astype(np.int64, copy=False)


def _finite(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """The values as float32; the first that is none is named by its row and column."""
    with np.errstate(over="ignore"):
        kept = values.astype(np.float32, copy=False)
    if not np.isfinite(kept).all():
        row, column = np.argwhere(~np.isfinite(kept))[0]
        raise ValueError(f"{name}[{row}, {column}]={values[row, column]} is not allowed: {name} must be finite.")
    return kept


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
