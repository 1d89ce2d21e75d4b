"""What may change between two steps in one native call: layers, rates, the loss, memory that moves."""

import copy

import numpy as np
import pytest
import torch
from tests.nn.paired import Pair, batch, network
from torch import nn

import gossamer as gs
from gossamer.nn.kernels import native

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")


@pytest.mark.parametrize(
    "change",
    [
        lambda model, _: model[0].adopt(gs.Bipartite.from_mask(np.eye(20, 15)), torch.ones(15)),
        lambda model, _: setattr(model[0].weight, "data", 2 * model[0].weight.detach()),
        lambda model, _: model[0].weight.requires_grad_(False),
        lambda model, optimizer: optimizer.param_groups[0].update(lr=0.01, momentum=0.5),
        lambda model, optimizer: optimizer.param_groups[0].update(momentum=0),
        lambda model, optimizer: optimizer.param_groups[0].update(maximize=True),
        lambda model, optimizer: optimizer.load_state_dict(optimizer.state_dict()),
        lambda model, optimizer: optimizer.zero_grad(),
        lambda model, optimizer: optimizer.zero_grad(set_to_none=False),
        lambda model, optimizer: optimizer.state.clear(),
        lambda model, _: model.add_module("3", gs.nn.SparseLinear(gs.Bipartite.from_mask(np.ones((4, 4))), bias=False)),
        lambda model, _: model.add_module("1", copy.deepcopy(model[1])),
        lambda model, _: model.append(nn.Linear(4, 4)),
        lambda model, _: setattr(model[0], "activation", model[2].activation),
        lambda model, _: setattr(model[1], "backend", "pytorch"),
        lambda model, _: model.load_state_dict(model.state_dict()),
    ],
)
def test_anything_may_change_between_steps(change):
    torch.manual_seed(0)
    pair = Pair(network())
    for _ in range(2):
        pair.step(*batch())
    torch.manual_seed(0)
    change(pair.own, pair.own_optimizer)
    torch.manual_seed(0)
    change(pair.other, pair.optimizer)
    if any(kept["momentum_buffer"].shape != p.shape for p, kept in pair.own_optimizer.state.items() if kept):
        pair.both(lambda model, optimizer: optimizer.state.pop(model[0].weight))
    for _ in range(3):
        pair.step(*batch())


def test_the_criterion_may_change(ways):
    pair = Pair(network(), lambda model: torch.optim.SGD(model.parameters(), lr=0.1))
    pair.step(*batch())
    pair.criterion.label_smoothing = 0.3
    pair.step(*batch())
    pair.criterion.weight = torch.tensor([1.0, 2.0, 0.5, 1.0])
    pair.step(*batch())
    pair.criterion.weight = None
    pair.criterion.reduction = "sum"
    pair.step(*batch(), rtol=1e-4, atol=1e-4)
    assert ways == [True] * 4


def _halves(tensor):
    wide = torch.zeros(2 * tensor.numel(), dtype=tensor.dtype)
    wide[::2] = tensor
    return wide[::2]


def _send(tensor):
    queue = torch.multiprocessing.get_context("spawn").SimpleQueue()
    queue.put(tensor)
    queue.get()


def _velocities(optimizer):
    return [state["momentum_buffer"] for state in optimizer.state.values()]


MOVES = {
    "gradients swapped": lambda m, o: [setattr(p.grad, "data", p.grad.data.clone()) for p in m.parameters()],
    "gradients replaced": lambda m, o: [setattr(p, "grad", p.grad.clone()) for p in m.parameters()],
    "gradients shared": lambda m, o: [p.grad.share_memory_() for p in m.parameters()],
    "gradients sent": lambda m, o: [_send(p.grad) for p in m.parameters()],
    "gradients strided": lambda m, o: [setattr(p.grad, "data", _halves(p.grad)) for p in m.parameters()],
    "gradients freed": lambda m, o: [p.grad.untyped_storage().resize_(0) for p in m.parameters()],
    "gradients cut": lambda m, o: [setattr(p, "grad", None) for p in m.parameters()],
    "model shared": lambda m, o: m.share_memory(),
    "weights swapped": lambda m, o: [setattr(p, "data", p.data.clone()) for p in m.parameters()],
    "weights strided": lambda m, o: [setattr(p, "data", _halves(p.data)) for p in m.parameters()],
    "state swapped": lambda m, o: [setattr(v, "data", v.data.clone()) for v in _velocities(o)],
    "state shared": lambda m, o: [v.share_memory_() for v in _velocities(o)],
    "state strided": lambda m, o: [setattr(v, "data", _halves(v)) for v in _velocities(o)],
    "all of it cast and back": lambda m, o: m.double().float(),
    "structure written": lambda m, o: m[0].indices.add_(0),
    "structure shared": lambda m, o: m[0].indices.share_memory_(),
}


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("move", MOVES)
def test_memory_may_move_between_steps(move, twice):
    pair = Pair(network())
    for _ in range(3):
        pair.step(*batch())
    pair.both(MOVES[move])
    if twice:
        pair.both(MOVES[move])
    for _ in range(3):
        pair.step(*batch())
