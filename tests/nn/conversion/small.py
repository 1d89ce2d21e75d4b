"""A small model, and what a conversion of it must equal."""

import copy

import torch
from torch import nn

from gossamer.nn import SparseLinear


def mlp(**options):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.LayerNorm(16), nn.Linear(16, 4), **options)


def masked(model, sparse, names):
    """The dense model with zeros where the sparse one has no edge: the oracle of every conversion."""
    oracle = copy.deepcopy(model)
    for name in names:
        mask = torch.tensor(sparse.get_submodule(name).topology().to_mask())
        oracle.get_submodule(name).weight.data *= mask
    return oracle


def same(model, sparse, names, *inputs):
    torch.testing.assert_close(sparse(*inputs), masked(model, sparse, names)(*inputs))


def sparse_names(model):
    return [name for name, layer in model.named_modules() if isinstance(layer, SparseLinear)]
