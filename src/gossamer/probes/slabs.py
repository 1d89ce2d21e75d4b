"""Where a sigmoid unit lets gradient pass: the slab of inputs beside its hyperplane.

References:
    van den Berg, "Some Insights into the Geometry and Training of Neural Networks", 2016, arXiv 1605.00329. The
    threshold
    at half of the largest slope is our choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, require_fraction, require_known
from gossamer.measures.persistence import as_matrices
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STRETCH = {"sigmoid": 2.0, "tanh": 1.0}
"""c of the slope's shape, slope(z) / slope(0) = 1 / cosh(z / c)^2."""


@dataclass(frozen=True, eq=False)
class Slabs(Finding):
    """The slab of each unit of a layer.

    Attributes:
        threshold: share of the largest slope that counts as gradient passing.
        widths: (O,) distance between the slab's two faces; infinite for a unit without weights.
        fractions: (O,) share of the points inside, 0 to 1.
        norms: (O,) lengths of the units' weights.
    """

    equation: ClassVar[str] = "slab_s = {x : slope(w_s x + b_s) >= threshold slope(0)},  width_s = 2 z / |w_s|"
    threshold: float
    widths: NDArray[np.float64]
    fractions: NDArray[np.float64]
    norms: NDArray[np.float64]

    def record(self) -> dict[str, Number]:
        """Mean and extremes over units."""
        return {
            "units": len(self.widths),
            "threshold": self.threshold,
            "mean_fraction": float(self.fractions.mean()),
            "least_fraction": float(self.fractions.min()),
            "largest_fraction": float(self.fractions.max()),
            "median_width": float(np.median(self.widths)),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Fractions against widths."""
        ax = axes_or_new(ax)
        ax.scatter(self.widths, self.fractions, s=8)
        title = f"Slabs at {self.threshold:g} of the largest slope"
        ax.set(xlabel="width of the slab", ylabel="share of the points inside", xscale="log", title=title)
        return ax


def gradient_slabs(
    weight: ArrayLike | Any,
    bias: ArrayLike | None,
    x: ArrayLike,
    *,
    threshold: float = 0.5,
    activation: Literal["sigmoid", "tanh"] = "sigmoid",
) -> Slabs:
    """The width of each unit's slab, and the share of the points in it.

    Args:
        weight: (O, I) array or scipy matrix of a layer.
        bias: (O,), or None for zeros.
        x: (N, I) points.
        threshold: share of the largest slope, above 0 and below 1.
        activation: whose slope it is.

    Raises:
        InvalidTopologyError: weights that are no matrix or not finite.
        ValueError: points or biases that do not fit, a threshold outside its range, another activation.

    >>> found = gradient_slabs([[2.0, 0.0]], None, [[0.0, 5.0], [3.0, 0.0]])
    >>> round(float(found.widths[0]), 4), float(found.fractions[0])
    (1.7627, 0.5)
    """
    stretch = require_known("activation", activation, _STRETCH)
    share = require_fraction("threshold", threshold)
    if share in (0, 1):
        raise ValueError(f"threshold={share:g} is not allowed: it must lie between 0 and 1, without them.")
    layer = as_matrices([weight])[0]
    z = _require_points(x, layer.shape[1]) @ layer.T
    if bias is not None:
        z = z + _require_bias(bias, layer.shape[0])
    edge = stretch * math.acosh(1 / math.sqrt(share))
    norms = np.sqrt(np.asarray((layer * layer).sum(axis=1)))
    widths = np.divide(2 * edge, norms, out=np.full(len(norms), np.inf), where=norms > 0)
    return Slabs(share, widths, (np.abs(z) <= edge).mean(axis=0), norms)


def _require_points(x: ArrayLike, features: int) -> NDArray[np.float64]:
    points = np.asarray(x, dtype=np.float64)
    if points.ndim != 2 or not len(points) or points.shape[1] != features:
        raise ValueError(f"x has shape {points.shape}; it must be (points, {features}) with at least one point.")
    if not np.isfinite(points).all():
        raise ValueError("x holds values that are not finite.")
    return points


def _require_bias(bias: ArrayLike, units: int) -> NDArray[np.float64]:
    values = np.asarray(bias, dtype=np.float64)
    if values.shape != (units,) or not np.isfinite(values).all():
        raise InvalidTopologyError(f"bias has shape {values.shape}; it must be ({units},) and finite.")
    return values
