"""Which examples a network's gradient comes from: how much of it lies near the boundary between classes.

References:
    van den Berg, "Some Insights into the Geometry and Training of Neural Networks", 2016, arXiv 1605.00329: away from
    the
    decision boundary gradients vanish, so that a subsample near it gives about the gradient of all. Measuring nearness
    by
    the gap between the two largest class probabilities is our reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import require_fraction
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number
from gossamer.probes.models import finite_loss, require_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor, nn

    Loss = Callable[[Tensor, Tensor], Tensor]

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class GradientMass(Finding):
    """The length of every example's gradient, and what subsamples keep of it.

    Attributes:
        norms: (N,) length of each example's gradient over all parameters.
        margins: (N,) gap between its two largest class probabilities, 0 at the boundary to 1.
        shares: (S,) shares of the examples, ascending.
        mass: (S,) sum of the norms of the share with the largest ones, over the sum of all.
        boundary_mass: (S,) the same of the share with the smallest margins.
        boundary_cosine: (S,) cosine between that share's mean gradient and that of all examples.
    """

    equation: ClassVar[str] = (
        "mass(A) = sum_{n in A} |grad L_n| / sum_n |grad L_n|,  cos(sum_{n in A} grad L_n, sum_n grad L_n)"
    )
    norms: NDArray[np.float64]
    margins: NDArray[np.float64]
    shares: NDArray[np.float64]
    mass: NDArray[np.float64]
    boundary_mass: NDArray[np.float64]
    boundary_cosine: NDArray[np.float64]

    def above(self, threshold: float) -> tuple[float, float]:
        """Share of the examples whose gradient is at least `threshold` times the longest, and the mass they hold.

        Raises:
            ValueError: a threshold outside 0 to 1.
        """
        kept = self.norms >= require_fraction("threshold", threshold) * self.norms.max()
        return float(kept.mean()), float(self.norms[kept].sum() / self.norms.sum())

    def record(self) -> dict[str, Number]:
        """The mass above a tenth of the longest gradient, and masses and cosines by share."""
        share, mass = self.above(0.1)
        numbers: dict[str, Number] = {"examples": len(self.norms), "share_above_.1": share, "mass_above_.1": mass}
        for k, kept in enumerate(self.shares):
            numbers[f"mass_{kept:g}"] = float(self.mass[k])
            numbers[f"boundary_mass_{kept:g}"] = float(self.boundary_mass[k])
            numbers[f"boundary_cosine_{kept:g}"] = float(self.boundary_cosine[k])
        return numbers

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mass and cosine against the share that is kept."""
        ax = axes_or_new(ax)
        ax.plot(self.shares, self.mass, marker="o", label="mass, largest gradients")
        ax.plot(self.shares, self.boundary_mass, marker="o", label="mass, nearest to the boundary")
        ax.plot(self.shares, self.boundary_cosine, marker="o", label="cosine, nearest to the boundary")
        ax.set(xlabel="share of the examples", ylabel="of all", xscale="log", ylim=(-0.05, 1.05), title="Gradient mass")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), fontsize="small")  # curves go through every corner
        return ax


def gradient_mass(
    model: nn.Module, x: Tensor, y: Tensor, *, loss: Loss | None = None, shares: Sequence[float] = SHARES
) -> GradientMass:
    """Gradient lengths of single examples, in one backward pass each, and what the nearest to the boundary keep.

    Args:
        model: (N, ...) to (N, K) class scores, K at least 2; put it into the mode you ask about.
        x: (N, ...) examples.
        y: (N,) classes.
        loss: of scores and classes, a mean over examples; cross-entropy if None.
        shares: of the examples that are kept, above 0, at most 1.

    Raises:
        ValueError: no examples, numbers or classes that do not fit, a loss or gradient that is not finite, no gradient
            at all, a share outside its range.
        TypeError: no torch module, or one without parameters that learn.
    """
    import torch

    parameters = [parameter for parameter in require_model(model).parameters() if parameter.requires_grad]
    if not parameters:
        raise TypeError(f"{type(model).__name__} has no parameters that learn, so no gradient.")
    kept = np.array(sorted(require_fraction("shares", share, low=1e-9) for share in shares))
    if not len(kept):
        raise ValueError("shares is empty; at least one share of the examples is needed.")
    lost = torch.nn.functional.cross_entropy if loss is None else loss
    finite_loss(model, x, y, lost)

    def gradient(chosen: NDArray[np.intp]) -> Tensor:
        places = torch.from_numpy(chosen)
        with torch.enable_grad():
            parts = torch.autograd.grad(lost(model(x[places]), y[places]), parameters)
        return torch.cat([part.reshape(-1) for part in parts])

    norms = np.array([float(gradient(np.array([n])).norm()) for n in range(len(x))])
    if not np.isfinite(norms).all():
        raise ValueError(f"the gradient of example {int(np.argmin(np.isfinite(norms)))} is not finite.")
    if not norms.any():
        raise ValueError("the gradient of every example is 0; there is nothing to share out.")
    gaps = margins(model, x)
    near, long = np.argsort(gaps, kind="stable"), np.argsort(-norms, kind="stable")
    counts = np.maximum(1, np.ceil(kept * len(x)).astype(int))
    whole = gradient(np.arange(len(x)))
    cosines = [float(torch.cosine_similarity(gradient(near[:count]), whole, dim=0)) for count in counts]
    mass, near_mass = (np.cumsum(norms[order])[counts - 1] / norms.sum() for order in (long, near))
    return GradientMass(norms, gaps, kept, mass, near_mass, np.array(cosines))


def margins(model: nn.Module, x: Tensor) -> NDArray[np.float64]:
    """(N,) gap between the two largest class probabilities of each example: small near the boundary between them.

    Raises:
        ValueError: the model has a single output, or one that is not finite.
    """
    import torch

    with torch.no_grad():
        scores = require_model(model)(x)
    if not bool(torch.isfinite(scores).all()):
        raise ValueError("the model's output is not finite; look at its weights and at x.")
    if scores.dim() != 2 or scores.shape[1] < 2:
        raise ValueError(
            f"the model's output has shape {tuple(scores.shape)}; it must be (examples, classes), 2 or more."
        )
    best = scores.double().softmax(dim=1).topk(2, dim=1).values
    gaps: NDArray[np.float64] = (best[:, 0] - best[:, 1]).cpu().numpy()
    return gaps
