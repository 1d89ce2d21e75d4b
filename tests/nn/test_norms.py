"""Rules of PyTorch that go by a weight's dimensions: refused in words, or offered for sparse layers."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

import gossamer as gs


def layer(kind):
    if kind == "linear":
        return gs.nn.SparseLinear(gs.Bipartite.from_mask(np.eye(6, 5))), torch.ones(2, 5)
    return gs.nn.SparseConv2d(gs.Bipartite.from_mask(np.eye(6, 9)), 1, 3), torch.ones(2, 1, 5, 5)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning", "ignore:.*spectral_norm.*:FutureWarning")
@pytest.mark.parametrize("kind", ["linear", "convolution"])
@pytest.mark.parametrize(
    "normalise",
    [
        nn.utils.weight_norm,
        nn.utils.spectral_norm,
        parametrizations.weight_norm,
        parametrizations.spectral_norm,
    ],
)
def test_norms_of_matrices_are_refused(kind, normalise):
    module, x = layer(kind)
    normalise(module)
    with pytest.raises(ValueError, match="takes a weight of shape"):
        module(x)


class Twice(nn.Module):
    def forward(self, weight):
        return 2 * weight


def test_other_parametrisations_and_hooks_are_not():
    module, x = layer("linear")
    expected = module(x) - module.bias
    parametrize.register_parametrization(module, "weight", Twice())
    module.register_forward_pre_hook(lambda *_: None)
    torch.testing.assert_close(module(x) - module.bias, 2 * expected)


def test_sparse_weights_decay_and_biases_do_not():
    model = nn.Sequential(layer("linear")[0], nn.LayerNorm(6), nn.Linear(6, 2), layer("linear")[0])
    model[3].weight = model[0].weight
    decayed, rest = gs.nn.decay_groups(model, 0.1, lr=0.5)
    assert [id(p) for p in decayed["params"]] == [id(model[0].weight), id(model[2].weight)]
    assert len(rest["params"]) == 5 and (rest["weight_decay"], rest["lr"], decayed["weight_decay"]) == (0.0, 0.5, 0.1)
    optimizer = torch.optim.SGD(gs.nn.decay_groups(model, 0.1, lr=1.0))
    before = [p.detach().clone() for p in model.parameters()]
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    chosen = {id(p) for p in decayed["params"]}
    for p, old in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(p.detach(), old * (0.9 if id(p) in chosen else 1.0))
