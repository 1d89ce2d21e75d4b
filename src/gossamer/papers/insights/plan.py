"""The networks of the 2020 paper: which are trained, and how."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from gossamer.generators import Family, Size, budgets, erdos_renyi, named, narrowed, perturbed
from gossamer.nn import Kaiming, Masked
from gossamer.rewiring import Rule, sparse_evolutionary
from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.run import Label, Run, dataset
from gossamer.topology import Bipartite
from gossamer.training import SGD, Config
from gossamer.training.data.catalogue import CATALOGUE

BATCH = 128
NARROW = "narrow"
"""The label of a fully connected network with as many edges as a sparse one."""

TUNING_SEED = 1000
"""Of the runs that choose the learning rates; no result comes from them."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Networks of which each starts as the one before it with a few of its connections changed, all with SET.

    Args:
        data: name.
        hidden: neurons of the hidden layers.
        edges: of each junction but the last, which is full.
        links: networks.
        moved: share of each junction's edges that changes from one to the next.
        epochs: of each run.
        moments: epochs after which topologies are compared; 0 is before training.
        lr: learning rate; our choice.
        fraction: ζ of SET.
        validation: share of the training examples held out.
    """

    data: str = "fashion-mnist"
    hidden: tuple[int, ...] = (784, 784, 784)
    edges: int = 3920
    links: int = 10
    moved: float = 0.01
    epochs: int = 200
    moments: tuple[int, ...] = (0, 10, 20, 30, 40, 50, 100, 150, 190)
    lr: float = 0.01
    fraction: float = 0.2
    validation: float = 0.2


@dataclass(frozen=True, slots=True)
class InsightsPlan:
    """What is trained. Widths, densities, rates, epochs and seeds are our choice.

    Args:
        data: names, each with the epochs of its runs.
        epochs: of the runs on each of the data.
        chain: the published experiment; None if it is not trained.
        widths: neurons of each of the two hidden layers.
        densities: of the static sparse networks' hidden junctions: shares of all edges; a number above 1 is the ε of
            SET's densities, ε (n + m) / (n m) for a junction of n inputs and m outputs.
        rates: learning rates, of which every network gets the one that its tuning run was best with.
        dropouts: of inputs and hidden units of fully connected networks, wide and narrow, chosen in the same way.
        seeds: how many.
        dense_seeds: of fully connected networks; 0 is as many.
        adaptive: density of the networks with SET, one of `densities`.
        fraction: ζ of SET there.
        depth: hidden layers.
        narrow: whether fully connected networks of as many edges as the sparse ones, narrower ones, are trained too.
    """

    data: tuple[str, ...] = ("fashion-mnist", "cifar10-jpeg")
    epochs: Mapping[str, int] = field(default_factory=lambda: {"fashion-mnist": 8, "cifar10-jpeg": 6})
    chain: Chain | None = Chain()
    widths: tuple[int, ...] = (100, 250)
    densities: tuple[float, ...] = (0.02, 0.1)
    rates: tuple[float, ...] = (0.03, 0.1)
    dropouts: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    seeds: int = 3
    dense_seeds: int = 0
    adaptive: float = 0.1
    fraction: float = 0.3
    depth: int = 2
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Random edges after so many small changes; all links of one seed begin with the same edges.

    Args:
        number: changes, from 0.
        moved: share of the edges that each moves.
    """

    number: int
    moved: float

    def __call__(self, in_features: int, out_features: int, num_edges: int, *, rng: np.random.Generator) -> Bipartite:
        """The junction."""
        start, changes = rng.spawn(2)  # the next junction's streams are the same however many numbers this one draws
        g = erdos_renyi(in_features, out_features, num_edges, rng=start)
        for _ in range(self.number):
            g = perturbed(g, round(self.moved * num_edges), rng=changes)
        return g


def chain_runs(chain: Chain) -> list[Run]:
    """The networks of the chain; edges that they share begin with the same weight.

    That is a reading. Two networks with the same four fifths of their edges and each its own random fifth, as SET
    leaves them, are 1 - .8 / 1.2 = .33 apart, near the .36 published for epoch 10; had they begun with weights of their
    own, each would have dropped another fifth, and they would be 1 - .64 / 1.36 = .53 apart from the first epochs on.
    """
    return [_link_run(chain, number) for number in range(chain.links)]


