"""Two copies of a model, one trained by `TrainingStep`, the other by a plain loop."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.generators import erdos_renyi
from gossamer.nn import TrainingStep


def network(dtype=torch.float32, dropout=(0.0, 0.0), bias=True, activation=nn.ReLU, last=nn.Identity):
    rng = np.random.default_rng(3)
    turned = gs.Rotated([0, 2, 5], in_features=20, out_features=11)
    layers = [erdos_renyi(15, 20, 120, rng=rng), turned, erdos_renyi(11, 4, 30, rng=rng)]
    torch.manual_seed(1)
    return gs.nn.mlp(gs.Topology(layers), activation, output_activation=last, dtype=dtype, dropout=dropout, bias=bias)


def batch(size=37, dtype=torch.float32):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(size, 15, generator=generator, dtype=dtype), torch.randint(4, (size,), generator=generator)


def momentum(model, **more):
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, **more)


def plain_sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


def loop(model, optimizer, criterion, x, y):
    optimizer.zero_grad()
    outputs = model(x)
    loss = criterion(outputs, y)
    loss.backward()
    optimizer.step()
    return loss.item(), outputs.detach()


class Pair:
    """A model and its copy, one trained by TrainingStep, the other by a loop; they must agree after every step."""

    def __init__(self, model, rule=momentum, criterion=None):
        self.own, self.other = model, copy.deepcopy(model)
        self.criterion = nn.CrossEntropyLoss() if criterion is None else criterion
        self.own_optimizer, self.optimizer = rule(self.own), rule(self.other)
        self.take = TrainingStep(self.own, self.own_optimizer, self.criterion)

    def both(self, change):
        """The same change on either side."""
        for model, optimizer in ((self.own, self.own_optimizer), (self.other, self.optimizer)):
            change(model, optimizer)

    def step(self, x, y, **tolerance):
        loss, outputs = self.take(x, y)
        expected, expected_outputs = loop(self.other, self.optimizer, self.criterion, x, y)
        assert loss == pytest.approx(expected, rel=1e-5)
        assert not outputs.requires_grad
        torch.testing.assert_close(outputs, expected_outputs, **tolerance)
        for a, b in zip(self.own.parameters(), self.other.parameters(), strict=True):
            torch.testing.assert_close(a, b, **tolerance)
            assert (a.grad is None) == (b.grad is None)
            if b.grad is not None:
                torch.testing.assert_close(a.grad, b.grad, **tolerance)
            kept, others = self.own_optimizer.state.get(a, {}), self.optimizer.state.get(b, {})
            assert kept.keys() == others.keys()
            for name, value in others.items():
                torch.testing.assert_close(kept[name], value, **tolerance)
