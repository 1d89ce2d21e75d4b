"""What each layer of a perceptron computes before its activation, for points given."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn import SparseLinear, sparse_linear
from gossamer.probes.chain import layers_in_order


def preactivations(model: nn.Module, x: Tensor) -> list[Tensor]:
    """Z = W h + b of every `Linear` and `SparseLinear`, (N, O) each, in the order in which they are computed.

    Raises:
        TypeError: the model is no multilayer perceptron.
    """
    found: list[Tensor] = []

    def keep(layer: nn.Module, given: tuple[Any, ...]) -> None:
        (h,) = given
        if isinstance(layer, SparseLinear):
            found.append(sparse_linear(h, layer.weight, layer.bias, structure=layer.structure))
        else:
            found.append(nn.functional.linear(h, layer.weight, layer.bias))  # type: ignore[arg-type]

    hooks = [layer.register_forward_pre_hook(keep) for layer in dict.fromkeys(layers_in_order(model))]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found
