"""The optimisers' steps are PyTorch's."""

import copy

import pytest
import torch
from torch import nn

from gossamer.nn import optim

SIZES = [(7,), (1,), (0,), (130, 5), (100_000,)]
SGDS = [
    {"lr": 0.1},
    {"lr": 0.1, "weight_decay": 0.01},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.02},
    {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.02},
]
ADAMS = [
    {"lr": 0.01},
    {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3},
    {"lr": 0.1, "weight_decay": 0.0},
]
CASES = [(torch.optim.SGD, optim.SGD, options) for options in SGDS]
CASES += [(torch.optim.AdamW, optim.AdamW, options) for options in ADAMS]


def parameters(dtype=torch.float32, sizes=SIZES):
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(size, dtype=dtype)) for size in sizes]


def give_gradients(ours, step):
    generator = torch.Generator().manual_seed(step)
    for parameter in ours:
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)


def run(kind, options, dtype=torch.float32, steps=5):
    ours = parameters(dtype)
    optimizer = kind(ours, **options)
    for step in range(steps):
        give_gradients(ours, step)
        optimizer.step()
    return ours, optimizer


def refuse(*_, **__):
    raise AssertionError("PyTorch's step was taken")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("theirs", "own", "options"), CASES)
def test_steps_and_state_are_pytorchs(monkeypatch, theirs, own, options, dtype):
    expected, old = run(theirs, options, dtype)
    monkeypatch.setattr(theirs, "step", refuse)
    found, new = run(own, options, dtype)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)
        assert new.state.get(a, {}).keys() == old.state.get(b, {}).keys()
        for name, value in new.state.get(a, {}).items():
            torch.testing.assert_close(value, old.state[b][name])


@pytest.mark.parametrize(("theirs", "own", "options"), CASES)
def test_states_travel_both_ways(theirs, own, options):
    expected, _ = run(theirs, options, steps=8)
    for first, second in ((theirs, own), (own, theirs)):
        ours, begun = run(first, options, steps=4)
        optimizer = second(ours, **options)
        optimizer.load_state_dict(copy.deepcopy(begun.state_dict()))
        for step in range(4, 8):
            give_gradients(ours, step)
            optimizer.step()
        for a, b in zip(ours, expected, strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("own", "options"), [(optim.SGD, SGDS[4]), (optim.AdamW, ADAMS[1])])
def test_the_same_bits_on_one_and_two_threads(own, options):
    before, found = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(run(own, options)[0])
    torch.set_num_threads(before)
    assert all(map(torch.equal, *found))


@pytest.mark.parametrize(("theirs", "own", "options"), [CASES[4], CASES[6]])
def test_what_is_unusual_goes_to_pytorch(theirs, own, options):
    def prepared(kind, **more):
        torch.manual_seed(0)
        odd = nn.Parameter(torch.randn(6, 4).t())  # not contiguous
        half = nn.Parameter(torch.randn(5, dtype=torch.bfloat16))
        none = nn.Parameter(torch.randn(3))
        ours = [odd, half, none]
        optimizer = kind(ours, **options, **more)
        for step in range(3):
            give_gradients(ours[:2], step)
            optimizer.step()
        return ours, optimizer

    for more in ({}, {"maximize": True}):
        for a, b in zip(prepared(own, **more)[0], prepared(theirs, **more)[0], strict=True):
            assert torch.equal(a, b)
    ours, optimizer = prepared(own)
    assert ours[2] not in optimizer.state or not optimizer.state[ours[2]]


def test_groups_have_rates_of_their_own_and_schedulers_change_them():
    ours, theirs = parameters(sizes=[(9,), (4,)]), parameters(sizes=[(9,), (4,)])
    for kind, chosen in ((optim.SGD, ours), (torch.optim.SGD, theirs)):
        groups = [{"params": [chosen[0]], "lr": 0.5}, {"params": [chosen[1]], "weight_decay": 0.1}]
        optimizer = kind(groups, lr=0.1, momentum=0.9)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        for step in range(3):
            give_gradients(chosen, step)
            optimizer.step()
            schedule.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_closures_hooks_and_zero_grad():
    weight = nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([weight], lr=1.0)
    called = []
    optimizer.register_step_post_hook(lambda *_: called.append("after"))

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 3
    assert torch.equal(weight.data, torch.full((3,), -1.0)) and called == ["after"]
    optimizer.zero_grad(set_to_none=False)
    assert torch.equal(weight.grad, torch.zeros(3))
    optimizer.zero_grad()
    assert weight.grad is None
    optimizer.step()
    assert torch.equal(weight.data, torch.full((3,), -1.0))


@pytest.mark.parametrize("theirs", [torch.optim.SGD, None])
def test_hooks_are_called_once_by_either_step(theirs):
    if theirs is not None:
        theirs([nn.Parameter(torch.ones(1))])  # wraps the step of its class
    for size in ((4,), (4, 3)):
        weight = nn.Parameter(torch.ones(size).t() if len(size) > 1 else torch.ones(size))
        optimizer, called = optim.SGD([weight], lr=1.0), []
        optimizer.register_step_pre_hook(lambda *_, seen=called: seen.append("before"))
        weight.sum().backward()
        optimizer.step()
        assert called == ["before"] and not weight.any()


def test_a_graph_of_old_weights_is_noticed():
    weight = nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([weight], lr=1.0)
    loss = (weight**2).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_gradient_scaler_works():
    weight = nn.Parameter(torch.ones(4))
    optimizer = optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert torch.equal(weight.data, torch.zeros(4))
    optimizer.zero_grad()
    scaler.scale(weight.sum() * torch.inf).backward()
    scaler.step(optimizer)
    assert torch.equal(weight.data, torch.zeros(4))


def test_nan_gradients_do_not_stop_a_step():
    weight = nn.Parameter(torch.ones(20))
    optimizer = optim.AdamW([weight])
    weight.grad = torch.full((20,), torch.nan)
    optimizer.step()
    assert weight.isnan().all()
