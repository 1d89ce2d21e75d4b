"""A picture of a plane through the space of inputs: the regions that hidden units cut, and who decides there.

References:
    van den Berg, "Some Insights into the Geometry and Training of Neural Networks", 2016, arXiv 1605.00329: hidden
    units
    cut space by hyperplanes, and decision regions are put together from the pieces. Counting patterns on a grid is
    ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import require_int
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number
from gossamer.probes.models import require_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor, nn

_BLOCK = 1 << 14
_FLAT = 1e-6
"""How much shorter one axis of a triangle than the other is taken for rounding of points on one line."""


@dataclass(frozen=True, eq=False)
class Slice(Finding):
    """A square grid of points on a plane.

    Attributes:
        coordinates: (R,) positions along both axes, from -margin to 1 + margin: the corners given are at (0, 0), (1, 0)
            and (0, 1).
        regions: (R, R) number of each point's pattern of hidden units above and below 0; rows go along the second axis.
        classes: (R, R) number of the largest output; of one output, whether it is positive.
    """

    equation: ClassVar[str] = "region(x) = (sign z_s(x) over hidden units s),  x = x_0 + a (x_1 - x_0) + b (x_2 - x_0)"
    coordinates: NDArray[np.float64]
    regions: NDArray[np.int64]
    classes: NDArray[np.int64]

    @property
    def num_regions(self) -> int:
        """Patterns that the grid meets: at most those that the plane meets."""
        return int(self.regions.max()) + 1

    def record(self) -> dict[str, Number]:
        """Numbers of patterns and of classes, and the share of the grid that borders on another class."""
        return {
            "regions": self.num_regions,
            "classes": len(np.unique(self.classes)),
            "boundary_share": float(borders(self.classes).mean()),
            "grid": len(self.coordinates),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Classes as colours, the regions' borders as thin lines, the three corners as dots."""
        ax = axes_or_new(ax)
        ends = (self.coordinates[0], self.coordinates[-1]) * 2
        ax.imshow(self.classes, origin="lower", extent=ends, cmap="tab10", vmin=0, vmax=9, alpha=0.6)
        lines = np.ma.masked_equal(borders(self.regions).astype(float), 0.0)
        ax.imshow(lines, origin="lower", extent=ends, cmap="gray", vmin=0, vmax=2, alpha=0.5)
        ax.scatter([0, 1, 0], [0, 0, 1], color="black", s=12)
        ax.set(xlabel="a", ylabel="b", title=f"{self.num_regions} regions")
        return ax


def region_slice(model: nn.Module, corners: Tensor, *, resolution: int = 200, margin: float = 0.5) -> Slice:
    """Regions and decisions on the plane through three points.

    Args:
        model: a perceptron of `Linear` and `SparseLinear` layers; the last one decides, the others' units cut.
        corners: (3, I) points that span a plane, such as three examples.
        resolution: points a side R, at least 2.
        margin: how far the square reaches beyond the corners, in lengths of its sides.

    Raises:
        ValueError: corners of another shape, not finite or on one line; no hidden layer; weights not finite.
        TypeError: a model that is no multilayer perceptron.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    >>> region_slice(model, torch.tensor([[0.0, 0], [1, 0], [0, 1]]), resolution=20).classes.shape
    (20, 20)
    """
    import torch

    side = require_int("resolution", resolution, low=2)
    base, first, second = _require_corners(model, corners)
    steps = torch.linspace(-margin, 1 + margin, side).to(base)
    b, a = torch.meshgrid(steps, steps, indexing="ij")
    weights = torch.stack([a.ravel(), b.ravel()], dim=1)
    patterns, classes = [], []
    for part in weights.split(_BLOCK):
        signs, decided = _signs(model, base + part @ torch.stack([first, second]))
        patterns.append(np.packbits(signs.cpu().numpy(), axis=1))
        classes.append(decided.cpu().numpy())
    numbers = np.unique(np.concatenate(patterns), axis=0, return_inverse=True)[1]
    shape = (side, side)
    return Slice(steps.double().cpu().numpy(), numbers.reshape(shape), np.concatenate(classes).reshape(shape))


def borders(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a cell's right or upper neighbour has another number."""
    found = np.zeros(numbers.shape, dtype=bool)
    found[:, :-1] |= numbers[:, :-1] != numbers[:, 1:]
    found[:-1] |= numbers[:-1] != numbers[1:]
    return found


def _signs(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    from gossamer.probes.preactivations import preactivations

    *hidden, last = preactivations(model, x)
    if not hidden:
        raise ValueError("the network has no hidden layer, so nothing cuts its space into regions.")
    decided = last.argmax(dim=1) if last.shape[1] > 1 else (last[:, 0] > 0).long()
    return torch.cat([z > 0 for z in hidden], dim=1), decided


def _require_corners(model: nn.Module, corners: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The first corner, and the ways to the other two."""
    import torch

    points = torch.as_tensor(corners)
    for name, values in require_model(model).named_parameters():
        if not bool(torch.isfinite(values).all()):
            raise ValueError(f"parameter {name!r} has values that are not finite; train the network again.")
    parameter = next(iter(model.parameters()), None)
    points = points if parameter is None else points.to(parameter)
    if points.dim() != 2 or len(points) != 3:
        raise ValueError(f"corners has shape {tuple(points.shape)}; it must be (3, features).")
    if not bool(torch.isfinite(points).all()):
        raise ValueError("corners holds values that are not finite.")
    ways = (points[1:] - points[0]).double()
    if int(torch.linalg.matrix_rank(ways, rtol=_FLAT)) < 2:
        raise ValueError("corners lie on one line; a plane needs three points that do not.")
    return points[0], points[1] - points[0], points[2] - points[0]
