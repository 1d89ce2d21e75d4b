"""Models with gates: into one, what it costs, and out of it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from gossamer.nn.hard_concrete import HardConcrete
from gossamer.nn.l0 import L0Linear
from gossamer.nn.linear import SparseLinear
from gossamer.nn.sequential import Sequential


def with_gates(model: nn.Module, *, start: float = 2.0, gates: HardConcrete | None = None) -> nn.Module:
    """A copy of a model with a gate on every edge of its linear layers, sparse or dense; weights stay.

    Args:
        model: any module.
        start: the logit that all gates begin near; 2 is open with probability .97.
        gates: their distribution.

    Raises:
        ValueError: the model has no linear layer.

    >>> with_gates(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    Sequential(
      (0): L0Linear(in_features=3, out_features=2, num_edges=6, open=6, bias=True)
      (1): ReLU()
    )
    """
    plain = {name: m for name, m in model.named_modules() if type(m) is SparseLinear or type(m) is nn.Linear}
    if not plain:
        raise ValueError(f"the model {type(model).__name__} has no linear layer to put gates on.")
    if "" in plain:
        return L0Linear.around(plain[""], start=start, gates=gates)
    result = copy.deepcopy(model)
    for name, layer in plain.items():
        path, _, leaf = name.rpartition(".")
        setattr(result.get_submodule(path), leaf, L0Linear.around(layer, start=start, gates=gates))
    return result


def l0_penalty(model: nn.Module) -> Tensor:
    """Expected number of open edges of all gated layers together.

    Raises:
        ValueError: the model has none.
    """
    return torch.stack([layer.penalty() for layer in gated_layers(model).values()]).sum()


def gated_layers(model: nn.Module) -> dict[str, L0Linear]:
    """The gated layers by their names in `model.named_modules()`.

    Raises:
        ValueError: there is none.
    """
    found = {name: module for name, module in model.named_modules() if isinstance(module, L0Linear)}
    if not found:
        raise ValueError(f"the model {type(model).__name__} has no gated layer; gossamer.nn.L0Linear is one.")
    return found


def without_gates(model: nn.Module) -> nn.Module:
    """A copy of a model whose gated layers are sparse layers of their open edges; the outputs at test are the same.

    Raises:
        ValueError: the model has no gated layer.

    >>> import gossamer as gs
    >>> full = gs.Bipartite.from_mask([[1, 1], [1, 1]])
    >>> gs.nn.topology_of(without_gates(nn.Sequential(L0Linear(full), nn.ReLU(), L0Linear(full))))
    Topology(2-2-2, num_edges=8, density=1)
    """
    if isinstance(model, L0Linear):
        return model.sparse()
    result = copy.deepcopy(model)
    for name in gated_layers(model):
        path, _, leaf = name.rpartition(".")
        layer = result.get_submodule(name)
        assert isinstance(layer, L0Linear)
        setattr(result.get_submodule(path), leaf, layer.sparse())
    for module in result.modules():
        if type(module) is nn.Sequential and any(type(child) is SparseLinear for child in module):
            module.__class__ = Sequential  # sparse layers in it now run together
    return result
