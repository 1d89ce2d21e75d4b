"""The plain model of a sparse one."""

from __future__ import annotations

import copy

import torch
from torch import nn

from gossamer.nn.activations import Activation, AllReLU, Kind
from gossamer.nn.conversion.attention import PROJECTIONS, SplitAttention
from gossamer.nn.conversion.candidates import require_module, require_unsharded
from gossamer.nn.conversion.swaps import Swap, carry_over, swap_of
from gossamer.nn.convolution import SparseConv1d, SparseConv2d
from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear
from gossamer.nn.sequential import Sequential

_ORIGINS: dict[type[nn.Module], type[nn.Module]] = {
    SparseLinear: nn.Linear,
    SparseConv1d: nn.Conv1d,
    SparseConv2d: nn.Conv2d,
}
"""Of layers that were not made of dense ones."""


def densify(model: nn.Module, *, inplace: bool = False) -> nn.Module:
    """Replace sparse layers by dense ones with the same weights, and zeros where there is no edge.

    What `sparsify` changed comes back: attentions are packed, activations stand behind their layers, `Conv1D` is one.
    Layers of `gossamer.nn.mlp` become `torch.nn.Linear`, and the model a `torch.nn.Sequential`. Nothing of Gossamer is
    left, so the model can be saved, exported and quantised as any other.

    Args:
        model: any module with sparse layers.
        inplace: change the model given, not a copy.

    Returns:
        The plain model: the same function up to the rounding of sums.

    Raises:
        TypeError: the model is none, is sharded by `fully_shard`, or has a sparse layer without a dense twin.

    >>> from gossamer.nn import sparsify
    >>> dense = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> plain = densify(sparsify(dense, density=0.25))
    >>> plain
    Sequential(
      (0): Linear(in_features=8, out_features=6, bias=True)
      (1): ReLU()
      (2): Linear(in_features=6, out_features=2, bias=True)
    )
    >>> int((plain[0].weight != 0).sum())
    12
    """
    require_module(model)
    require_unsharded(model)
    result = model if inplace else copy.deepcopy(model)
    twins = _twins(result)
    if isinstance(result, SparseLayer):
        return _alone(result, twins[id(result)])
    for module in list(result.modules()):
        if isinstance(module, nn.Sequential):
            _unfold(module, twins)
        for name, child in list(module._modules.items()):
            if isinstance(child, SparseLayer):
                module._modules[name] = _alone(child, twins[id(child)])
    result = _packed(result)
    for module in result.modules():
        _restore(module)
    return result


def _twins(model: nn.Module) -> dict[int, nn.Module]:
    """The dense layer of each sparse one; tied ones stay tied."""
    twins: dict[int, nn.Module] = {}
    parameters: dict[int, nn.Parameter] = {}
    for name, layer in model.named_modules():
        if not isinstance(layer, SparseLayer):
            continue
        dense = _swap(layer, name).dense(layer)
        for each in ("weight", "bias"):
            old = getattr(layer, each)
            if old is None:
                continue
            new = parameters.setdefault(id(old), getattr(dense, each))
            new.requires_grad_(old.requires_grad)
            new.__dict__.update(old.__dict__)
            setattr(dense, each, new)
        carry_over(layer, dense)
        twins[id(layer)] = dense
    return twins


def _swap(layer: SparseLayer, name: str) -> Swap:
    origin = getattr(layer, "origin", _ORIGINS.get(type(layer), type(layer)))
    swap = swap_of(origin)
    if swap is None:
        raise TypeError(f"layer {name!r} is a {type(layer).__name__}, which has no dense twin.")
    return swap


def _alone(layer: SparseLayer, dense: nn.Module) -> nn.Module:
    after = activation_module(layer.activation)
    return dense if after is None else nn.Sequential(dense, after.train(layer.training))


def _unfold(module: nn.Sequential, twins: dict[int, nn.Module]) -> None:
    """Put folded activations back behind their layers: where an identity was left, or between."""
    old, module._modules = list(module._modules.items()), {}
    made: list[tuple[str, nn.Module]] = []
    waiting: nn.Module | None = None
    grown = False
    for name, child in old:
        if waiting is not None:
            grown |= type(child) is not nn.Identity
            made.append((name, waiting) if type(child) is nn.Identity else ("", waiting))
        if waiting is None or type(child) is not nn.Identity:
            made.append((name, twins.get(id(child), child)))
        waiting = activation_module(child.activation) if isinstance(child, SparseLayer) else None
        if waiting is not None:
            waiting.train(child.training)
    if waiting is not None:
        made.append(("", waiting))
        grown = True
    module._modules.update((str(place) if grown else name, each) for place, (name, each) in enumerate(made))
    if type(module) is Sequential:
        module.__class__ = nn.Sequential  # type: ignore[assignment]


def activation_module(activation: Activation) -> nn.Module | None:
    """The module that was folded into a layer; None if there was none."""
    if activation.kind is Kind.IDENTITY:
        return None
    if activation.kind is Kind.LEAKY:
        return AllReLU(activation.slope) if activation.slope < 0 else nn.LeakyReLU(activation.slope)
    plain: dict[Kind, type[nn.Module]] = {Kind.RELU: nn.ReLU, Kind.SIGMOID: nn.Sigmoid, Kind.GELU: nn.GELU}
    return plain[activation.kind]()


def _packed(model: nn.Module) -> nn.Module:
    """Attentions whose projections are all dense, in PyTorch's own class."""
    packed: dict[int, nn.Module] = {}
    for module in model.modules():
        if isinstance(module, SplitAttention) and all(type(getattr(module, n)) is nn.Linear for n in PROJECTIONS):
            packed[id(module)] = attention = module.packed()
            carry_over(module, attention)
    if id(model) in packed:
        return packed[id(model)]
    for module in model.modules():
        for name, child in module._modules.items():
            if id(child) in packed:
                module._modules[name] = packed[id(child)]
    return model


def _restore(module: nn.Module) -> None:
    """PyTorch's fast paths, as their constructors set them."""
    if isinstance(module, nn.TransformerEncoderLayer):
        activation = module.activation
        gelu = activation is torch.nn.functional.gelu or isinstance(activation, nn.GELU)
        relu = activation is torch.nn.functional.relu or isinstance(activation, nn.ReLU)
        module.activation_relu_or_gelu = 2 if gelu else int(relu)
    if isinstance(module, nn.TransformerEncoder) and hasattr(module, "nested_tensor_before"):
        module.use_nested_tensor = bool(module.nested_tensor_before)
        del module.nested_tensor_before
