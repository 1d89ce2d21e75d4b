"""Which features interact, asked of dense and sparse networks that learned functions whose answer is known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from gossamer.papers.neighbours import interactions_judged
from gossamer.papers.neighbours.functions import FUNCTIONS, INPUTS, Function
from gossamer.papers.neighbours.part import Cell, Part
from gossamer.papers.neighbours.regression import Fit, Sample, learn, network
from gossamer.probes.finding import Number
from gossamer.probes.hessian import average_hessian
from gossamer.probes.interactions import Interactions
from gossamer.probes.nid import nid
from gossamer.probes.pid import pid
from gossamer.seeds import stream, torch_seed

PROBED = 500
"""Test points at which the gradient baseline is taken."""


@dataclass(frozen=True, slots=True)
class Net:
    """A kind of network.

    Args:
        density: of its edges; 1 is dense.
        rewired: whether RigL moves them.
        main_effects: whether small networks of single features stand beside it.
    """

    density: float = 1.0
    rewired: bool = False
    main_effects: bool = False


NETS = {
    "dense": Net(),
    "dense, main effects": Net(main_effects=True),
    "static 90 %": Net(0.1),
    "static 95 %": Net(0.05),
    "RigL 90 %": Net(0.1, rewired=True),
    "RigL 95 %": Net(0.05, rewired=True),
}


@dataclass(frozen=True, slots=True)
class Suite:
    """What is measured.

    Args:
        functions: names.
        nets: names of kinds.
        seeds: how many, from 1, of data, topology, weights and order. Seed 0 chose between the rates .001, .003, .005
            and .01 on F1, F2, F6 and F7 and is not among the results.
        settings: how they learn.
    """

    functions: tuple[str, ...] = tuple(FUNCTIONS)
    nets: tuple[str, ...] = tuple(NETS)
    seeds: int = 5
    settings: Fit = field(default_factory=Fit)


def cells(suite: Suite) -> list[Cell]:
    """One a seed, kind of network and function; a whole seed before the next one."""
    return [
        {"function": function, "net": net, "seed": seed}
        for seed in range(1, suite.seeds + 1)
        for net in suite.nets
        for function in suite.functions
    ]


def measure(fit: Fit, cell: Cell) -> dict[str, Number]:
    """Train one network and score every detector on it."""
    function, net, seed = FUNCTIONS[str(cell["function"])], NETS[str(cell["net"])], int(cell["seed"] or 0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "weights"))
        made = network((INPUTS, *fit.hidden, 1), net.density, stream(seed, "topology"))
        parts = drawn(function, fit.samples, seed)
        learned = learn(made, parts, fit, rewired=net.rewired, main_effects=net.main_effects, rng=stream(seed, "order"))
    pairs = {
        "nid": nid(learned.net),
        "pid": pid(learned.net),
        "pid_deep": pid(learned.net, layer=1),
        "hessian": average_hessian(learned.net, parts[2][0][:PROBED]),
    }
    sets = {"nid": nid(learned.net, None), "pid": pid(learned.net, None)}
    return {
        "test_error": learned.test_error,
        "epochs": learned.epochs,
        **{f"auc_{name}": auc(found, function.truth) for name, found in pairs.items()},
        **{f"r_precision_{name}": r_precision(found, function.truth) for name, found in sets.items()},
    }


def drawn(function: Function, samples: int, seed: int) -> tuple[Sample, Sample, Sample]:
    """Training, validation and test parts; targets standardised with the training part's mean and deviation."""
    x = function.draw(3 * samples, stream(seed, f"data {function.name}"))
    y = function(x)[:, None]
    y = (y - y[:samples].mean()) / y[:samples].std()
    (x1, x2, x3), (y1, y2, y3) = (torch.from_numpy(each).float().split(samples) for each in (x, y))
    return (x1, y1), (x2, y2), (x3, y3)


def auc(found: Interactions, truth: Sequence[frozenset[int]]) -> float:
    """Area under the ROC curve of the pairs' strengths; a pair is true if it lies in a true set. 0 to 1."""
    from sklearn.metrics import roc_auc_score

    pairs = list(itertools.combinations(range(found.features), 2))
    together = [any(each.issuperset(pair) for each in truth) for pair in pairs]
    return float(roc_auc_score(together, [found[pair] for pair in pairs]))


def r_precision(found: Mapping[tuple[int, ...], float], truth: Sequence[frozenset[int]]) -> float:
    """Share of the R true sets among the R strongest, those that lie inside a true set passed over. 0 to 1.

    As in the authors' code `get_anyorder_R_precision`.
    """
    ranked = [frozenset(each) for each, _ in sorted(found.items(), key=lambda item: -item[1])]
    counted = [each for each in ranked if not any(each < true for true in truth)]
    return len(set(counted[: len(truth)]) & set(truth)) / len(truth)


PART = Part("interactions", 1, cells, measure, interactions_judged.conclude)
