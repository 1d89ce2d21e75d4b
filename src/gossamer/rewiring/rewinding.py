"""What a model and its optimiser hold besides the weights that a rule moves: noted, and put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from gossamer.nn import SparseLayer

Memory = Mapping[str, Tensor]
"""Tensors that a rule keeps from update to update, by name."""


class Rest:
    """All of a model and its optimiser but the weights and topologies of the rewired layers.

    Args:
        model: whose parameters and buffers are meant.
        optimizer: whose state is cleared.
        layers: the rewired layers.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, layers: Sequence[SparseLayer]) -> None:
        self._model = model
        self._optimizer = optimizer
        self._layers = layers

    def noted(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers, by name."""
        return {name: tensor.detach().clone() for name, tensor in self._tensors().items()}

    @torch.no_grad()
    def restore(self, noted: Memory) -> None:
        """Put noted values back in place, and clear the optimiser's state, that of the rewired layers too."""
        for name, tensor in self._tensors().items():
            if name in noted:
                tensor.copy_(noted[name])
        self._optimizer.state.clear()

    def _tensors(self) -> dict[str, Tensor]:
        own = {id(tensor) for layer in self._layers for tensor in (layer.weight, *layer.buffers())}
        named = [*self._model.named_parameters(), *self._model.named_buffers()]
        return {name: tensor for name, tensor in named if id(tensor) not in own}
