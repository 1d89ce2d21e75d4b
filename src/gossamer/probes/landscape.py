"""The loss around a trained network, on a plane through its live weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.errors import require_int, require_rng
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.curvature import Curvature, Loss, curvature
from gossamer.probes.directions import Direction, cosine, filters_of, random_direction
from gossamer.probes.finding import Finding, Number
from gossamer.probes.models import finite_loss

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@final
@dataclass(frozen=True, eq=False)
class Landscape(Finding):
    """Losses on a plane, and how flat the middle is.

    Attributes:
        steps: the coordinates along both directions, (P,), from −radius to radius.
        losses: loss at w + steps[i] d₁ + steps[j] d₂, (P, P); infinite where it overflows.
        centre: the loss at w.
        curvature: the extreme eigenvalues of the Hessian, or None if they were not asked for.
        cosine: of the two directions; random ones are nearly orthogonal.
    """

    steps: NDArray[np.float64]
    losses: NDArray[np.float64]
    centre: float
    curvature: Curvature | None
    cosine: float

    equation: ClassVar[str] = "L(w + a·d₁ + b·d₂), each filter of d scaled to the norm of its weights"

    @property
    def flat_share(self) -> float:
        """Share of the grid whose loss is under twice the centre's, 0 to 1: large where the minimum is wide."""
        return float((self.losses < 2 * self.centre).mean())

    @property
    def rise(self) -> float:
        """Median loss of the grid less the centre's: unlike `flat_share`, it does not hang on how near 0 that is."""
        return float(np.median(self.losses)) - self.centre

    def record(self) -> Mapping[str, Number]:
        """Loss, flatness and curvature."""
        found: dict[str, Number] = {"loss": self.centre, "flat_share": self.flat_share, "rise": self.rise}
        return found if self.curvature is None else {**found, **self.curvature.record()}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw contours; the centre is marked."""
        ax = axes_or_new(ax)
        finite = np.where(np.isfinite(self.losses), self.losses, np.nan)
        drawn = ax.contourf(self.steps, self.steps, np.log10(np.maximum(finite, 1e-12)).T, levels=20)
        ax.figure.colorbar(drawn, ax=ax, label="log₁₀ loss")
        ax.plot([0], [0], "x", color="white")
        ax.set(xlabel="first direction", ylabel="second direction", aspect="equal", title="Loss around the weights")
        return ax


def landscape(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    rng: np.random.Generator | None = None,
    directions: tuple[Direction, Direction] | None = None,
    loss: Loss = nn.functional.cross_entropy,
    points: int = 25,
    radius: float = 1.0,
    extremes: bool = True,
) -> Landscape:
    """The loss on a plane through the weights of a network.

    Directions are Gaussian on the live edges, filter by filter of the weights' norm, and 0 on biases and the
    parameters of norms; so planes of dense and sparse networks compare. The model is in evaluation mode here (running
    statistics stay as they are), and is not changed.

    Args:
        model: any network.
        inputs: (B, ...).
        targets: what `loss` takes.
        rng: draws the two directions.
        directions: two of `gossamer.probes.random_direction` or `normalised`, instead of `rng`.
        loss: the mean over a batch.
        points: of the grid along each direction; an odd number has the centre among them.
        radius: how far the grid reaches, in the weights' norms.
        extremes: whether the Hessian's extreme eigenvalues are found too.

    Raises:
        ValueError: neither or both of `rng` and `directions`, no examples, targets that do not fit, weights or the
            loss at the centre not finite.
        TypeError: no torch module.

    References:
        H. Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018; code loss-landscape @64ef4d5. Its
        grid is 51 by 51 on [−1, 1]². Restricting directions to live edges is ours.

    >>> import gossamer as gs
    >>> rng = np.random.default_rng(0)
    >>> model = gs.nn.mlp(gs.Topology([gs.generators.erdos_renyi(8, 3, 12, rng=rng)]))
    >>> found = landscape(model, torch.randn(16, 8), torch.arange(16) % 3, rng=rng, points=5)
    >>> found.losses.shape, bool(np.isclose(found.losses[2, 2], found.centre))
    ((5, 5), True)
    """
    require_int("points", points, low=2)
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(f"radius={radius} is not allowed: it must be finite and above 0.")
    filters_of(model)  # refuses weights that are not finite
    if (rng is None) == (directions is None):
        raise ValueError("give either rng, which draws the directions, or directions.")
    if directions is None:
        rng = require_rng(rng)
        directions = random_direction(model, rng=rng), random_direction(model, rng=rng)
    centre = finite_loss(model, inputs, targets, loss)
    at = _Losses(model, inputs, targets, loss)
    steps = np.linspace(-radius, radius, points)
    losses = np.array([[at(_moved(directions, a, b)) for b in steps] for a in steps])
    bent = curvature(model, inputs, targets, loss=loss) if extremes else None
    return Landscape(steps, np.where(np.isnan(losses), np.inf, losses), centre, bent, cosine(*directions))


def _moved(directions: tuple[Direction, Direction], a: float, b: float) -> Direction:
    return {name: a * first + b * directions[1][name] for name, first in directions[0].items()}


class _Losses:
    """The loss at a model's weights plus a direction."""

    def __init__(self, model: nn.Module, inputs: Tensor, targets: Tensor, loss: Loss) -> None:
        # A copy: torch.func.functional_call leaves a model that uses a layer twice without its parameters.
        self.model, self.inputs, self.targets, self.loss = copy.deepcopy(model).eval(), inputs, targets, loss
        self.centre = {name: parameter.detach().clone() for name, parameter in self.model.named_parameters()}

    @torch.no_grad()
    def __call__(self, direction: Mapping[str, Tensor]) -> float:
        for name, parameter in self.model.named_parameters():
            parameter.copy_(self.centre[name] + direction[name])
        return float(self.loss(self.model(self.inputs), self.targets))
