"""Sparse layers take their places in a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import nn

from gossamer.errors import require_rng
from gossamer.nn.activations import fusible
from gossamer.nn.conversion.candidates import Candidate, Place, owners
from gossamer.nn.conversion.swaps import carry_over, is_observed
from gossamer.nn.initialization import Kaiming
from gossamer.nn.kernels.choose import worth_it
from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear
from gossamer.nn.sequential import Sequential
from gossamer.topology import Junction

Start = Literal["keep", "rescale", "reinitialise"]
"""How the weights of a sparse layer begin, see `sparsify`."""

AS_DENSE = Kaiming(distribution="uniform", gain=1 / math.sqrt(3))
"""The law of `torch.nn.Linear` and `Conv2d`, of live edges: outputs vary as much as those of a dense layer."""


def require_swappable(chosen: Sequence[Candidate], model: nn.Module | None, found: Sequence[Candidate]) -> None:
    """Check that layers can be swapped.

    Args:
        chosen: those that are wanted.
        model: where they are; None leaves ties aside.
        found: all candidates of the model.

    Raises:
        ValueError: one cannot; the message names it, the reason and what to do.
    """
    for each in chosen:
        reason = each.swap.refusal(each.module)
        if reason is not None:
            raise ValueError(f"layer {each.name!r} cannot be made sparse: it {reason}; or exclude={each.name!r}.")
    if model is None:
        return
    holders = owners(model)
    swapped = {id(each.module) for each in chosen}
    names = {id(module): name for name, module in model.named_modules()}
    for each in chosen:
        others = holders.get(id(each.swap.parameter(each.module)), set()) - swapped
        if others and each.split is None:
            named = ", ".join(repr(names[other]) for other in sorted(others, key=lambda key: names[key]))
            raise ValueError(
                f"layer {each.name!r} cannot be made sparse: it shares its weight with {named}, which would stay "
                f"dense; exclude={each.name!r}, or untie them first."
            )


def one_of_each_tie(chosen: Sequence[Candidate]) -> list[Candidate]:
    """The layers, of those that share a weight the first."""
    seen: set[int] = set()
    kept = []
    for each in chosen:
        key = id(each.swap.parameter(each.module))
        if key not in seen:
            kept.append(each)
        seen.add(key)
    return kept


def worthwhile(found: Sequence[Candidate], edges: dict[str, Junction], batch: int) -> dict[str, Junction]:
    """The layers that run faster sparse than dense with so many rows."""
    kept = {}
    for each in found:
        if each.name not in edges:
            continue
        layer = each.swap.sparse(each.module, edges[each.name], None)
        if not isinstance(layer, SparseLinear):
            kept[each.name] = edges[each.name]
            continue
        x = torch.rand(batch, layer.in_features, dtype=layer.weight.dtype, device=layer.weight.device)
        if worth_it(layer.structure, x, layer.weight):
            kept[each.name] = edges[each.name]
    return kept


def swapped(
    model: nn.Module,
    found: Sequence[Candidate],
    edges: dict[str, Junction],
    *,
    start: Start,
    rng: np.random.Generator | int | None,
) -> nn.Module:
    """The model with the layers of these names on these edges, whose weights begin as `start` says."""
    source = None if rng is None else torch.Generator().manual_seed(int(require_rng(rng).integers(2**63)))
    _require_same_of_ties(found, edges)
    parameters: dict[int, nn.Parameter] = {}
    splits: dict[int, nn.Module] = {}
    scaled: set[int] = set()
    for each in found:
        if each.name not in edges:
            continue
        if each.split is not None and id(each.split[0]) not in splits:
            splits[id(each.split[0])] = each.split[1]
            carry_over(*each.split)
        layer = _twin(each, edges[each.name])
        _share(each, layer, parameters)
        if start == "reinitialise":
            layer.initialization = AS_DENSE
            layer.reset_parameters(source)
        elif start == "rescale":
            _rescale(layer, scaled)
        for place in each.places:
            place.put(layer)
        if not each.places:
            model = layer
    model = _with_splits(model, splits)
    for module in model.modules():
        _adapt(module)
    return model


def with_ties(chosen: Sequence[Candidate], edges: dict[str, Junction]) -> dict[str, Junction]:
    """The same, and of each layer that shares a weight with one of these."""
    of_weight = {id(each.swap.parameter(each.module)): edges[each.name] for each in chosen if each.name in edges}
    tied = {each.name: of_weight[key] for each in chosen if (key := id(each.swap.parameter(each.module))) in of_weight}
    return edges | tied


def _require_same_of_ties(found: Sequence[Candidate], edges: dict[str, Junction]) -> None:
    of_weight: dict[int, tuple[str, Junction]] = {}
    for each in found:
        if each.name in edges:
            key = id(each.swap.parameter(each.module))
            first, junction = of_weight.setdefault(key, (each.name, edges[each.name]))
            if junction != edges[each.name]:
                raise ValueError(f"layers {first!r} and {each.name!r} share a weight, so they need the same junction.")


def _twin(each: Candidate, junction: Junction) -> SparseLayer:
    activation = _folded(each)
    layer = each.swap.sparse(each.module, junction, activation)
    layer.origin = type(each.module)  # type: ignore[assignment]  # for `densify`
    carry_over(each.module, layer)
    return layer


def _share(each: Candidate, layer: SparseLayer, parameters: dict[int, nn.Parameter]) -> None:
    """Ties, and what was frozen."""
    module = each.module
    weight = each.swap.parameter(module)
    bias = module._parameters.get("bias_orig", module._parameters.get("bias"))
    for name, old in (("weight", weight), ("bias", bias)):
        if old is None:
            continue
        new = parameters.setdefault(id(old), getattr(layer, name))
        new.requires_grad_(old.requires_grad)
        new.__dict__.update(old.__dict__)
        setattr(layer, name, new)


def _rescale(layer: SparseLayer, scaled: set[int]) -> None:
    """Weights times the square root of (places / edges), those that layers share once."""
    if id(layer.weight) not in scaled:
        scaled.add(id(layer.weight))
        with torch.no_grad():
            layer.weight.mul_(math.sqrt(layer.places / max(1, layer.weight.numel())))


def _folded(each: Candidate) -> nn.Module | None:
    """The activation behind a layer, which becomes an identity; None if there is none that the kernels know."""
    if not each.swap.folds or len(each.places) != 1 or is_observed(each.module):
        return None
    place = each.places[0]
    name = place.following()
    after = None if name is None else place.parent._modules[name]
    if name is None or after is None or type(after) is nn.Identity or fusible(after) is None or is_observed(after):
        return None
    Place(place.parent, name).put(nn.Identity().train(after.training))
    return after


def _with_splits(model: nn.Module, splits: dict[int, nn.Module]) -> nn.Module:
    if id(model) in splits:
        return splits[id(model)]
    for module in list(model.modules()):
        for name, child in module._modules.items():
            if id(child) in splits:
                module._modules[name] = splits[id(child)]
    return model


def _adapt(module: nn.Module) -> None:
    """Containers that look into their layers must not; stacks of sparse layers run together."""
    if not any(isinstance(child, SparseLayer) for child in module.modules()):
        return
    if type(module) is nn.Sequential and any(isinstance(child, SparseLayer) for child in module):
        module.__class__ = Sequential  # all that it holds stays; sparse layers in it now run together
    if isinstance(module, nn.TransformerEncoderLayer):
        module.activation_relu_or_gelu = 0  # which keeps it from the fast path that reads dense weights
    if isinstance(module, nn.TransformerEncoder):
        before = getattr(module, "nested_tensor_before", module.use_nested_tensor)
        module.nested_tensor_before = before  # type: ignore[assignment]
        module.use_nested_tensor = False
