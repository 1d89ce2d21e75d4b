"""Which scale an axis has, from the numbers that stand on it; and the symmetric logarithm, which Plotly lacks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 20.0
"""Positive numbers that differ by this factor or more are spread by their ratios."""

_DECADES = 3
"""Decades that a symmetric logarithm shows below its largest number, at most; the rest is next to 0."""


@final
@dataclass(frozen=True, slots=True)
class Scale:
    """A scale: "linear", "log" or "symlog".

    Attributes:
        kind: which.
        threshold: of "symlog": below it the scale is nearly linear; more than 0.
    """

    kind: str = "linear"
    threshold: float = 1.0

    def placed(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values stand on an axis that is linear itself: of "symlog", sign(v) log10(1 + |v| / threshold).

        >>> Scale("symlog", 0.5).placed([0, 0.5, -49.5]).round(3)
        array([ 0.   ,  0.301, -2.   ])
        """
        found = np.asarray(values, dtype=np.float64)
        if self.kind == "symlog":
            return np.sign(found) * np.log10(1 + np.abs(found) / self.threshold)
        return found

    def ticks(self, values: Iterable[float]) -> list[float]:
        """Round numbers that span the values on a "symlog" axis: 0 and powers of ten; every other one if they are many.

        >>> Scale("symlog", 0.01).ticks([0.0, 0.2, 3.0])
        [0.0, 0.01, 0.1, 1.0, 10.0]
        """
        found = [value for value in values if math.isfinite(value)]
        low, high = min(found, default=0.0), max(found, default=1.0)
        first = math.floor(math.log10(self.threshold))
        up, down = (_powers(first, end) for end in (high, -low))
        return [*(-value for value in reversed(down)), 0.0, *up]

    def apply(self, ax: Axes, axis: str) -> None:
        """Set it as the scale of Matplotlib's axis "x" or "y"."""
        options = {"linthresh": self.threshold} if self.kind == "symlog" else {}
        getattr(ax, f"set_{axis}scale")(self.kind, **options)


def scale_of(values: Iterable[float], *, symmetric: bool = False) -> Scale:
    """The scale for these numbers.

    Args:
        values: what stands on the axis; those that are not finite are passed over.
        symmetric: whether they are of a kind that has zeros and is spread by ratios otherwise, as λ₂ is.

    Returns:
        "log" of positive numbers that differ by a factor of 20 or more; "symlog" of those that hold 0 or less and
        differ as much, and of all that are `symmetric`; else "linear".

    >>> [scale_of(values).kind for values in ([1, 2], [1, 50], [0, 0.001, 2], [-1, 1])]
    ['linear', 'log', 'symlog', 'linear']
    """
    found = np.array([abs(value) for value in values if math.isfinite(value)])
    lengths = found[found > 0]
    if not len(lengths):
        return Scale()
    wide = float(lengths.max() / lengths.min()) >= _WIDE
    if symmetric or (wide and (len(lengths) < len(found) or min(_finite(values)) < 0)):
        return Scale("symlog", _threshold(lengths))
    return Scale("log") if wide else Scale()


def span(values: Iterable[float], *, room: float = 0.06) -> tuple[float, float] | None:
    """The ends of an axis for these numbers, with some room on both sides; None of no numbers.

    >>> span([1.0, 2.0], room=0.1)
    (0.9, 2.1)
    """
    found = _finite(values)
    if not found:
        return None
    low, high = min(found), max(found)
    reach = room * (high - low) or 0.05 * abs(high) or 0.5
    return low - reach, high + reach


def whole_step(last: int, most: int = 10) -> int:
    """The distance of ticks that are whole numbers: 1, 2 or 5 times a power of ten, so that at most `most` are needed.

    >>> [whole_step(last) for last in (3, 20, 200)]
    [1, 2, 20]
    """
    step = 1
    while last / step > most:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


def _threshold(lengths: NDArray[np.float64]) -> float:
    """A power of ten near the smallest number, but not too far below the largest."""
    low, high = math.floor(math.log10(float(lengths.min()))), math.floor(math.log10(float(lengths.max())))
    return float(10.0 ** max(low, high - _DECADES))


def _powers(first: int, end: float) -> list[float]:
    if end <= 0:
        return []
    last = math.ceil(math.log10(end)) if end > 10.0**first else first
    return [float(f"1e{power}") for power in range(first, last + 1)]


def _finite(values: Iterable[float] | Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
