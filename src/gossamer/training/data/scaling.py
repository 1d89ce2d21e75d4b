"""How inputs and numeric targets are brought to a size that networks learn from."""

from __future__ import annotations

import enum
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Scaling(enum.Enum):
    """What the mean and the deviation, to which inputs are brought to 0 and 1, are taken over.

    >>> Scaling("each")
    <Scaling.EACH: 'each'>
    """

    TOGETHER = "together"
    """All features of all training inputs: a pixel that is nearly always 0 is not blown up."""
    EACH = "each"
    """Each feature by itself: columns of a table have units of their own."""
    NONE = "none"
    """Nothing: inputs, and numbers to tell, are taken as they are."""


class Moments(NamedTuple):
    """A mean and a deviation: one pair of numbers for all features, or one array (I,) of each."""

    mean: float | NDArray[np.float32]
    deviation: float | NDArray[np.float32]


def moments(inputs: NDArray[Any], scaling: Scaling) -> Moments:
    """What training inputs (N, I) are scaled by; a deviation of 0 becomes 1."""
    if scaling is Scaling.NONE:
        return Moments(0.0, 1.0)
    if scaling is Scaling.EACH:
        return of_each(inputs)
    if inputs.dtype == np.uint8:
        mean, deviation = _of_bytes(inputs)
    else:
        mean, deviation = float(inputs.mean(dtype=np.float64)), float(inputs.std(dtype=np.float64))
    return Moments(mean, deviation if deviation > 0 else 1.0)


def of_each(values: NDArray[Any]) -> Moments:
    """The moments of each column of (N, K)."""
    mean, deviation = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    least = np.finfo(np.float32).eps * np.abs(mean)  # what rounding leaves of a constant column
    return Moments(mean.astype(np.float32), np.where(deviation > least, deviation, 1.0).astype(np.float32))


def _of_bytes(inputs: NDArray[Any]) -> tuple[float, float]:
    """From the histogram: exact, and no float copy of the images."""
    counts = np.bincount(inputs.ravel(), minlength=256)
    values = np.arange(256)
    mean = float(counts @ values) / inputs.size
    return mean, math.sqrt(float(counts @ (values - mean) ** 2) / inputs.size)
