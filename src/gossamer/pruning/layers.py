"""The dense layers of a model, and their exchange for sparse ones."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gossamer.errors import InvalidTopologyError
from gossamer.nn import SparseLinear
from gossamer.topology import Junction


def dense_layers(model: nn.Module) -> dict[str, nn.Linear]:
    """The `nn.Linear` layers of a model, by name, in the model's order.

    Raises:
        InvalidTopologyError: there is none.
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    if not layers:
        raise InvalidTopologyError("the model has no nn.Linear layer, so there is nothing to prune.")
    return layers


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The weights (O, I) of the dense layers, by name."""
    return {name: layer.weight for name, layer in dense_layers(model).items()}


@torch.no_grad()
def transplant(model: nn.Module, junctions: Mapping[str, Junction]) -> nn.Module:
    """A copy of a model in which the named dense layers are sparse and keep their weights on the edges.

    Args:
        model: has an `nn.Linear` of each name.
        junctions: (I, O) as the layer.

    Raises:
        InvalidTopologyError: a name that is no dense layer, or a junction of other widths.

    >>> import gossamer as gs
    >>> small = transplant(nn.Sequential(nn.Linear(2, 2)), {"0": gs.Bipartite.from_mask([[1, 0], [1, 1]])})
    >>> small[0].weight.shape
    torch.Size([3])
    """
    sparse = copy.deepcopy(model)
    layers = dense_layers(sparse)
    for name, junction in junctions.items():
        if name not in layers:
            raise InvalidTopologyError(f"layer {name!r} is no nn.Linear of the model; {sorted(layers)} are.")
        replacement = _sparse(name, layers[name], junction)
        if not name:
            return replacement
        parent, _, leaf = name.rpartition(".")
        setattr(sparse.get_submodule(parent), leaf, replacement)
    return sparse


def _sparse(name: str, layer: nn.Linear, junction: Junction) -> SparseLinear:
    if (junction.in_features, junction.out_features) != (layer.in_features, layer.out_features):
        raise InvalidTopologyError(
            f"layer {name!r} has {layer.in_features} inputs and {layer.out_features} outputs; the junction has "
            f"{junction.in_features} and {junction.out_features}."
        )
    weight = layer.weight
    sparse = SparseLinear(junction, layer.bias is not None, device=weight.device, dtype=weight.dtype)
    inputs, outputs = (torch.from_numpy(ends.astype("int64")).to(weight.device) for ends in junction.edges())
    sparse.weight.copy_(weight[outputs, inputs])
    if sparse.bias is not None:
        sparse.bias.copy_(layer.bias)
    return sparse.train(layer.training)
