"""An update, made ready in full before the first thing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gossamer.nn import SparseLayer
from gossamer.nn.sharded import spread_like, whole, write
from gossamer.rewiring.carry import Source, carried, carried_state, fill_values, group_of, put
from gossamer.rewiring.view import Change


@dataclass(frozen=True, eq=False)
class Prepared:
    """One layer's change, or that of layers that share one weight, with all tensors that it needs."""

    layers: tuple[SparseLayer, ...]
    change: Change
    weight: Tensor
    gradient: Tensor | None
    state: dict[str, Any] | None
    memory: dict[str, Tensor]

    def apply(self, optimizer: torch.optim.Optimizer) -> None:
        """Take on junction, weights, gradient and optimiser state."""
        parameter = self.layers[0].weight
        if self.change.moved.is_nothing:
            write(parameter, self.weight)
        else:
            for layer in self.layers:
                layer.adopt(self.change.junction, self.weight)
            parameter.grad = self.gradient
        if self.state is not None:
            held = optimizer.state[parameter]
            held.update({name: put(held.get(name), value) for name, value in self.state.items()})


def prepare(
    layers: tuple[SparseLayer, ...], optimizer: torch.optim.Optimizer, change: Change, memory: Mapping[str, Tensor]
) -> Prepared:
    """Compute what layers of one weight will hold after a change; nothing is modified."""
    parameter = layers[0].weight
    source = Source(change.source)
    weight = change.weight if change.weight.flags.writeable else np.array(change.weight)
    on_device = source.to(parameter.device)
    shape, gradient = parameter.shape, parameter.grad
    moved = None if gradient is None else carried(whole(gradient), on_device)
    fills = fill_values(group_of(parameter, optimizer, "?"))
    state = carried_state(optimizer.state[parameter], on_device, shape, fills) if parameter in optimizer.state else None
    kept = {name: carried(values, source) for name, values in memory.items()}
    kept |= {name: torch.from_numpy(np.array(values)) for name, values in change.memory.items()}
    return Prepared(
        layers=layers,
        change=change,
        weight=torch.from_numpy(weight).to(parameter.device, parameter.dtype),
        gradient=None if gradient is None or moved is None else spread_like(moved, gradient),
        state=state,
        memory=kept,
    )
