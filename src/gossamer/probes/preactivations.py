"""What each layer of a perceptron computes before its activation, for points given."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn import SparseLinear, sparse_linear


def preactivations(model: nn.Module, x: Tensor) -> list[Tensor]:
    """Z = W h + b of every `Linear` and `SparseLinear`, (N, O) each, in the order in which they are computed.

    Raises:
        TypeError: the model has no such layer.
    """
    found: list[Tensor] = []

    def keep(layer: nn.Module, given: tuple[Any, ...]) -> None:
        (h,) = given
        if isinstance(layer, SparseLinear):
            found.append(sparse_linear(h, layer.weight, layer.bias, structure=layer.structure))
        else:
            found.append(nn.functional.linear(h, layer.weight, layer.bias))  # type: ignore[arg-type]

    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, SparseLinear))]
    if not layers:
        raise TypeError(f"{type(model).__name__} has no Linear or SparseLinear layer.")
    hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found
