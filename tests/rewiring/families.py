"""What the conformance suite runs over, and the small network that it runs on."""

import itertools
from functools import partial

import numpy as np
import torch
from torch import nn

import gossamer as gs
from gossamer import rewiring as rw

OPTIONS = {
    "static": {},
    "granet": {"initial": 0.7, "final": 0.9},
    "gradual_magnitude": {"initial": 0.7, "final": 0.9},
    "chtss": {"initial": 0.7, "final": 0.9},
    "deep_rewiring": {"l1": 1e-2, "noise": 1e-2},
}
VARIANTS = {
    "sparse_evolutionary_scipy": lambda: rw.sparse_evolutionary(every=2, start=rw.Normal(0.1)),
    "in_time_gradient": lambda: rw.in_time(rw.GrowGradient(), every=2, until=40),
    "importance_with_set": lambda: rw.FirstDue((rw.importance_pruning(every=4), rw.sparse_evolutionary(every=2))),
    "lottery_ticket_late": lambda: rw.lottery_ticket(every=2, rewind_to=1),
}


def made(name):
    """The registered rule of this name, as all are made: adding a name to the registry tests it."""
    timing = {} if name == "static" else {"every": 2, "until": 40}
    return partial(rw.RULES[name], **OPTIONS.get(name, {}), **timing)


DIAGONAL_RULES = {"diagonals": made("diagonals")}
EDGE_RULES = {name: made(name) for name in rw.RULES if name not in DIAGONAL_RULES} | VARIANTS
RULES = EDGE_RULES | DIAGONAL_RULES
SETS_WEIGHTS = {"deep_rewiring", "lottery_ticket", "lottery_ticket_late"}
RESTARTS = {"lottery_ticket", "lottery_ticket_late"}


class Custom(torch.optim.Optimizer):
    """SGD with a nested state: what the rewirer cannot know the names of."""

    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.05})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(
                        count=0, nested={"means": [torch.zeros_like(p), torch.zeros_like(p)]}, table=torch.ones(3)
                    )
                state["count"] += 1
                fast, slow = state["nested"]["means"]
                fast.mul_(0.5).add_(p.grad)
                slow.mul_(0.9).add_(p.grad)
                p.add_(fast + slow, alpha=-group["lr"])


OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, amsgrad=True),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.01, momentum=0.5, centered=True),
    "rprop": lambda parameters: torch.optim.Rprop(parameters, lr=0.02),
    "adagrad": lambda parameters: torch.optim.Adagrad(parameters, lr=0.05, initial_accumulator_value=0.25),
    "custom": Custom,
}


def bipartite(I, O, num_edges, rng):
    keys = np.sort(rng.choice(I * O, num_edges, replace=False))
    return gs.Bipartite.from_edges(keys % I, keys // I, in_features=I, out_features=O)


def network(seed=0, widths=(13, 17, 11, 5), density=0.3):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    pairs = itertools.pairwise(widths)
    return gs.nn.mlp(gs.Topology([bipartite(I, O, round(density * I * O), rng) for I, O in pairs]))


def rotated_network(seed=0, widths=(13, 17, 11, 5), density=0.3):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    pairs = itertools.pairwise(widths)
    return gs.nn.mlp(
        gs.Topology(
            gs.Rotated(rng.choice(O, max(1, round(density * O)), replace=False), in_features=I, out_features=O)
            for I, O in pairs
        )
    )


def network_for(rule, **options):
    return (rotated_network if rule in DIAGONAL_RULES else network)(**options)


def batch(number, size=32, inputs=13, classes=5):
    generator = torch.Generator().manual_seed(1000 + number)
    x = torch.randn(size, inputs, generator=generator)
    return x, (x[:, :classes] + 0.3 * x[:, -classes:]).argmax(1)


def train(model, optimizer, rewirer, steps, first=0):
    """Train on; returns what every step of the rewirer answered."""
    answers = []
    for number in range(first, first + steps):
        x, y = batch(number)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        answers.append(rewirer.step())
    return answers


def sparse_layers(model):
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, gs.nn.SparseLinear)}


def fingerprint(model, optimizer):
    """All numbers of a model, its topology and its optimiser, comparable with ==."""
    numbers = [(name, tensor.tolist()) for name, tensor in sorted(model.state_dict().items())]
    return repr((numbers, optimizer.state_dict()))
