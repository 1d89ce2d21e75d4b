"""Looks at layers and optimiser before an update, without touching them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gossamer import native
from gossamer.errors import RewiringError
from gossamer.nn import SparseLayer
from gossamer.nn.sharded import whole
from gossamer.rewiring.carry import group_of, is_plain, momentum_of
from gossamer.rewiring.missing import MissingGradient
from gossamer.rewiring.view import Floats, LayerView


def complaint_about(layers: Mapping[str, SparseLayer], optimizer: torch.optim.Optimizer) -> str | None:
    """Why layers cannot be rewired now, or None."""
    for name, layer in layers.items():
        parameter = layer.weight
        if not parameter.requires_grad:
            return f"the weight of layer {name!r} is frozen (requires_grad=False); name the layers to rewire."
        weight = whole(parameter.detach())
        wrong = 0 if _is_finite(weight) else int((~torch.isfinite(weight)).sum())
        if wrong:
            return f"layer {name!r} has {wrong} weights that are NaN or infinite."
        try:
            group_of(parameter, optimizer, name)
        except RewiringError as error:
            return str(error)
    return None


def _is_finite(weight: Tensor) -> bool:
    """Whether each weight is, or a sum over all of them, which implies it."""
    if native.extension is not None and is_plain(weight):
        return bool(native.extension.are_finite(weight.numpy(), torch.get_num_threads()))
    return math.isfinite(float(weight.sum()))


def view_of(
    name: str,
    layer: SparseLayer,
    optimizer: torch.optim.Optimizer,
    *,
    step: int,
    passes: Sequence[tuple[int, Tensor, Tensor]],
    initial_edges: int,
    memory: Mapping[str, Tensor],
) -> LayerView:
    """What a rule sees of a layer; arrays are read-only and share memory with the model where they can.

    Of a sharded layer every rank must ask.
    """
    parameter = layer.weight
    state: Mapping[str, Any] = optimizer.state.get(parameter, {})
    momentum, gradient = momentum_of(state), parameter.grad
    return LayerView.of(
        name,
        layer.topology(),
        as_array(parameter),
        step=step,
        gradient=None if gradient is None else as_array(gradient),
        momentum=None if momentum is None else as_array(momentum),
        missing=MissingGradient(passes) if passes else None,
        initial_edges=initial_edges,
        memory={key: as_array(values) for key, values in memory.items()},
    )


def as_array(values: Tensor) -> Floats:
    """A tensor's numbers, float64 if it is, float32 otherwise (exact for bfloat16 and float16); read-only."""
    if is_plain(values):
        array: Floats = values.detach().numpy()
        array.flags.writeable = False
        return array
    dtype = torch.float64 if values.dtype == torch.float64 else torch.float32
    array = whole(values.detach()).to("cpu", dtype).numpy().view(np.ndarray)
    array.flags.writeable = False
    return array
