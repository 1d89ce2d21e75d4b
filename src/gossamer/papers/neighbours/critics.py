"""Lipschitz critics: how near they come to W₁, what their size costs, and games of dense and sparse networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from gossamer.papers.neighbours import critics_judged
from gossamer.papers.neighbours.gan import Game, Points, drawn, mixture, play
from gossamer.papers.neighbours.landscapes import Training, digits, trained
from gossamer.papers.neighbours.part import Cell, Part
from gossamer.probes.critic import lipschitz_critic
from gossamer.probes.finding import Number
from gossamer.probes.transport import wasserstein
from gossamer.seeds import stream

FACTOR = 2.0
"""By which the second sample of the trade-off is wider than the first."""

TRUE = (FACTOR - 1) * math.sqrt(math.pi / 2)
"""W₁ of a standard normal in the plane and `FACTOR` times it: D(x) = ‖x‖ attains what moving along rays costs."""

GAMES = {
    "dense": (1.0, 1.0),
    "sparse critic": (1.0, 0.3),
    "both sparse": (0.3, 0.3),
}
"""Densities of the hidden layers of generator and critic."""

PAIRS = ("sparse, sparse", "dense, sparse", "SET, before to after")
"""Networks on the digits whose outputs on the test part are compared; the last: one network halfway and at its end."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How critics are trained.

    Args:
        steps: of a critic that measures a distance.
        outputs: examples whose outputs are compared, and points drawn from a generator.
        game: how generator and critic play.
        perceptrons: whose outputs are compared.
    """

    steps: int = 150
    outputs: int = 200
    game: Game = field(default_factory=Game)
    perceptrons: Training = field(default_factory=lambda: Training(epochs=20))


@dataclass(frozen=True, slots=True)
class Critics:
    """What is measured.

    Args:
        widths: of the trade-off's critics.
        sizes: of its samples.
        modes: of the mixtures.
        games: names.
        pairs: names.
        seeds: how many.
        settings: how critics are trained.
    """

    widths: tuple[int, ...] = (2, 8, 32)
    sizes: tuple[int, ...] = (16, 64, 256)
    modes: tuple[int, ...] = (4,)
    games: tuple[str, ...] = tuple(GAMES)
    pairs: tuple[str, ...] = PAIRS
    seeds: int = 10
    settings: Settings = field(default_factory=Settings)


def cells(critics: Critics) -> list[Cell]:
    """One a seed and critic size with sample size, game or pair; a whole seed before the next one."""
    found: list[Cell] = []
    for seed in range(critics.seeds):
        found += [{"kind": "pair", "name": name, "seed": seed, "width": None, "size": None} for name in critics.pairs]
        found += [
            {"kind": "trade-off", "name": "normal", "seed": seed, "width": width, "size": size}
            for size in critics.sizes
            for width in critics.widths
        ]
        found += [
            {"kind": "game", "name": name, "seed": seed, "width": None, "size": modes}
            for modes in critics.modes
            for name in critics.games
        ]
    return found


def measure(settings: Settings, cell: Cell) -> dict[str, Number]:
    """One distance, or one game."""
    how: Callable[[Settings, Cell], dict[str, Number]] = {"pair": _pair, "trade-off": _size, "game": _game}[
        str(cell["kind"])
    ]
    with torch.random.fork_rng(devices=[]):
        return how(settings, cell)


def _size(settings: Settings, cell: Cell) -> dict[str, Number]:
    """A critic on two samples of a known distance, and what it says of fresh ones."""
    count, seed = int(cell["size"] or 0), int(cell["seed"] or 0)
    x, y, fresh_x, fresh_y = _normals(count, stream(seed, f"normals {count}"))
    options = {"width": int(cell["width"] or 0), "depth": 3, "steps": settings.steps}
    found = lipschitz_critic(y, x, rng=stream(seed, "critic"), **options)
    with torch.no_grad():
        values = [found.critic(torch.from_numpy(points)).mean() for points in (fresh_y, fresh_x)]
    exact = wasserstein(x, y)
    return {
        "critic": found.distance,
        "exact": exact,
        "true": TRUE,
        "fresh": float(values[0] - values[1]),
        "bound": found.bound,
    }


def _normals(count: int, rng: np.random.Generator) -> tuple[Points, Points, Points, Points]:
    x, y = rng.standard_normal((count, 2)), FACTOR * rng.standard_normal((count, 2))
    return x, y, rng.standard_normal((20_000, 2)), FACTOR * rng.standard_normal((20_000, 2))


def _game(settings: Settings, cell: Cell) -> dict[str, Number]:
    """How far what a generator makes is from the mixture: exact W₁ of fresh samples, beside that of two real."""
    name, modes, seed = str(cell["name"]), int(cell["size"] or 0), int(cell["seed"] or 0)
    generating, judging = GAMES[name]
    rng = stream(seed, f"game of {modes}")
    generator = play(settings.game, modes, generator_density=generating, critic_density=judging, rng=rng)
    fresh = stream(seed, f"fresh {modes}")
    real, other = (mixture(settings.outputs, modes, rng=fresh) for _ in range(2))
    made = drawn(generator, settings.outputs, rng=fresh)
    return {
        "exact": wasserstein(made, real),
        "floor": wasserstein(other, real),
        "modes_found": _modes_found(made, modes),
        "edges": sum(p.numel() for p in generator.parameters() if p.dim() > 0),
    }


def _modes_found(points: Points, modes: int) -> int:
    """Modes with at least a quarter of their share of the points within 0.2."""
    angles = 2 * np.pi * np.arange(modes) / modes
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    near = np.linalg.norm(points[:, None] - centres[None], axis=2) < 0.2
    return int((near.sum(0) >= len(points) / modes / 4).sum())


def _pair(settings: Settings, cell: Cell) -> dict[str, Number]:
    """The critic distance between the outputs of two networks on the same examples, and the exact one."""
    name, seed = str(cell["name"]), int(cell["seed"] or 0)
    perceptrons = settings.perceptrons
    if name == "SET, before to after":
        models: list[nn.Module] = list(trained(perceptrons, seed, dense=False, rewired=True))
    else:
        kinds = name.split(", ")
        seeds = (seed, 1000 + seed)
        models = [
            trained(perceptrons, each, dense=kind == "dense", rewired=False)[1]
            for kind, each in zip(kinds, seeds, strict=True)
        ]
    x = digits()[2][: settings.outputs]
    with torch.no_grad():
        first, second = (torch.softmax(model(x), 1).double().numpy() for model in models)
    found = lipschitz_critic(first, second, steps=settings.steps)
    return {"critic": found.distance, "exact": wasserstein(first, second), "bound": found.bound}


PART = Part("critics", 1, cells, measure, critics_judged.conclude)
