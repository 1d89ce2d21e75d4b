"""Networks out of their states: the same outputs, and states that are no perceptron's."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.errors import InvalidTopologyError


@pytest.mark.parametrize("rotated", [False, True])
def test_a_state_gives_the_networks_outputs(rotated):
    rng = np.random.default_rng(0)
    junction = (
        gs.Rotated([0, 2], in_features=6, out_features=6) if rotated else gs.generators.erdos_renyi(6, 6, 9, rng=rng)
    )
    model = gs.nn.mlp(gs.Topology([junction, junction, gs.generators.dense(6, 2)]), torch.nn.Tanh, dropout=(0.1, 0.2))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    found = gs.nn.restored(model.state_dict(), torch.nn.Tanh)
    x = torch.rand(5, 6)
    torch.testing.assert_close(found(x), model.eval()(x))


def test_ten_layers_keep_their_order():
    layers = [torch.nn.Linear(k + 1, k + 2, bias=k % 2 == 0) for k in range(12)]
    model = torch.nn.Sequential(*layers)
    found = gs.nn.restored(model.state_dict(), torch.nn.Identity)
    x = torch.rand(3, 1)
    torch.testing.assert_close(found(x), model(x))


@pytest.mark.parametrize(
    "model", [torch.nn.Conv2d(1, 1, 3), torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))]
)
def test_what_is_no_perceptron_is_refused(model):
    with pytest.raises(InvalidTopologyError, match="a perceptron has sparse and fully connected layers alone"):
        gs.nn.restored(model.state_dict())


def test_layers_that_do_not_follow_one_another_are_refused():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(4, 1))
    with pytest.raises(InvalidTopologyError, match="3 outputs of layer 0 do not feed 4 inputs of layer 1"):
        gs.nn.restored(model.state_dict())


def test_gates_are_not_passed_over():
    with pytest.raises(InvalidTopologyError, match="the state holds"):
        gs.nn.restored({"0.weight": torch.ones(1, 1), "0.log_alpha": torch.ones(1)})
