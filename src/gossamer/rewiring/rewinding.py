"""Notes what a model holds besides its rewired weights, and puts it back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gossamer.nn import SparseLinear


def note(model: nn.Module, layers: Mapping[str, SparseLinear]) -> dict[str, Tensor]:
    """Copies of all parameters and buffers but the weights and topologies of the rewired layers, by name."""
    own = {id(tensor) for layer in layers.values() for tensor in (layer.weight, *layer.buffers())}
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: tensor.detach().clone() for name, tensor in named if id(tensor) not in own}


@torch.no_grad()
def rewind(model: nn.Module, optimizer: torch.optim.Optimizer, noted: Mapping[str, Tensor]) -> None:
    """Put noted values back in place, and clear the optimiser's state."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name in noted:
            tensor.copy_(noted[name])
    optimizer.state.clear()
