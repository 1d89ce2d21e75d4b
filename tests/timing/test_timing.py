"""Timing takes turns, and the races run what they say. Nothing here asserts a time."""

import gc

import numpy as np
import pytest
import torch

from gossamer.timing import contenders, speed


def test_calls_take_turns_after_the_warm_up():
    order = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    timings = speed.interleave(calls, rounds=3, warm_up=1)
    assert order == list("ab" * 4)
    assert all(0 <= timing.minimum <= timing.median and timing.rounds == 3 for timing in timings.values())


def test_blocks_repeat_a_call_at_each_turn():
    order = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    speed.best_of_blocks(calls, blocks=2, per_block=3, warm_up=0)
    assert order == list("aaabbb" * 2)


def test_collection_goes_on_after_an_error():
    with pytest.raises(ZeroDivisionError):
        speed.interleave({"a": lambda: 1 / 0}, rounds=1)
    assert gc.isenabled()


def test_racing_networks_have_the_density_asked_for():
    rng = np.random.default_rng(0)
    assert contenders.junction(40, 30, 0.1, rng).num_edges == 4 * 30
    assert contenders.rotated(40, 30, 0.1, rng).num_edges == 40 * 3
    near = contenders.local(100, 4, rng, window=20)
    assert near.fan_in.tolist() == [4] * 100
    inputs, outputs = near.edges()
    assert set(((inputs - outputs + 50) % 100 - 50).tolist()) <= set(range(-10, 10))
    torch.manual_seed(0)  # some draws leave no neuron of so few alive, and no gradient
    model = contenders.sparse_network((8, 6, 5, 2), 0.5, rng)
    assert [layer.weight.numel() for layer in model] == [6 * 4, 5 * 3, 2 * 5]
    before = model[0].weight.detach().clone()
    step = contenders.network_step(
        model, torch.optim.SGD(model.parameters(), lr=1), torch.rand(4, 8), torch.tensor([0, 1, 0, 1])
    )
    step()
    assert not torch.equal(model[0].weight, before)
