"""A sparse network out of anybody's dense one."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from gossamer.errors import InfeasibleTopologyError, require_fraction
from gossamer.nn.activations import fusible
from gossamer.nn.linear import SparseLinear
from gossamer.nn.sequential import Sequential
from gossamer.topology import Bipartite, Junction


def sparsify(
    model: nn.Module,
    *,
    density: float | None = None,
    junctions: Mapping[str, Junction] | None = None,
    keep: tuple[str, ...] = (),
) -> nn.Module:
    """Replace linear layers by sparse ones that keep some of their weights; the model given is left as it is.

    Either the largest weights of each layer stay (`density`), or those on given edges (`junctions`, made by a generator
    or by `gossamer.pruning`). An activation behind a replaced layer of an `nn.Sequential` is folded into it. Layers in
    `keep` become full junctions: nothing of them is lost, and activations pass without copies from layer to layer.

    Args:
        model: any module; its `nn.Linear` layers are replaced, wherever they are.
        density: share of each layer's weights that stay, above 0 to 1; the count is rounded to the nearest integer.
        junctions: for some layers, by their names in `model.named_modules()`, the edges that stay; the other layers are
            left alone.
        keep: names of layers that stay full when `density` is given.

    Returns:
        A copy of the model. Initial weights are those of the dense model.

    Raises:
        ValueError: neither or both of `density` and `junctions`; names of no linear layer; a density that leaves a
            layer without edges.

    >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> sparsify(model, density=0.25, keep=("2",))
    Sequential(
      (0): SparseLinear(in_features=8, out_features=6, num_edges=12, density=0.25, bias=True, activation=relu)
      (1): Identity()
      (2): SparseLinear(in_features=6, out_features=2, num_edges=12, density=1, bias=True)
    )
    """
    dense = {name: module for name, module in model.named_modules() if type(module) is nn.Linear}
    if (density is None) == (junctions is None):
        raise ValueError(f"density={density} and junctions={junctions}: give one of them.")
    for name in (*keep, *(junctions or ())):
        if name not in dense:
            raise ValueError(
                f"{name!r} is no linear layer of the model; {', '.join(map(repr, dense)) or 'there is none'}."
            )
    if junctions is None:
        share = require_fraction("density", density)
        junctions = {name: _largest(name, m, 1.0 if name in keep else share) for name, m in dense.items()}
    result = copy.deepcopy(model)
    for name, junction in junctions.items():
        _replace(result, name, junction)
    for module in result.modules():
        if type(module) is nn.Sequential and any(type(child) is SparseLinear for child in module):
            module.__class__ = Sequential  # all that it holds stays; sparse layers in it now run together
    return result


def _largest(name: str, layer: nn.Linear, density: float) -> Bipartite:
    weight = layer.weight.detach().abs().float().cpu().numpy()
    count = round(density * weight.size)
    if count == 0:
        raise InfeasibleTopologyError(
            f"density={density} leaves layer {name!r} of {weight.size} weights without edges."
        )
    kept = np.argpartition(weight.ravel(), weight.size - count)[weight.size - count :]
    outputs, inputs = np.divmod(kept, layer.in_features)
    sizes = {"in_features": layer.in_features, "out_features": layer.out_features}
    return Bipartite.from_edges(inputs, outputs, **sizes)


def _replace(model: nn.Module, name: str, junction: Junction) -> None:
    path, _, leaf = name.rpartition(".")
    parent = model.get_submodule(path)
    layer = parent.get_submodule(leaf)
    assert isinstance(layer, nn.Linear)
    following = None
    if type(parent) is nn.Sequential and int(leaf) + 1 < len(parent) and fusible(parent[int(leaf) + 1]) is not None:
        following = parent[int(leaf) + 1]
        parent[int(leaf) + 1] = nn.Identity()
    setattr(parent, leaf, _sparse(layer, junction, following))


def _sparse(layer: nn.Linear, junction: Junction, activation: nn.Module | None) -> SparseLinear:
    device, dtype = layer.weight.device, layer.weight.dtype
    sparse = SparseLinear(junction, layer.bias is not None, activation=activation, device=device, dtype=dtype)
    inputs, outputs = (torch.tensor(ends, dtype=torch.int64, device=device) for ends in junction.edges())
    with torch.no_grad():
        sparse.weight.copy_(layer.weight[outputs, inputs])
        if sparse.bias is not None:
            sparse.bias.copy_(layer.bias)
    return sparse.train(layer.training)
