"""How losses bend around dense, sparse and rewired networks, and between them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.distances import nnstd
from gossamer.generators import budgets, erdos_renyi
from gossamer.nn import SparseLinear, mlp, topology_of
from gossamer.papers.neighbours import landscapes_judged
from gossamer.papers.neighbours.part import Cell, Part
from gossamer.papers.neighbours.segmentation import EncoderDecoder, shapes
from gossamer.probes.barrier import Matching, as_they_are, barrier, by_topology, by_weights
from gossamer.probes.finding import Number
from gossamer.probes.landscape import landscape
from gossamer.rewiring import Rewirer, sparse_evolutionary
from gossamer.seeds import stream, torch_seed
from gossamer.topology import Topology
from gossamer.training.data import load

MATCHINGS: dict[str, Matching] = {"as they are": as_they_are, "NNSTD": by_topology, "NNSTD, weights": by_weights}


@dataclass(frozen=True, slots=True)
class Training:
    """How networks learn; all of it is our choice.

    Args:
        hidden: widths of the perceptrons.
        density: of the sparse ones.
        epochs: of the perceptrons, half before and half after rewiring sets in.
        batch: their examples a step.
        images: for the encoder-decoders.
        target: training loss at which an encoder-decoder stops, so that landscapes have equal centres.
        most: epochs, if it does not get there.
        points: of a landscape along each direction.
        probed: training examples that the loss of a perceptron is taken over when it is looked at.
        near: how far the plane of a perceptron reaches; that of an encoder-decoder reaches 1.
    """

    hidden: tuple[int, ...] = (60, 60)
    density: float = 0.1
    epochs: int = 30
    batch: int = 32
    images: int = 32
    target: float = 0.3
    most: int = 300
    points: int = 9
    probed: int = 300
    near: float = 0.25


FLAT = ("dense", "sparse", "before rewiring", "after rewiring")
"""Perceptrons whose landscapes are drawn; the last three are one start: never rewired, halfway, and then rewired."""

LINES = ("dense", "static", "SET", "SET, before to after")
"""Pairs: two networks of different seeds (topology, weights, order), or one network halfway and at its end."""

SEGMENTERS = {
    "skips, batch 4": (True, 4, 1.0),
    "skips, batch 32": (True, 32, 1.0),
    "no skips, batch 4": (False, 4, 1.0),
    "no skips, batch 32": (False, 32, 1.0),
    "skips, batch 4, 30 % of the taps": (True, 4, 0.3),
}
"""Encoder-decoders: skip connections, examples a step, density."""


@dataclass(frozen=True, slots=True)
class Bends:
    """What is measured.

    Args:
        flat: names of perceptrons.
        lines: names of pairs.
        segmenters: names of encoder-decoders.
        seeds: how many.
        settings: how they learn.
    """

    flat: tuple[str, ...] = FLAT
    lines: tuple[str, ...] = LINES
    segmenters: tuple[str, ...] = tuple(SEGMENTERS)
    seeds: int = 10
    settings: Training = field(default_factory=Training)


def cells(bends: Bends) -> list[Cell]:
    """One a seed and network, pair or encoder-decoder; a whole seed before the next one."""
    kinds = {"encoder-decoder": bends.segmenters, "perceptron": bends.flat, "line": bends.lines}
    return [
        {"kind": kind, "net": name, "seed": seed}
        for seed in range(bends.seeds)
        for kind, names in kinds.items()
        for name in names
    ]


def measure(settings: Training, cell: Cell) -> dict[str, Number]:
    """Train what a cell names and look at its loss."""
    name, seed = str(cell["net"]), int(cell["seed"] or 0)
    how: Callable[[Training, str, int], dict[str, Number]] = {
        "perceptron": _perceptron,
        "line": _line,
        "encoder-decoder": _segmenter,
    }[str(cell["kind"])]
    with torch.random.fork_rng(devices=[]):
        return how(settings, name, seed)


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training and test examples of the 8 by 8 digits, standardised."""
    data = load("digits")
    mean, deviation = data.scaling
    parts = []
    for part in (data.train, data.test):
        parts += [torch.tensor((part.inputs - mean) / deviation).float(), torch.tensor(part.labels)]
    return parts[0], parts[1], parts[2], parts[3]


