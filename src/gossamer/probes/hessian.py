"""The gradient baseline beside NID and PID: how much one feature's slope depends on another feature.

References:
    The average of second derivatives is an old measure of interaction (Ai, Norton, "Interaction terms in logit and
    probit models", Economics Letters 80, 2003). Taken over a finite step it also works for piecewise linear networks,
    whose second derivatives are 0 almost everywhere. The definition of "AG" in the paper on PID was not available to
    us.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import require_int
from gossamer.probes.interactions import Interactions

if TYPE_CHECKING:
    import torch
    from torch import nn

_EQUATION = "strength(i, j) = mean over x, i <-> j of |d_i f(x + h_j e_j) - d_i f(x - h_j e_j)| / (2 h_j)"


def average_hessian(
    model: nn.Module, x: ArrayLike | torch.Tensor, *, step: float = 0.5, output: int | None = None
) -> Interactions:
    """Strengths of pairs by the mean magnitude of mixed second differences, in 2 I + 1 backward passes.

    Args:
        model: any differentiable function from (N, I) to (N, K); put it into evaluation mode yourself.
        x: (N, I) points, in the model's dtype or one that converts to it.
        step: half the width of a difference, as a multiple of the feature's standard deviation over `x`.
        output: the output that is looked at; None adds them up.

    Returns:
        A mapping from pairs of features to mean magnitudes of second derivatives, at least 0; a feature that is
        constant in `x` has strength 0 with all.

    Raises:
        ValueError: points of another shape, none, or that are not finite; a single feature; a step that is not
            positive; slopes that are not finite.
        TypeError: no function, or one that gives no tensor of one row an example.

    >>> import torch
    >>> product = lambda x: x[:, :1] * x[:, 1:2] + x[:, 2:]
    >>> found = average_hessian(product, torch.rand(9, 3))
    >>> {pair: round(strength, 4) for pair, strength in found.items()}
    {(0, 1): 1.0, (0, 2): 0.0, (1, 2): 0.0}
    """
    if not callable(model):
        raise TypeError(f"model={model!r} is {type(model).__name__}, not a function.")
    points = _require_points(model, x)
    if isinstance(step, bool) or not isinstance(step, (int, float)) or not 0 < step < math.inf:
        raise ValueError(f"step={step!r} is not allowed: it must be a positive number.")
    features = points.shape[1]
    widths = step * points.std(dim=0, correction=0)
    slopes = np.zeros((features, features))
    for j in np.flatnonzero((widths > 0).cpu().numpy()):
        moved = points.new_zeros(features)
        moved[j] = widths[j]
        change = _gradient(model, points + moved, output) - _gradient(model, points - moved, output)
        slopes[:, j] = (change.abs().mean(dim=0) / (2 * widths[j])).cpu().numpy()
    slopes[(widths == 0).cpu().numpy()] = 0  # what never moves interacts with nothing
    silent = tuple(np.flatnonzero(~slopes.any(axis=0) & ~slopes.any(axis=1)).tolist())
    return Interactions("average Hessian", _EQUATION, features, 2, *_pairs(slopes), silent)


def _gradient(model: nn.Module, x: torch.Tensor, output: int | None) -> torch.Tensor:
    import torch

    with torch.enable_grad():
        x = x.detach().requires_grad_()
        y = model(x)
        if not isinstance(y, torch.Tensor) or y.dim() == 0 or len(y) != len(x):
            raise TypeError(f"the model gives {type(y).__name__}, not a tensor of one row an example.")
        y = y.reshape(len(x), -1)
        if output is not None:
            y = y[:, require_int("output", output, low=0, high=y.shape[1] - 1)]
        slope = torch.autograd.grad(y.sum(), x)[0]
    if not bool(torch.isfinite(slope).all()):
        raise ValueError("a slope of the model is not finite; look at its weights and at x.")
    return slope


def _pairs(slopes: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    strengths = np.triu((slopes + slopes.T) / 2, 1)
    members = np.array(np.nonzero(strengths), dtype=np.int32)
    return members, strengths[*members]


def _require_points(model: Any, x: Any) -> torch.Tensor:
    import torch

    parameter = next(iter(model.parameters()), None) if isinstance(model, torch.nn.Module) else None
    points = torch.as_tensor(x)
    points = points.to(parameter) if parameter is not None else points
    if points.dim() != 2 or not len(points):
        raise ValueError(f"x has shape {tuple(points.shape)}; it must be (points, features) with at least one point.")
    if points.shape[1] < 2:
        raise ValueError(f"x has {points.shape[1]} feature; an interaction needs at least 2.")
    if not bool(torch.isfinite(points).all()):
        raise ValueError("x holds values that are not finite.")
    return points
