"""Where the words of the command line and of study files become objects."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gossamer.errors import require_fraction, require_int, require_known
from gossamer.studies.plan.constructions import DENSE as DENSE
from gossamer.studies.plan.constructions import edges_of
from gossamer.studies.plan.constructions import family as family
from gossamer.topology import Topology

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from gossamer.generators import Family
    from gossamer.nn import Initialization
    from gossamer.rewiring import Rule
    from gossamer.studies.plan.constructions import Construction
    from gossamer.topology import Junction
    from gossamer.training import Config, Loss, OptimizerRecipe, Schedule
    from gossamer.training.data import Dataset

MOST_NEURONS = 2**31 - 1
"""Of a layer: edges name their ends by 32 bits."""
_BYTES_A_WEIGHT = 12
"""Of a weight, its gradient, and one number more of the optimiser's."""
_BYTES_AN_EDGE = 24
"""What a construction needs while it is made, at the least, unless it is described by offsets."""


def junction(name: str, inputs: int, outputs: int, degree: int | None, *, rng: np.random.Generator) -> Junction:
    """One junction of the construction of this name."""
    from gossamer.generators import dense

    require_int("inputs", inputs, low=1, high=MOST_NEURONS)
    require_int("outputs", outputs, low=1, high=MOST_NEURONS)
    made = family(name)
    if made is None:
        if degree is not None:
            raise ValueError(f"degree={degree} is not allowed for {name}: every edge is there.")
        return dense(inputs, outputs)
    if degree is None:
        raise ValueError(f"degree is not given: {name} needs one, such as --degree 16.")
    count = _edges(made, str(degree), inputs, outputs)
    _require_memory(name, count + inputs + outputs)
    return made.with_edges(inputs, outputs, count, rng=rng)


def activation(name: str) -> Callable[[], nn.Module]:
    """Makes the module of this name."""
    from torch import nn

    known: dict[str, Callable[[], nn.Module]] = {
        "relu": nn.ReLU,
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "gelu": nn.GELU,
        "leaky_relu": nn.LeakyReLU,
    }
    return require_known("activation", name, known)


def initialization(name: str) -> Initialization:
    """The initialisation of this name; "_dense" takes the fan of the fully connected layer."""
    from gossamer import nn

    known: dict[str, Initialization] = {
        "kaiming": nn.Kaiming(),
        "kaiming_dense": nn.Kaiming(fan="dense"),
        "glorot": nn.Glorot(),
        "glorot_dense": nn.Glorot(fan="dense"),
    }
    return require_known("initialization", name, known)


def loss(name: str | None) -> Loss | None:
    """The loss of this name; None is the usual one of the data."""
    from gossamer.training.losses import LOSSES

    return None if name is None else require_known("loss", name, LOSSES)()


def schedule(name: str) -> Schedule:
    """The course of the learning rate of this name."""
    from gossamer.training import ConstantRate, CosineRate

    known: dict[str, Schedule] = {"constant": ConstantRate(), "cosine": CosineRate()}
    return require_known("schedule", name, known)


def optimizer(name: str, lr: float | None, momentum: float, weight_decay: float) -> OptimizerRecipe:
    """The optimiser of this name; its own learning rate if none is given."""
    from gossamer.training import SGD, Adam

    def adam() -> OptimizerRecipe:
        return Adam(Adam().lr if lr is None else lr, weight_decay)

    def sgd() -> OptimizerRecipe:
        return SGD(SGD().lr if lr is None else lr, momentum, weight_decay)

    known: dict[str, Callable[[], OptimizerRecipe]] = {"adam": adam, "sgd": sgd}
    return require_known("optimizer", name, known)()


def use_threads(count: int | None) -> None:
    """Give PyTorch and the kernels so many threads, or leave them what they have."""
    import torch

    if count is not None:
        torch.set_num_threads(require_int("threads", count, low=1, high=1024))


def numbers(name: str, text: str) -> tuple[int, ...]:
    """Whole numbers from 1 to `MOST_NEURONS`, from text such as "1000,500"; none from ""."""
    words = text.split(",") if text else []
    if not all(word.strip() for word in words):
        raise ValueError(f"{name}={text} has an empty place between its commas.")
    return tuple(require_int(name, _count(name, word), low=1, high=MOST_NEURONS) for word in words)


def edges(made: Construction, degree: str, sizes: tuple[int, ...]) -> tuple[int | None, ...]:
    """Edges of each junction between layers of these `sizes`.

    Args:
        made: the construction; a topology that was given has its own counts; or None.
        degree: one number for all junctions but the last, which is then fully connected; or one word for each junction,
            a number or "dense", such as "16,16,dense". A degree counts the edges of each input; of each output
            if that is what the construction makes equal.
        sizes: neurons of each layer, input first.
    """
    return _each_junction(made, "degree", degree, sizes, _edges)


def equal_edges(made: Construction, degree: str, sizes: tuple[int, ...]) -> tuple[int | None, ...]:
    """The same, but a degree counts the edges of each input whatever the construction: equal cost for all."""

    def count(made: Family, word: str, n: int, m: int) -> int:
        return n * require_int(f"degree of a {n} x {m} junction", _count("degree", word), low=1, high=m)

    return _each_junction(made, "degree", degree, sizes, count)