def _link_run(chain: Chain, number: int) -> Run:
    family = Family(
        f"link {number}", Link(number, chain.moved), Size.NUM_EDGES, named("erdos_renyi").sizes, random=True
    )
    edges = (*[chain.edges] * len(chain.hidden), None)
    steps = steps_per_epoch(chain.data, chain.validation)
    rule = sparse_evolutionary(chain.fraction, every=steps, until=max(1, steps * (chain.epochs - 1)))
    config = Config(epochs=chain.epochs, batch_size=BATCH, optimizer=SGD(chain.lr), validation=chain.validation)
    architecture = Architecture(family, chain.hidden, edges, initialization=Masked(Kaiming()), start_seed=0)
    experiment = Experiment(architecture, config, number, rule)
    labels: dict[str, Label] = {
        "data": chain.data,
        "topology": "erdos_renyi",
        "rule": "SET",
        "link": number,
        "seed": number,
    }
    return Run(experiment, data=chain.data, labels=labels)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is tuned.

    Args:
        rate: learning rate.
        dropout: of inputs and hidden units.
    """

    rate: float
    dropout: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Net:
    """One network of the other experiments.

    Args:
        data: name.
        width: neurons of every hidden layer, before a narrow one is narrowed.
        density: of the hidden junctions, see `InsightsPlan`; 1 is fully connected.
        adaptive: whether SET moves the edges.
        narrow: whether the edges are spent on a fully connected network of fewer neurons.
    """

    data: str
    width: int
    density: float
    adaptive: bool = False
    narrow: bool = False

    def run(self, plan: InsightsPlan, setting: Setting, seed: int) -> Run:
        """The run that trains it."""
        architecture = replace(self._architecture(plan), dropout=setting.dropout)
        if any(setting.dropout) and self.topology != "erdos_renyi":
            architecture = _of_pytorch(architecture)
        epochs = plan.epochs[self.data]
        config = Config(epochs=epochs, batch_size=BATCH, optimizer=SGD(setting.rate), validation=0.1)
        experiment = Experiment(architecture, config, seed, self._rule(plan) if self.adaptive else None)
        labels: dict[str, Label] = {
            "data": self.data,
            "topology": self.topology,
            "rule": "SET" if self.adaptive else "static",
            "width": self.width,
            "density": self.density,
            "rate": setting.rate,
            "dropout": setting.dropout[1],
            "seed": seed,
        }
        return Run(experiment, data=self.data, labels=labels)

    def _architecture(self, plan: InsightsPlan) -> Architecture:
        widths = (math.prod(CATALOGUE[self.data].shape), *[self.width] * plan.depth)
        classes = len(CATALOGUE[self.data].classes)
        if self.density == 1:
            return _full((*widths, classes))
        edges = [edges_at(self.density, n, m) for n, m in pairwise(widths)]
        if self.narrow:
            return _full(narrowed((*widths, classes), sum(edges) + widths[-1] * classes))
        return Architecture(named("erdos_renyi"), widths[1:], (*edges, None))

    def _rule(self, plan: InsightsPlan) -> Rule:
        steps = steps_per_epoch(self.data, 0.1)
        until = max(1, steps * (plan.epochs[self.data] - 1))
        return sparse_evolutionary(plan.fraction, every=steps, until=until)

    @property
    def topology(self) -> str:
        """The label of the construction."""
        return NARROW if self.narrow else "dense" if self.density == 1 else "erdos_renyi"

    def settings(self, plan: InsightsPlan) -> list[Setting]:
        """What it chooses from."""
        dropouts = ((0.0, 0.0),) if self.topology == "erdos_renyi" else plan.dropouts
        return [Setting(rate, dropout) for dropout in dropouts for rate in plan.rates]

    def seeds(self, plan: InsightsPlan) -> int:
        """How many it is trained with."""
        return plan.seeds if self.topology == "erdos_renyi" else plan.dense_seeds or plan.seeds

    @property
    def tuned(self) -> Net:
        """The network whose setting it takes: SET that of the static one."""
        return replace(self, adaptive=False)


def _full(widths: tuple[int, ...]) -> Architecture:
    """All edges of sparse layers: a fully connected network whose steps are one call too, which PyTorch's are not."""
    return Architecture(named("erdos_renyi"), widths[1:-1], budgets.uniform(widths, 1.0))


def _of_pytorch(architecture: Architecture) -> Architecture:
    """A fully connected network on PyTorch's layers: with dropout, which no step in one call has, they are faster."""
    return replace(architecture, family=None, edges=(None,) * len(architecture.edges))


def nets(plan: InsightsPlan) -> Iterator[Net]:
    """Static sparse networks and fully connected ones, over widths and densities."""
    for data in plan.data:
        for width in plan.widths:
            yield from (Net(data, width, density) for density in (*plan.densities, 1.0))
            if plan.narrow:
                yield from (Net(data, width, density, narrow=True) for density in plan.densities)


def adaptive_nets(plan: InsightsPlan) -> list[Net]:
    """The widest with SET."""
    return [Net(data, plan.widths[-1], plan.adaptive, adaptive=True) for data in plan.data]


def tuning_runs(plan: InsightsPlan) -> list[Run]:
    """Every network with every setting that it may choose, once."""
    return [net.run(plan, setting, TUNING_SEED) for net in nets(plan) for setting in net.settings(plan)]


def final_runs(plan: InsightsPlan, settings: Mapping[Net, Setting]) -> list[Run]:
    """Every network with its setting; a whole seed before the next one, so that what is stopped has whole seeds."""
    found = [*nets(plan), *adaptive_nets(plan)]
    return [
        net.run(plan, settings[net.tuned], seed)
        for seed in range(plan.seeds)
        for net in found
        if seed < net.seeds(plan)
    ]


def edges_at(density: float, n: int, m: int) -> int:
    """Edges of a junction of n inputs and m outputs at a density as `InsightsPlan` has it, at most all.

    >>> edges_at(0.1, 100, 50), edges_at(20, 784, 1000)
    (500, 35680)
    """
    return min(n * m, round(density * (n + m) if density > 1 else density * n * m))


def amount(density: float) -> str:
    """A density in words.

    >>> amount(0.1), amount(20)
    ('10 %', 'ε = 20')
    """
    return f"ε = {density:g}" if density > 1 else f"{100 * density:g} %"


def steps_per_epoch(data: str, validation: float) -> int:
    """Steps of an epoch when this share is held out."""
    count = len(dataset(data).train)
    return math.ceil((count - round(validation * count)) / BATCH)