def _perceptron(settings: Training, name: str, seed: int) -> dict[str, Number]:
    x, y, x_test, y_test = digits()
    early, late = trained(settings, seed, dense=name == "dense", rewired=name == "after rewiring")
    model = early if name == "before rewiring" else late
    some = slice(settings.probed)
    how = {"points": settings.points, "radius": settings.near}
    found = landscape(model, x[some], y[some], rng=stream(seed, "directions"), **how)  # type: ignore[arg-type]
    return {**found.record(), "accuracy": _accuracy(model, x_test, y_test), "nnstd": _distance(early, late)}


def _line(settings: Training, name: str, seed: int) -> dict[str, Number]:
    x, y, _, _ = digits()
    kind, _, _ = name.partition(", before to after")
    options = {"dense": kind == "dense", "rewired": kind == "SET"}
    early, first = trained(settings, seed, **options)
    other = early if kind != name else trained(settings, 1000 + seed, **options)[1]
    some = settings.probed
    heights = {
        f"barrier, {how}": barrier(first, other, x[:some], y[:some], matching=matching).height
        for how, matching in MATCHINGS.items()
    }
    return {**heights, "nnstd": _distance(first, other)}


def _distance(a: nn.Module, b: nn.Module) -> float:
    """NNSTD; dense networks have one topology."""
    sparse = any(isinstance(module, SparseLinear) for module in a.modules())
    return nnstd(topology_of(a), topology_of(b)).mean if sparse else 0.0


def trained(settings: Training, seed: int, *, dense: bool, rewired: bool) -> tuple[nn.Module, nn.Module]:
    """A perceptron on the digits after half of its epochs, without rewiring, and after all of them."""
    x, y, _, _ = digits()
    widths = (x.shape[1], *settings.hidden, 10)
    order = stream(seed, "order")
    torch.manual_seed(torch_seed(seed, "weights"))
    model = _network(widths, 1.0 if dense else settings.density, stream(seed, "topology"))
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    per_epoch = -(-len(x) // settings.batch)
    rewirer = Rewirer(model, adam, sparse_evolutionary(fraction=0.3, every=per_epoch)) if rewired else None
    half = settings.epochs // 2
    _epochs(model, adam, (x, y), half, settings.batch, order, None)
    early = copy.deepcopy(model)
    _epochs(model, adam, (x, y), settings.epochs - half, settings.batch, order, rewirer)
    return early, model


def _network(widths: tuple[int, ...], density: float, rng: np.random.Generator) -> nn.Module:
    pairs = list(pairwise(widths))
    if density == 1:
        layers = [nn.Linear(i, o) for i, o in pairs]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # as sparse layers begin
            nn.init.zeros_(layer.bias)
        return nn.Sequential(*[module for layer in layers for module in (layer, nn.ReLU())][:-1])
    edges = budgets.erdos_renyi(widths, density)
    return mlp(Topology(erdos_renyi(i, o, e, rng=rng) for (i, o), e in zip(pairs, edges, strict=True)))


def _epochs(
    model: nn.Module,
    adam: torch.optim.Optimizer,
    data: tuple[Tensor, Tensor],
    count: int,
    batch: int,
    order: np.random.Generator,
    rewirer: Rewirer | None,
) -> None:
    x, y = data
    for _ in range(count):
        for chosen in torch.from_numpy(order.permutation(len(x))).split(batch):
            loss = nn.functional.cross_entropy(model(x[chosen]), y[chosen])
            adam.zero_grad()
            loss.backward()
            adam.step()
            if rewirer is not None:
                rewirer.step()


def _segmenter(settings: Training, name: str, seed: int) -> dict[str, Number]:
    skips, batch, density = SEGMENTERS[name]
    images, labels = shapes(settings.images, rng=stream(seed, "shapes"))
    fresh = shapes(settings.images, rng=stream(seed, "fresh shapes"))
    torch.manual_seed(torch_seed(seed, "weights"))
    model = EncoderDecoder(skips=skips, density=density, rng=stream(seed, "topology"))
    adam, order = torch.optim.Adam(model.parameters(), lr=3e-3), stream(seed, "order")
    epochs = 0
    while epochs < settings.most and _value(model, images, labels) > settings.target:
        _epochs(model, adam, (images, labels), 1, batch, order, None)
        epochs += 1
    found = landscape(model, images, labels, rng=stream(seed, "directions"), points=settings.points)
    return {**found.record(), "accuracy": _accuracy(model, *fresh), "epochs": epochs}


@torch.no_grad()
def _value(model: nn.Module, x: Tensor, y: Tensor) -> float:
    return float(nn.functional.cross_entropy(model(x), y))


@torch.no_grad()
def _accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    return float((model(x).argmax(1) == y).double().mean())


PART = Part("landscapes", 1, cells, measure, landscapes_judged.conclude)