def edges_of_density(made: Construction, density: str, sizes: tuple[int, ...]) -> tuple[int | None, ...]:
    """The same, from shares of the possible edges; of the counts that the construction can make, the nearest."""

    def count(made: Family, word: str, n: int, m: int) -> int:
        wanted = round(require_fraction(f"density of a {n} x {m} junction", _share("density", word)) * n * m)
        near = made.nearest_edges(n, m, max(1, wanted)) or (wanted,)
        return min(near, key=lambda number: abs(number - wanted))

    return _each_junction(made, "density", density, sizes, count)


def _each_junction(
    made: Construction,
    name: str,
    text: str,
    sizes: tuple[int, ...],
    count: Callable[[Family, str, int, int], int],
) -> tuple[int | None, ...]:
    if isinstance(made, Topology):
        return edges_of(made, sizes)
    words = text.split(",")
    junctions = len(sizes) - 1
    if len(words) == 1 and junctions > 1:
        words = [*words * (junctions - 1), DENSE]
    if len(words) != junctions:
        raise ValueError(
            f"{name}={text} has {len(words)} entries for {junctions} junctions: give one, or one for each."
        )
    return tuple(
        None if word.strip() == DENSE or made is None else count(made, word, n, m)
        for word, n, m in zip(words, sizes, sizes[1:], strict=False)
    )


def _edges(made: Family, word: str, n: int, m: int) -> int:
    from gossamer.generators import Size

    each, most = (m, n) if made.size is Size.FAN_IN else (n, m)
    return each * require_int(f"degree of a {n} x {m} junction", _count("degree", word), low=1, high=most)


def require_room(hidden: tuple[int, ...], counts: tuple[int | None, ...], sizes: tuple[int, ...]) -> None:
    """Refuse a network that this machine cannot train, before it tries.

    Args:
        hidden: neurons of the hidden layers, for the message.
        counts: edges of each junction; None is fully connected.
        sizes: neurons of each layer, input first.

    Raises:
        ValueError: weights, gradients and the optimiser's state alone would fill the memory.
    """
    pairs = zip(counts, sizes, sizes[1:], strict=False)
    edges = sum(n * m if count is None else count for count, n, m in pairs)
    if edges * _BYTES_A_WEIGHT > _memory():
        raise ValueError(
            f"hidden={','.join(map(str, hidden))} is not allowed: {edges} edges need "
            f"{edges * _BYTES_A_WEIGHT / 2**30:.0f} GiB to train, and this machine has {_memory() / 2**30:.0f} GiB."
        )


def _memory() -> float:
    """Bytes that this machine has, as far as the system tells."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else math.inf


def _require_memory(name: str, size: int) -> None:
    """Refuse a construction that this machine cannot hold; offsets take no memory to speak of."""
    here = _memory()
    if not name.startswith(("rotating", "fibonacci")) and size * _BYTES_AN_EDGE > here:
        raise ValueError(
            f"{size} edges and neurons are too many: {name} needs about {size * _BYTES_AN_EDGE / 2**30:.0f} GiB to "
            f"make them, and this machine has {here / 2**30:.0f} GiB."
        )


def _count(name: str, word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{name}={word} is no whole number.") from None


def _share(name: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{name}={word} is no number.") from None


@dataclass(frozen=True, slots=True)
class Course:
    """How long a training is, which rules go by when they are not told.

    Args:
        steps: of an epoch.
        epochs: of the training.
    """

    steps: int
    epochs: int

    @classmethod
    def of(cls, config: Config, data: Dataset) -> Course:
        """The course of a training on a data set."""
        learnt = len(data.train) - round(config.validation * len(data.train))
        return cls(-(-learnt // config.batch_size), config.epochs)


def rule(
    name: str, fraction: float | None, course: Course, *, every: int | None = None, until: int | None = None
) -> Rule | None:
    """The rewiring rule of this name; None for a static topology.

    Args:
        name: of the rule, or "static".
        fraction: the share of edges that moves; the rule's own if None.
        course: of the training.
        every: steps between updates; an epoch if None.
        until: the last step with an update; three quarters of the training if None.

    Raises:
        ValueError: an unknown name, a fraction for a rule that has none, or any setting of a static topology.
    """
    from gossamer.rewiring import RULES, static

    recipe = require_known("rewire", name, RULES)
    if recipe is static:
        for setting, value in (("fraction", fraction), ("every", every), ("until", until)):
            if value is not None:
                raise ValueError(f"{setting}={value} is not allowed for {name}: no edge moves.")
        return None
    every = course.steps if every is None else every
    until = max(1, 3 * course.epochs * course.steps // 4) if until is None else until
    if fraction is None:
        return recipe(every=every, until=until)
    if "fraction" not in inspect.signature(recipe).parameters:
        raise ValueError(f"fraction={fraction} is not allowed: {name} has no fraction of edges that moves.")
    return recipe(fraction=fraction, every=every, until=until)
