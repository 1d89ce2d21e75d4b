"""Directions in weight space that live on the edges a network has, scaled filter by filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.errors import require_rng
from gossamer.probes.models import require_model

EPSILON = 1e-10
"""Added to norms, as in the published code."""

Direction: TypeAlias = dict[str, Tensor]
"""One tensor for each parameter, by its name, of the parameter's shape."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The weights of one layer, cut into what comes into each output.

    Args:
        weight: of any shape.
        rows: the output of each weight, of the same shape, or broadcast to it.
        live: which weights are edges, of the same shape.
    """

    weight: Tensor
    rows: Tensor
    live: Tensor

    def norms(self, values: Tensor) -> Tensor:
        """The Euclidean norm of each output's part of `values`, at every weight of that output."""
        rows = self.rows.expand_as(values).reshape(-1)
        squares = values.new_zeros(int(rows.max()) + 1 if len(rows) else 1)
        norms: Tensor = squares.index_add(0, rows, values.reshape(-1).square()).sqrt()
        return norms[rows].view_as(values)


Normalisation: TypeAlias = Callable[[Tensor, Filters], Tensor]
"""Scales a raw direction to the weights of a layer."""


def filterwise(direction: Tensor, filters: Filters) -> Tensor:
    """Each output's part gets the norm of its weights: d ← d ‖w‖ / (‖d‖ + 1e-10), as in the paper."""
    return direction * (filters.norms(filters.weight) / (filters.norms(direction) + EPSILON))


def layerwise(direction: Tensor, filters: Filters) -> Tensor:
    """Each layer's part gets the norm of its weights."""
    scale: Tensor = filters.weight.norm() / direction.norm().clamp(min=EPSILON)
    return direction * scale


def weightwise(direction: Tensor, filters: Filters) -> Tensor:
    """Each number is multiplied by its weight."""
    return direction * filters.weight


def unit_filters(direction: Tensor, filters: Filters) -> Tensor:
    """Each output's part gets norm 1."""
    return direction / (filters.norms(direction) + EPSILON)


def unit_layers(direction: Tensor, filters: Filters) -> Tensor:
    """Each layer's part gets norm 1."""
    scale: Tensor = direction.norm().clamp(min=EPSILON)
    return direction / scale


def filters_of(model: nn.Module) -> dict[str, Filters]:
    """The layers of weights by the names of their parameters; biases and parameters of norms are not among them.

    A sparse layer's weights (E,) are its edges. Of a dense layer (two dimensions and more) those that are not exactly 0
    are: zeros are taken for pruned.

    Raises:
        ValueError: a parameter is not finite, or there are no weights.
    """
    sparse = {
        f"{name}.weight" if name else "weight": module
        for name, module in require_model(model).named_modules()
        if hasattr(module, "topology") and isinstance(getattr(module, "weight", None), Tensor)
    }
    found: dict[str, Filters] = {}
    for name, parameter in model.named_parameters():
        weight = parameter.detach()
        if not torch.isfinite(weight).all():
            raise ValueError(f"parameter {name!r} has values that are not finite; train the network again.")
        if name in sparse and weight.dim() == 1:
            rows = torch.tensor(sparse[name].topology().edges()[1], dtype=torch.int64, device=weight.device)
            found[name] = Filters(weight, rows, torch.ones_like(weight, dtype=torch.bool))
        elif weight.dim() > 1:
            rows = torch.arange(len(weight), device=weight.device).view(-1, *[1] * (weight.dim() - 1))
            found[name] = Filters(weight, rows, weight != 0)
    if not found:
        raise ValueError(f"the model {type(model).__name__} has no layer of weights.")
    return found


def random_direction(
    model: nn.Module, *, rng: np.random.Generator, normalise: Normalisation = filterwise, keep: bool = False
) -> Direction:
    """A Gaussian direction on the live edges, normalised.

    Args:
        model: any; its live weights are those of `filters_of`.
        rng: draws it.
        normalise: how each layer's part is scaled.
        keep: whether biases and the parameters of norms take part, as multiples of themselves; else they are 0.
    """
    rng = require_rng(rng)
    raw = {
        name: torch.as_tensor(rng.standard_normal(tuple(p.shape)), dtype=p.dtype, device=p.device)
        for name, p in model.named_parameters()
    }
    return normalised(model, raw, normalise, keep=keep)


def normalised(
    model: nn.Module, raw: Mapping[str, Tensor], normalise: Normalisation = filterwise, *, keep: bool = False
) -> Direction:
    """A direction scaled to a model's weights, 0 where the model has no edge.

    Args:
        model: any.
        raw: a tensor for each parameter, by name.
        normalise: how each layer's part is scaled.
        keep: whether biases and the parameters of norms take part, as multiples of themselves; else they are 0.

    Returns:
        A tensor for each parameter.

    Raises:
        ValueError: a parameter without its tensor, or of another shape.

    References:
        H. Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, section 4; code @64ef4d5.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> normalised(model, {"weight": torch.tensor([[1.0, 0.0]])})
    {'weight': tensor([[5., 0.]])}
    """
    layers = filters_of(model)
    result: Direction = {}
    for name, parameter in model.named_parameters():
        if name not in raw or raw[name].shape != parameter.shape:
            got = tuple(raw[name].shape) if name in raw else "nothing"
            raise ValueError(f"the direction has {got} for parameter {name!r} of shape {tuple(parameter.shape)}.")
        if name in layers:
            filters = layers[name]
            result[name] = normalise(raw[name] * filters.live, filters)
        else:
            result[name] = parameter.detach().clone() if keep else torch.zeros_like(parameter)
    return result


def cosine(a: Direction, b: Direction) -> float:
    """The cosine of the angle between two directions, −1 to 1; 0 if one is 0."""
    dot, x, y = (sum(float((u[n] * v[n]).double().sum()) for n in u) for u, v in ((a, b), (a, a), (b, b)))
    return dot / float(np.sqrt(x * y)) if x * y > 0 else 0.0
