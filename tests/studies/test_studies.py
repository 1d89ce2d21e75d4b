"""Architectures and experiments."""

import dataclasses

import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError
from gossamer.generators import named
from gossamer.studies import Architecture, Experiment
from gossamer.training import Config, stream
from gossamer.training.data import load


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def sparse(**changes):
    return dataclasses.replace(Architecture(named("regular_random"), (32,), (4 * 64, None)), **changes)


def same_state(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_a_seed_decides_topology_and_weights(digits):
    networks = [sparse().network(digits, seed=seed) for seed in (0, 0, 1)]
    topologies = [gs.nn.topology_of(network) for network in networks]
    assert topologies[0] == topologies[1] != topologies[2]
    assert same_state(networks[0], networks[1])
    assert not same_state(networks[0], networks[2])
    assert topologies[0] == sparse().topology(digits, seed=0)


def test_the_global_random_state_is_left_alone(digits):
    before = torch.get_rng_state()
    Experiment(sparse(dropout=(0.1, 0.1)), Config(epochs=1), seed=0).run(digits)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_fully_connected_network_is_plain_pytorch(digits):
    network = sparse(family=None, dropout=(0.1, 0.2)).network(digits, seed=0)
    assert [type(module) for module in network] == [nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert [module.p for module in network if isinstance(module, nn.Dropout)] == [0.1, 0.2]
    weight = network[1].weight.detach()
    assert weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.1)  # Kaiming's for ReLU
    assert sparse(family=None).topology(digits, seed=0).density == 1


def test_an_experiment_repeats_to_the_last_bit(digits):
    experiment = Experiment(sparse(), Config(epochs=2), seed=3)
    one, other = experiment.run(digits), experiment.run(digits)
    assert one.test == other.test
    assert same_state(one.model, other.model)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sparse(edges=(4,)), InvalidTopologyError, "has 1 counts for 2 junctions"),
        (lambda: sparse(hidden=(0,)), ValueError, "hidden=0 is not allowed"),
        (lambda: sparse(dropout=(0.0, 1.0)), ValueError, "dropout=1.0"),
        (lambda: Experiment(sparse(), Config(), seed=-1), ValueError, "seed=-1"),
        (lambda: sparse(edges=(65 * 32 + 1, None)).topology(load("digits"), seed=0), InfeasibleTopologyError, "2081"),
    ],
)
def test_bad_settings_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_streams_of_other_names_are_others():
    draws = {name: stream(0, name).random() for name in ("topology", "weights", "order", "dropout")}
    assert len(set(draws.values())) == 4
