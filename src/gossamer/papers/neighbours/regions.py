"""Where a classifier's gradient comes from, and whether examples near its boundary are enough to train on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.generators import budgets, erdos_renyi
from gossamer.nn import TrainingStep, mlp
from gossamer.papers.neighbours import regions_judged
from gossamer.papers.neighbours.part import Cell, Part
from gossamer.probes.finding import Number
from gossamer.probes.gradients import gradient_mass, margins
from gossamer.probes.region_estimate import estimate_regions
from gossamer.probes.slabs import gradient_slabs
from gossamer.probes.slices import region_slice
from gossamer.probes.weights import layers_of
from gossamer.seeds import stream, torch_seed
from gossamer.studies.run import dataset
from gossamer.topology import Topology

DENSITIES = {"dense": 1.0, "sparse 10 %": 0.1}
PICKS = ("random", "boundary", "half and half")
"""Which examples are kept: at random; those nearest to the boundary of a network trained briefly; half of each."""


@dataclass(frozen=True, slots=True)
class Training:
    """How networks learn; all of it is our choice.

    Args:
        data: name of a data set.
        hidden: widths.
        steps: of every final network, whatever share of the examples it sees.
        scout_steps: of the network that says what is near the boundary.
        batch: examples a step.
        lr: of Adam.
        shares: of the examples that are kept.
        probed: training examples whose single gradients are taken.
        grid: points a side of the plane on which regions are counted.
    """

    data: str = "mnist"
    hidden: tuple[int, ...] = (100,)
    steps: int = 1500
    scout_steps: int = 600
    batch: int = 100
    lr: float = 1e-3
    shares: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)
    probed: int = 500
    grid: int = 200


@dataclass(frozen=True, slots=True)
class Space:
    """What is measured.

    Args:
        nets: names of kinds.
        seeds: how many.
        settings: how networks learn.
    """

    nets: tuple[str, ...] = tuple(DENSITIES)
    seeds: int = 5
    settings: Training = field(default_factory=Training)


class Examples(NamedTuple):
    """Inputs (N, I), float32, and classes (N,)."""

    x: Tensor
    y: Tensor


def cells(space: Space) -> list[Cell]:
    """One a seed and kind of network: all of its trainings share one scout."""
    return [{"net": net, "seed": seed} for seed in range(1, space.seeds + 1) for net in space.nets]


def measure(training: Training, cell: Cell) -> dict[str, Number]:
    """Train a scout and a network on every selection; take the probes of the network that saw all."""
    density, seed = DENSITIES[str(cell["net"])], int(cell["seed"] or 0)
    train, test = read(training.data)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "weights"))
        scout = trained(
            made(training, train, density, seed), train, training, training.scout_steps, stream(seed, "scout")
        )
        near = np.argsort(margins(scout, train.x), kind="stable")
        numbers: dict[str, Number] = {"accuracy_scout": accuracy(scout, test)}
        for name, chosen in _selections(training, near, stream(seed, "selections")):
            net = made(training, train, density, seed)
            kept = Examples(train.x[chosen], train.y[chosen])
            numbers[name] = accuracy(trained(net, kept, training, training.steps, stream(seed, "order")), test)
    return numbers | _probed(net, train, training, seed)  # the last selection is all


def _selections(
    training: Training, near: NDArray[np.intp], rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Names and places of the examples that are kept."""
    for share in training.shares:
        count = max(training.batch, round(share * len(near)))
        shuffled = rng.permutation(len(near))
        half = near[: count // 2]
        others = shuffled[~np.isin(shuffled, half)][: count - len(half)]
        picked = (shuffled[:count], near[:count], np.concatenate([half, others]))
        yield from ((f"accuracy_{pick}_{share:g}", chosen) for pick, chosen in zip(PICKS, picked, strict=True))
    yield "accuracy_all", np.arange(len(near))


def _probed(net: nn.Sequential, train: Examples, training: Training, seed: int) -> dict[str, Number]:
    """Gradient mass, regions of the first layer and of a plane through three examples, and slabs."""
    rng = stream(seed, "probes")
    some = rng.choice(len(train.x), size=min(training.probed, len(train.x)), replace=False)
    mass = gradient_mass(net, train.x[some], train.y[some])
    first = layers_of(net)[0]
    bias = np.asarray(next(value for name, value in net.state_dict().items() if name.endswith("bias")))
    slabs = gradient_slabs(first, bias, train.x[some].numpy())
    found = region_slice(net, train.x[some[:3]], resolution=training.grid)
    return {
        **{f"mass_{share:g}": float(mass.mass[k]) for k, share in enumerate(mass.shares)},
        **{f"boundary_mass_{share:g}": float(mass.boundary_mass[k]) for k, share in enumerate(mass.shares)},
        **{f"boundary_cosine_{share:g}": float(mass.boundary_cosine[k]) for k, share in enumerate(mass.shares)},
        "log10_regions": estimate_regions(abs(first) > 0, samples=20, rng=rng).log10_regions,
        "slice_regions": found.num_regions,
        "slab_fraction": float(slabs.fractions.mean()),
    }


def read(name: str) -> tuple[Examples, Examples]:
    """Training and test examples of a data set; inputs scaled to 0 to 1 where they are stored as bytes."""
    data = dataset(name)
    parts = ((part.inputs, part.labels) for part in (data.train, data.test))
    train, test = (
        Examples(
            torch.from_numpy(np.asarray(x, np.float32) / (255 if x.max() > 16 else 16)), torch.from_numpy(y.copy())
        )
        for x, y in parts
    )
    return train, test


def made(training: Training, train: Examples, density: float, seed: int) -> nn.Sequential:
    """A ReLU perceptron; its last layer is full."""
    widths = (train.x.shape[1], *training.hidden, int(train.y.max()) + 1)
    rng = stream(seed, "topology")
    edges = [*budgets.uniform(widths[:-1], density), widths[-2] * widths[-1]]
    return mlp(Topology(erdos_renyi(i, o, e, rng=rng) for (i, o), e in zip(pairwise(widths), edges, strict=True)))


def trained(
    net: nn.Sequential, examples: Examples, training: Training, steps: int, rng: np.random.Generator
) -> nn.Sequential:
    """The network after so many steps of Adam over shuffled examples."""
    step = TrainingStep(net, torch.optim.Adam(net.parameters(), lr=training.lr), nn.CrossEntropyLoss())
    for batch in itertools.islice(_batches(len(examples.x), training.batch, rng), steps):
        step(examples.x[batch], examples.y[batch])
    return net


def _batches(count: int, batch: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Places of whole batches, shuffled anew each time round."""
    while True:
        yield from torch.from_numpy(rng.permutation(count))[: count // batch * batch].split(batch)


def accuracy(net: nn.Module, examples: Examples) -> float:
    """Share of the examples that are told right, 0 to 1."""
    with torch.no_grad():
        return float((net(examples.x).argmax(dim=1) == examples.y).double().mean())


PART = Part("regions", 1, cells, measure, regions_judged.conclude)
