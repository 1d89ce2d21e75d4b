"""Gates on trained networks: what they close does not matter, and what they export computes the same."""

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.nn import with_gates, without_gates
from gossamer.probes import gates

pytestmark = pytest.mark.usefixtures("one_thread")
X = torch.randn(256, 6, generator=torch.Generator().manual_seed(0))


def _linear(weight):
    model = nn.Linear(6, 2)
    with torch.no_grad():
        model.weight.copy_(torch.as_tensor(weight))
        model.bias.zero_()
    return nn.Sequential(model)


def test_edges_of_no_weight_close_and_those_that_matter_stay():
    weight = np.zeros((2, 6), dtype=np.float32)
    weight[0, 1] = weight[1, 4] = 3.0
    weight[0, 2] = 1e-3
    model = _linear(weight)
    found = gates(model, X, X @ torch.from_numpy(weight).T, loss=nn.functional.mse_loss, rng=np.random.default_rng(0))
    assert found.after.layers[0] == gs.Bipartite.from_mask(np.abs(weight) > 1)
    assert found.closed == (1 - 2 / 12,)
    assert found.loss_before == 0 and found.loss_after < 0.1
    assert found.distance.mean == gs.distances.nnstd(found.before, found.after).mean
    assert found.record()["gates_closed"] == pytest.approx(10 / 12)
    assert "z hard-concrete" in str(found) and "83.3 % of the edges closed" in found.plot().get_title()


def test_more_penalty_fewer_edges_and_no_seed_but_the_given():
    torch.manual_seed(3)
    rng = np.random.default_rng(1)
    model = gs.nn.mlp(
        gs.Topology([gs.generators.erdos_renyi(6, 12, 40, rng=rng), gs.generators.erdos_renyi(12, 3, 30, rng=rng)])
    )
    y = model(X).argmax(1)
    state = torch.get_rng_state()
    open_edges = [
        gates(model, X, y, rng=np.random.default_rng(0), penalty=penalty, steps=80).after.num_edges
        for penalty in (0.0, 1.0, 30.0, 30.0)
    ]
    assert open_edges[0] > open_edges[1] > open_edges[2] == open_edges[3]
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_gates_that_stand_open_change_nothing(activation):
    rng = np.random.default_rng(2)
    model = gs.nn.mlp(
        gs.Topology([gs.generators.fibonacci(6, 6, 2), gs.generators.erdos_renyi(6, 3, 9, rng=rng)]), activation
    )
    gated = with_gates(model, start=30.0).eval()
    torch.testing.assert_close(gated(X), model(X))
    torch.testing.assert_close(without_gates(gated)(X), model(X))


def test_what_has_no_gates_is_refused():
    rng, y = np.random.default_rng(0), torch.zeros(256, dtype=torch.long)
    with pytest.raises(ValueError, match="no linear layer"):
        gates(nn.ReLU(), X, y, rng=rng)
    with pytest.raises(ValueError, match="penalty"):
        gates(_linear(np.ones((2, 6))), X, y, rng=rng, penalty=-1.0)
    with pytest.raises(ValueError, match="loss of the network is nan"):
        gates(_linear(np.full((2, 6), np.nan)), X, y, rng=rng)
    with pytest.raises(TypeError, match="rng"):
        gates(_linear(np.ones((2, 6))), X, y, rng=None)
