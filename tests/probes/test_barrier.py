"""Lines between networks against dense interpolation, and matchings against what they must not change."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.probes import barrier
from gossamer.probes.barrier import as_they_are, by_topology, by_weights, rearranged

pytestmark = pytest.mark.usefixtures("one_thread")
RNG = np.random.default_rng(0)
X, Y = torch.randn(40, 8, dtype=torch.float64), torch.arange(40) % 3


def _net():
    edges = gs.generators.erdos_renyi
    layers = [edges(8, 10, 30, rng=RNG), edges(10, 7, 25, rng=RNG), edges(7, 3, 12, rng=RNG)]
    model = gs.nn.mlp(gs.Topology(layers), dtype=torch.float64)
    for layer in model:
        nn.init.normal_(layer.bias)
    return model


def _dense(model):
    return [layer.topology().to_scipy(layer.weight.detach().numpy()).toarray() for layer in model]


def test_the_line_is_that_of_the_dense_matrices():
    a, b = _net(), _net()
    found = barrier(a, b, X, Y, matching=as_they_are, points=5)
    for t, loss in zip(found.steps, found.losses, strict=True):
        h = X.clone()
        for number, (one, other) in enumerate(zip(a, b, strict=True)):
            matrix = (1 - t) * _dense(a)[number] + t * _dense(b)[number]
            h = h @ torch.from_numpy(matrix).T + (1 - t) * one.bias + t * other.bias
            h = h.relu() if number < 2 else h
        assert loss == pytest.approx(float(nn.functional.cross_entropy(h, Y).detach()), rel=1e-9)
    union = sum(np.sum((x != 0) | (y != 0)) for x, y in zip(_dense(a), _dense(b), strict=True))
    assert found.edges == union
    chord = np.linspace(found.losses[0], found.losses[-1], 5)
    assert found.height == pytest.approx(max(0, np.max(found.losses - chord)))
    assert found.record()["barrier"] == found.height and found.plot().get_ylabel() == "loss"


@pytest.mark.parametrize("matching", [by_topology, by_weights])
def test_a_network_and_itself_with_its_neurons_shuffled_are_one_after_matching(matching):
    a = _net()
    b = rearranged(a, [RNG.permutation(layer.out_features) for layer in a])
    torch.testing.assert_close(b(X), a(X))
    assert gs.distances.nnstd(a, b).per_layer[:2] == pytest.approx(0)
    matched = barrier(a, b, X, Y, matching=matching)
    np.testing.assert_allclose(matched.losses, matched.losses[0], rtol=1e-9)
    assert barrier(a, b, X, Y, matching=as_they_are).edges > matched.edges


def test_the_ends_stay_what_they_were_and_dense_networks_do_too():
    a = nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    b = copy.deepcopy(a)
    nn.init.normal_(b[0].weight)
    before = copy.deepcopy(a.state_dict())
    found = barrier(a, b, X, Y)
    with torch.no_grad():
        ends = [float(nn.functional.cross_entropy(model(X), Y)) for model in (a, b)]
    assert found.losses[[0, -1]] == pytest.approx(ends)
    assert all(torch.equal(a.state_dict()[name], before[name]) for name in before)


def test_what_has_no_line_is_refused():
    a, narrow = _net(), nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    with pytest.raises(ValueError, match="widths"):
        barrier(a, narrow, X, Y)
    with pytest.raises(ValueError, match="belongs to no linear layer"):
        barrier(nn.Sequential(*a, nn.PReLU()), a, X, Y)
    broken = _net()
    nn.init.constant_(broken[0].bias, torch.nan)
    with pytest.raises(ValueError, match="not finite"):
        barrier(a, broken, X, Y)
