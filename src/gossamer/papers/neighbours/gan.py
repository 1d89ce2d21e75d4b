"""Small Wasserstein GANs on mixtures in the plane, their networks dense or sparse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.generators import erdos_renyi
from gossamer.nn import BjorckLinear, SparseLinear
from gossamer.probes.critic import critic, critic_optimizer, settle

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Game:
    """How a generator and a critic play; the published settings where they are known, else our choice.

    Args:
        width: of hidden layers (published: 30).
        generator_depth: linear layers (published: 2).
        critic_depth: linear layers (published: 5).
        rate: of both (published: .0025).
        critic_steps: for each step of the generator (published: 3).
        steps: of the generator (ours).
        batch: points (ours).
        settled: Björck steps in training, from weights orthonormal one step before (published: 3 from anywhere).
    """

    width: int = 30
    generator_depth: int = 2
    critic_depth: int = 5
    rate: float = 0.0025
    critic_steps: int = 3
    steps: int = 500
    batch: int = 256
    settled: int = 2


def mixture(count: int, modes: int, *, rng: np.random.Generator) -> Points:
    """Points (count, 2) around modes that stand evenly on the unit circle, deviation 0.05."""
    angles = 2 * np.pi * rng.integers(0, modes, count) / modes
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points: Points = centres + 0.05 * rng.standard_normal((count, 2))
    return points


def play(
    game: Game, modes: int, *, generator_density: float, critic_density: float, rng: np.random.Generator
) -> nn.Module:
    """Train a generator of the mixture against a critic; densities below 1 make hidden layers sparse.

    Returns:
        The generator, of uniform numbers on (−1, 1), (N, 1), to points (N, 2).
    """
    torch.manual_seed(int(rng.integers(2**63)))
    generator = _generator(game, generator_density, rng)
    judge = critic(2, width=game.width, depth=game.critic_depth, density=critic_density, rng=rng)
    layers = [module for module in judge if isinstance(module, BjorckLinear)]
    judging = critic_optimizer(layers, game.rate)
    for layer in layers:
        layer.steps = game.settled
    making = torch.optim.Adam(generator.parameters(), lr=game.rate, betas=(0.5, 0.9))
    for _ in range(game.steps):
        for _ in range(game.critic_steps):
            real = torch.from_numpy(mixture(game.batch, modes, rng=rng)).float()
            made = generator(_noise(game.batch, rng)).detach()
            scores = judge(torch.cat([real, made]))  # together: the layers are orthonormalised once
            gap = scores[: game.batch].mean() - scores[game.batch :].mean()
            judging.zero_grad()
            (-gap).backward()
            judging.step()
            settle(layers)
        making.zero_grad()
        (-judge(generator(_noise(game.batch, rng))).mean()).backward()
        making.step()
    return generator


def drawn(generator: nn.Module, count: int, *, rng: np.random.Generator) -> Points:
    """Points (count, 2) of a generator."""
    with torch.no_grad():
        points: Points = generator(_noise(count, rng)).double().numpy()
    return points


def _noise(count: int, rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.uniform(-1, 1, (count, 1))).float()


def _generator(game: Game, density: float, rng: np.random.Generator) -> nn.Sequential:
    """ReLU layers; all but the first are sparse below density 1, for the first has one input a unit anyway."""
    widths = [1, *[game.width] * game.generator_depth, 2]
    modules: list[nn.Module] = []
    for number, (i, o) in enumerate(pairwise(widths)):
        if density < 1 and number > 0:
            modules.append(SparseLinear(erdos_renyi(i, o, round(density * i * o), rng=rng)))
        else:
            modules.append(nn.Linear(i, o))
        modules.append(nn.ReLU())
    return nn.Sequential(*modules[:-1])
