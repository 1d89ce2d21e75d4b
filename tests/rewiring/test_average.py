"""Averages follow edges: those of dense matrices, where a new edge begins with its weight of now."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import gossamer as gs
from gossamer.rewiring import Average


def network(seed=0):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    return gs.nn.mlp(gs.generators.layered((16, 32, 4), gs.generators.regular_random, (4, None), rng=rng))


def dense(layer):
    mask = torch.from_numpy(layer.topology().to_mask())
    weight = torch.zeros(mask.shape)
    weight[mask] = layer.weight.detach()
    return weight, mask


@pytest.mark.parametrize("decay", [None, 0.0, 0.7, 0.99])
@pytest.mark.parametrize("rule", ["sparse_evolutionary", "gradual_magnitude"])
def test_every_edge_is_averaged_with_itself(decay, rule):
    model, x, y = network(), torch.randn(64, 16), torch.randint(4, (64,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    if rule == "sparse_evolutionary":
        chosen = gs.rewiring.sparse_evolutionary(fraction=0.3, every=3)
    else:
        chosen = gs.rewiring.gradual_magnitude(0.8, 0.95, every=3, until=30)
    rewirer = gs.rewiring.Rewirer(model, optimizer, chosen, rng=np.random.default_rng(0), layers=["0"])
    average, mean, before = Average(model, decay=decay), None, None
    for step in range(12):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        rewirer.step()
        average.update_parameters(model)
        weight, mask = dense(model[0])
        share = 1.0 if step == 0 else 1 / (step + 1) if decay is None else 1 - decay
        if mean is not None:
            mean = torch.where(mask & ~before, weight, mean) * mask
        mean, before = weight.clone() if mean is None else mean + share * (weight - mean), mask
        torch.testing.assert_close(dense(average.module[0])[0], mean)
    assert int(average.n_averaged) == 12 and average.module[0].topology() == model[0].topology()
    assert average(x).shape == (64, 4)


@pytest.mark.parametrize("decay", [None, 0.9])
def test_without_rewiring_it_is_pytorchs(decay):
    model = nn.Sequential(network(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    other = AveragedModel(model, multi_avg_fn=None if decay is None else get_ema_multi_avg_fn(decay))
    average = Average(model, decay=decay)
    for _ in range(5):
        model(torch.randn(8, 16))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        average.update_parameters(model)
        other.update_parameters(model)
    for a, b in zip(average.module.state_dict().values(), other.module.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b)


def test_buffers_are_averaged_where_that_is_wanted():
    model = nn.Sequential(network(), nn.BatchNorm1d(4))
    average, means = Average(model, decay=0.5, use_buffers=True), []
    for _ in range(3):
        model(torch.randn(8, 16))
        means.append(model[1].running_mean.clone())
        average.update_parameters(model)
    torch.testing.assert_close(average.module[1].running_mean, 0.25 * means[0] + 0.25 * means[1] + 0.5 * means[2])
    assert int(average.module[1].num_batches_tracked) == 3


def test_tied_layers_stay_tied():
    junction = gs.generators.regular_random(12, 12, 3, rng=np.random.default_rng(0))
    layers = [gs.nn.SparseLinear(junction) for _ in range(2)]
    layers[1].weight = layers[0].weight
    model = nn.Sequential(*layers)
    average = Average(model, decay=0.5)
    other = gs.generators.regular_random(12, 12, 4, rng=np.random.default_rng(1))
    for layer in layers:
        layer.adopt(other, torch.arange(48.0))
    average.update_parameters(model)
    assert average.module[0].weight is average.module[1].weight
    assert torch.equal(average.module[1].weight, torch.arange(48.0))
    assert all(layer.topology() == other for layer in average.module)


def test_a_saved_average_goes_on():
    model = network()
    average = Average(model, decay=0.5)
    average.update_parameters(model)
    model[0].adopt(network(3)[0].topology(), torch.ones(64))
    average.update_parameters(model)
    again = Average(network(), decay=0.5)
    again.load_state_dict(copy.deepcopy(average.state_dict()))
    model[0].adopt(network(4)[0].topology(), torch.ones(64))
    for each in (average, again):
        each.update_parameters(model)
    x = torch.randn(3, 16)
    assert torch.equal(average(x), again(x))


def test_what_cannot_be_averaged_is_refused():
    with pytest.raises(ValueError, match=r"decay=1\.5"):
        Average(network(), decay=1.5)
    with pytest.raises(ValueError, match=r"shorter|longer"):
        Average(network()).update_parameters(nn.Linear(2, 2))
