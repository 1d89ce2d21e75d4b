"""What the tests of other people's trainers train, and the same training by hand."""

import numpy as np
import torch
from torch import nn

import gossamer as gs

RULES = {
    "rigl": lambda: gs.rewiring.rigl(fraction=0.4, every=2, until=20),
    "set": lambda: gs.rewiring.sparse_evolutionary(fraction=0.4, every=3),
}
STEPS = 7


def dense():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 3))


def sparse():
    return gs.nn.sparsify(dense(), density=0.3)


def examples():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(8 * STEPS, 12, generator=generator), torch.randint(3, (8 * STEPS,), generator=generator)


def adam(parameters):
    return torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.0)


def by_hand(rule, *, accumulate=1):
    """The oracle: PyTorch's own loop with a rewirer in it."""
    model = sparse()
    optimizer = adam(model.parameters())
    rewirer = gs.rewiring.Rewirer(model, optimizer, rule, rng=np.random.default_rng(5))
    for number, (x, y) in enumerate(zip(*(each.split(8) for each in examples()), strict=True), 1):
        (nn.functional.cross_entropy(model(x), y) / accumulate).backward()
        if number % accumulate == 0:
            optimizer.step()
            rewirer.step()
            optimizer.zero_grad()
    return model, rewirer


def assert_same(found, expected):
    assert gs.nn.topology_of(found) == gs.nn.topology_of(expected)
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b)
