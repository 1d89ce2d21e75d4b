"""Layers that share one weight keep one topology, or are refused."""

import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import rewiring as rw
from gossamer.errors import RewiringError
from gossamer.seeds import stream

from .families import bipartite


class Twice(nn.Module):
    """One matrix used in two layers, with an activation between."""

    def __init__(self, *, same=True):
        super().__init__()
        g = bipartite(9, 9, 24, stream(0, "topology"))
        other = g if same else bipartite(9, 9, 24, stream(1, "topology"))
        self.first, self.second = gs.nn.SparseLinear(g), gs.nn.SparseLinear(other)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def dense_twin(model):
    """The same function of one dense matrix: its gradient is that of all places."""
    W = torch.tensor(model.first.topology().to_scipy(model.first.weight.detach().numpy()).toarray(), requires_grad=True)

    def forward(x):
        h = torch.tanh(x @ W.T + model.first.bias)
        return h @ W.T + model.second.bias

    return W, forward


@pytest.mark.parametrize("rule", [rw.sparse_evolutionary(every=1), rw.rigl(every=1, until=9)], ids=["set", "rigl"])
def test_tied_layers_are_rewired_as_one(rule):
    model = Twice()
    optimizer = torch.optim.Adam(model.parameters())
    rewirer = rw.Rewirer(model, optimizer, rule, rng=0)
    before = model.first.topology()
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.randn(8, 9)).square().sum().backward()
        optimizer.step()
        assert sum(rewirer.step().added) >= 0
        assert model.first.topology() == model.second.topology()
        assert model.first.weight is model.second.weight
    assert model.first.topology() != before
    _, forward = dense_twin(model)
    x = torch.randn(5, 9)
    assert torch.allclose(model(x), forward(x), atol=1e-6)


def test_the_gradient_of_missing_edges_is_that_of_both_uses():
    torch.manual_seed(0)
    model = Twice()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    rewirer = rw.Rewirer(model, optimizer, rw.rigl(fraction=0.3, every=1, until=10**6), rng=0)
    before = model.first.topology().to_mask()
    x = torch.randn(8, 9)
    W, forward = dense_twin(model)
    forward(x).square().sum().backward()
    model(x).square().sum().backward()
    optimizer.step()
    update = rewirer.step()
    added = model.first.topology().to_mask() & ~before
    missing = torch.where(torch.tensor(before), -1.0, W.grad.abs())
    best = torch.topk(missing.flatten(), int(added.sum())).values.min()
    assert update.added[0] == added.sum() > 0
    assert (missing[torch.tensor(added)] >= best).all()


def test_one_weight_with_two_topologies_is_refused():
    model = Twice(same=False)
    with pytest.raises(RewiringError, match="'first' shares its weight with one of another topology"):
        rw.Rewirer(model, torch.optim.SGD(model.parameters(), lr=0.1), rw.static())


def test_a_weight_that_another_module_holds_is_refused():
    model = nn.ModuleDict({"a": gs.nn.SparseLinear(bipartite(9, 9, 24, stream(0, "x"))), "b": nn.Module()})
    model["b"].weight = model["a"].weight
    with pytest.raises(RewiringError, match="'a' is held by 'b' too, which is Module"):
        rw.Rewirer(model, torch.optim.SGD(model.parameters(), lr=0.1), rw.static())
