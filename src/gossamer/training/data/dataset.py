"""A data set as a value: images as stored, labels, and what one needs to know to cite it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import require_rng


@dataclass(frozen=True, eq=False, repr=False)
class Examples:
    """Inputs and their labels.

    Args:
        inputs: shape (N, I), uint8 as stored, or floating and finite (kept as float32); made read-only.
        labels: shape (N,), integers from 0 (kept as int64); made read-only.

    Raises:
        ValueError: shapes that do not fit, no example, NaN or infinite inputs, negative labels.
        TypeError: inputs that are neither uint8 nor floating, labels that are not integers.

    >>> Examples(np.zeros((3, 4)), np.array([0, 1, 0]))
    Examples(3 of 4 features)
    """

    inputs: NDArray[Any]
    labels: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", _frozen(_checked_inputs(self.inputs)))
        object.__setattr__(self, "labels", _frozen(_checked_labels(self.labels, len(self.inputs))))

    def take(self, numbers: NDArray[Any]) -> Examples:
        """The examples of these numbers, in this order."""
        return Examples(self.inputs[numbers], self.labels[numbers])

    def split(self, fraction: float, *, rng: np.random.Generator) -> tuple[Examples, Examples]:
        """Hold out a random `fraction` of the examples, rounded to a whole number; returns (kept, held out).

        Raises:
            ValueError: `fraction` leaves one of the parts empty.
            TypeError: `rng` is not a Generator.

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


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test examples of one task.

    Args:
        name: what it is called on the command line.
        train: examples to learn from.
        test: examples to judge by, of as many features.
        shape: of one input before it was flattened, channels first, such as (1, 28, 28).
        classes: the name of each label.
        source: who made it.
        licence: under which terms.

    Raises:
        ValueError: features, shape and classes that do not fit each other.

    >>> examples = Examples(np.array([[0.0, 2.0]]), np.array([1]))
    >>> Dataset("two", examples, examples, shape=(2,), classes=("no", "yes"), source="us", licence="MIT")
    Dataset('two', 1 to train, 1 to test, 2 features, 2 classes)
    """

    name: str
    train: Examples
    test: Examples
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    source: str
    licence: str

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            examples: Examples = getattr(self, part)
            if examples.inputs.shape[1] != self.num_features:
                raise ValueError(
                    f"{part} has {examples.inputs.shape[1]} features; shape={self.shape} has {self.num_features}."
                )
            if examples.labels.max() >= len(self.classes):
                raise ValueError(f"{part} has label {examples.labels.max()}; there are {len(self.classes)} classes.")

    @property
    def num_features(self) -> int:
        """Inputs of a network for it."""
        return math.prod(self.shape)

    @property
    def num_classes(self) -> int:
        """Outputs of a network for it."""
        return len(self.classes)

    @cached_property
    def scaling(self) -> tuple[float, float]:
        """Mean and standard deviation over all features of all training inputs, the latter 1 if they are constant.

        One pair for all features: a pixel that is nearly always 0 is not blown up.
        """
        inputs = self.train.inputs
        if inputs.dtype == np.uint8:  # from the histogram: exact, and no float copy of the images
            counts = np.bincount(inputs.ravel(), minlength=256)
            values = np.arange(256)
            mean = float(counts @ values) / inputs.size
            deviation = math.sqrt(float(counts @ (values - mean) ** 2) / inputs.size)
        else:
            mean, deviation = float(inputs.mean(dtype=np.float64)), float(inputs.std(dtype=np.float64))
        return mean, deviation if deviation > 0 else 1.0

    @cached_property
    def digest(self) -> str:
        """Name of the contents: 32 hexadecimal digits (BLAKE2b over all examples)."""
        state = hashlib.blake2b(f"{self.shape} {self.classes}".encode(), digest_size=16)
        for part in (self.train, self.test):
            for array in (part.inputs, part.labels):
                state.update(f"{array.dtype.str} {array.shape}".encode())
                state.update(np.ascontiguousarray(array).data)
        return state.hexdigest()

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.train)} to train, {len(self.test)} to test, "
            f"{self.num_features} features, {self.num_classes} classes)"
        )


def _checked_inputs(values: ArrayLike) -> NDArray[Any]:
    inputs = np.asarray(values)
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise ValueError(f"inputs has shape {inputs.shape}; it must be (N, I), neither of them 0.")
    if inputs.dtype == np.uint8:
        return inputs
    if inputs.dtype.kind != "f":
        raise TypeError(f"inputs has dtype {inputs.dtype}; it must be uint8 or floating.")
    wrong = np.argwhere(~np.isfinite(inputs))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(f"inputs[{row}, {column}]={inputs[row, column]} is not allowed: inputs must be finite.")
    return inputs.astype(np.float32, copy=False)


def _checked_labels(values: ArrayLike, count: int) -> NDArray[Any]:
    labels = np.asarray(values)
    if labels.shape != (count,):
        raise ValueError(f"labels has shape {labels.shape}; it must be {(count,)}, one label for each input.")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels has dtype {labels.dtype}; it must be an integer type.")
    if labels.min() < 0:
        raise ValueError(f"label {labels.min()} is not allowed: labels count from 0.")
    return labels.astype(np.int64, copy=False)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
