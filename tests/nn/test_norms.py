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


def test_sparse_weights_may_learn_faster_and_decay_as_the_others():
    full = nn.Linear(8, 8)
    few, more = (gs.nn.sparsify(full, density=density) for density in (1 / 16, 1 / 4))
    model = nn.Sequential(full, few, more)
    model.append(gs.nn.sparsify(full, density=1 / 16))
    groups = gs.nn.decay_groups(model, 0.1, lr=0.01, by_density=0.5)
    assert [[id(p) for p in group["params"]] for group in groups] == [
        [id(full.weight)],
        [id(few.weight), id(model[3].weight)],
        [id(more.weight)],
        [id(layer.bias) for layer in model],
    ]
    assert [group["lr"] for group in groups] == pytest.approx([0.01, 0.04, 0.02, 0.01])
    assert [group["lr"] * group["weight_decay"] for group in groups] == pytest.approx([0.001, 0.001, 0.001, 0])
    with pytest.raises(ValueError, match=r"by_density=0\.5 multiplies a rate: give lr="):
        gs.nn.decay_groups(model, 0.1, by_density=0.5)
    with pytest.raises(ValueError, match="by_density=nan must be finite"):
        gs.nn.decay_groups(model, 0.1, lr=0.01, by_density=float("nan"))
