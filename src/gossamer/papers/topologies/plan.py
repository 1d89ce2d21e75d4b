"""The networks of the 2017 paper: which are trained, and how."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from gossamer.generators import named
from gossamer.nn import Glorot, Masked
from gossamer.papers.topologies.large_plan import Large
from gossamer.studies import Architecture, Experiment, Run
from gossamer.studies.run import Label
from gossamer.training import SGD, Config, SquaredError
from gossamer.training.data.catalogue import CATALOGUE

DENSE = "dense"
NARROW = "narrow"
RANDOM = "erdos_renyi"
CONSTRUCTIONS = (
    RANDOM,
    "rotating_random",
    "regular_random",
    "rotating_regular",
    "fibonacci",
    "rotating_contiguous",
)
STRUCTURED = ("rotating_regular", "fibonacci")
"""Constructions without chance, which the paper puts against the fully connected network; "contiguous" is the version
that it improves on."""

ELSEWHERE = ("rotating_random", "regular_random", *STRUCTURED)
"""What is trained on the other data sets."""

FURTHER = ("regular_random", "rotating_regular", "fibonacci")
"""Those with dropout, and in deeper networks."""

CLASSES = 10


@dataclass(frozen=True, slots=True)
class TopologiesPlan:
    """What is trained. The paper's own numbers are unknown, so all of these are our choice.

    Args:
        data: names; the first gets every figure, the others the constructions.
        hidden: neurons of a hidden layer.
        epochs: of every run.
        lr: learning rate; momentum is .9 and a batch has 128 examples.
        seeds: how many; with 0 only the full size is trained.
        degrees: edges d1 of an input, for all constructions.
        thin: degrees below 1, for random edges alone.
        medium: those of `degrees` called medium; the others are called sparse.
        other_degrees: for the other data.
        outer: degrees d2 of a hidden unit in the contour; the fully connected one is always there.
        contour: degrees d1 of the contour.
        dropout: shares of inputs and of hidden units that are left out.
        dropped: degrees with dropout.
        deep: hidden layers of the deeper network.
        deep_degrees: its degrees, of all junctions but the last.
        large: the full size with its large hidden layer, for which the paper makes its main claim; None if it is not
            trained.
    """

    data: tuple[str, ...] = ("mnist", "fashion-mnist")
    hidden: int = 100
    epochs: int = 20
    lr: float = 0.5
    seeds: int = 5
    degrees: tuple[int, ...] = (1, 8, 32)
    thin: tuple[float, ...] = (1 / 16, 1 / 4)
    medium: tuple[int, ...] = (32,)
    other_degrees: tuple[int, ...] = (8, 32)
    outer: tuple[int, ...] = (1, 4)
    contour: tuple[int, ...] = (1, 32)
    dropout: tuple[float, float] = (0.1, 0.25)
    dropped: tuple[int, ...] = (8, 32)
    deep: int = 2
    deep_degrees: tuple[int, ...] = (8, 32)
    large: Large | None = None

    @property
    def sparse(self) -> tuple[int, ...]:
        """The degrees that are not medium."""
        return tuple(degree for degree in self.degrees if degree not in self.medium)


def pixels(data: str) -> int:
    """Features of a data set."""
    return math.prod(CATALOGUE[data].shape)


@dataclass(frozen=True, slots=True)
class Net:
    """One network of the plan.

    Args:
        topology: name of the construction, or "dense".
        degree: d1, edges of an input and of each hidden unit but the last ones; as many as outputs if dense.
        outer: d2, edges of a unit of the last hidden layer.
        dropout: of inputs and hidden units.
        depth: hidden layers.
    """

    topology: str
    degree: float
    outer: int = CLASSES
    dropout: tuple[float, float] = (0.0, 0.0)
    depth: int = 1

    def run(self, plan: TopologiesPlan, data: str, seed: int) -> Run:
        """The run that trains it."""
        dense = self.topology == DENSE
        widths = (pixels(data), *[plan.hidden] * self.depth)
        inner = [None if dense else round(self.degree * width) for width in widths[:-1]]
        last = None if self.outer == CLASSES else self.outer * plan.hidden
        architecture = Architecture(
            None if dense else named(self.topology),
            widths[1:],
            (*inner, last),
            nn.Sigmoid,
            Masked(Glorot(fan="dense")),
            self.dropout,
        )
        labels: dict[str, Label] = {
            "data": data,
            "topology": self.topology,
            "degree": self.degree,
            "outer": self.outer,
            "dropout": self.dropout[1],
            "depth": self.depth,
            "hidden": ",".join(str(width) for width in widths[1:]),
            "seed": seed,
        }
        return Run(Experiment(architecture, how(plan), seed), data=data, labels=labels)


def how(plan: TopologiesPlan) -> Config:
    """Squared error of sigmoid outputs, Nesterov's momentum, a fixed batch; the model after the last epoch counts."""
    return Config(epochs=plan.epochs, optimizer=SGD(plan.lr, 0.9), loss=SquaredError(), validation=0.0)


def runs(plan: TopologiesPlan) -> list[Run]:
    """All runs, seed by seed, so that a reproduction that is stopped has whole seeds."""
    first, *others = plan.data
    return [
        net.run(plan, data, seed)
        for seed in range(plan.seeds)
        for data, nets in ((first, _all(plan)), *((other, _few(plan)) for other in others))
        for net in nets
    ]


def _all(plan: TopologiesPlan) -> list[Net]:
    return [*_main(plan), *_contour(plan), *_dropped(plan), *_deeper(plan)]


def _main(plan: TopologiesPlan) -> Iterator[Net]:
    yield Net(DENSE, plan.hidden)
    for name in CONSTRUCTIONS:
        yield from (Net(name, degree) for degree in plan.degrees)
    yield from (Net(RANDOM, degree) for degree in plan.thin)


def _few(plan: TopologiesPlan) -> Iterator[Net]:
    yield Net(DENSE, plan.hidden)
    for name in ELSEWHERE:
        yield from (Net(name, degree) for degree in plan.other_degrees)


def _contour(plan: TopologiesPlan) -> Iterator[Net]:
    for outer in plan.outer:
        yield from (Net("regular_random", degree, outer) for degree in plan.contour)


def _dropped(plan: TopologiesPlan) -> Iterator[Net]:
    yield Net(DENSE, plan.hidden, dropout=plan.dropout)
    for name in FURTHER:
        yield from (Net(name, degree, dropout=plan.dropout) for degree in plan.dropped)


def _deeper(plan: TopologiesPlan) -> Iterator[Net]:
    yield Net(DENSE, plan.hidden, depth=plan.deep)
    for name in FURTHER:
        yield from (Net(name, degree, depth=plan.deep) for degree in plan.deep_degrees)
