"""How far apart two samples are, as the best Lipschitz critic that training finds can tell."""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from gossamer.errors import require_fraction, require_int, require_rng
from gossamer.generators import erdos_renyi
from gossamer.nn import BjorckLinear, GroupSort, lipschitz_bound
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number
from gossamer.probes.transport import samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERY = 10
"""Steps from one judgement of the critic to the next."""

STEPS = 20
"""Of orthonormalisation in a finished critic."""

SETTLED_STEPS = 5
"""Of orthonormalisation in training, from weights that were orthonormal one step of the optimiser before."""


@final
@dataclass(frozen=True, eq=False)
class CriticDistance(Finding):
    """What a trained critic found: E D(x) − E D(y) ≤ W₁(x, y), for D of Lipschitz constant at most 1.

    Attributes:
        distance: the difference of the critic's means, divided by its proven Lipschitz bound; at least 0.
        bound: that bound, before the division; 1 up to rounding when the layers are orthonormal.
        curve: the distance at each judgement, (steps / 10,).
        critic: the network; it takes points as they were given, and is 1-Lipschitz.
        dimensions: of the points.
    """

    distance: float
    bound: float
    curve: tuple[float, ...]
    critic: nn.Module
    dimensions: int

    equation: ClassVar[str] = "sup over 1-Lipschitz D of mean D(x) − mean D(y), at most W₁(x, y)"

    def record(self) -> Mapping[str, Number]:
        """The distance and the bound that it was divided by."""
        return {"critic_distance": self.distance, "lipschitz_bound": self.bound}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the distance as training found it."""
        ax = axes_or_new(ax)
        ax.plot(np.arange(1, len(self.curve) + 1) * EVERY, self.curve)
        top = 1.05 * max(self.curve) or 1.0
        ax.set(
            xlabel="critic steps", ylabel="distance found so far", ylim=(0, top), title="Critic distance, at most W₁"
        )
        return ax

    def __float__(self) -> float:
        return self.distance


def critic_distance(x: ArrayLike, y: ArrayLike, **settings: Any) -> float:
    """A lower bound of W₁ between two samples, found by training; see `lipschitz_critic`, whose settings it takes.

    It never exceeds `wasserstein(x, y)`, however short the training, and needs no pairs: samples may be of any sizes.

    >>> critic_distance([[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]])
    0.0
    >>> 1.9 < critic_distance([0.0, 1.0], [2.0, 3.0], steps=100) <= 2.0
    True
    """
    return lipschitz_critic(x, y, **settings).distance


def lipschitz_critic(
    x: ArrayLike,
    y: ArrayLike,
    *,
    width: int = 32,
    depth: int = 3,
    steps: int = 300,
    rate: float = 0.01,
    density: float = 1.0,
    rng: np.random.Generator | None = None,
) -> CriticDistance:
    """Train a critic of orthonormal layers and GroupSort to tell two samples apart.

    The critic is judged every ten steps by its own proven Lipschitz bound (the product of the largest singular values
    of its layers), and the best one is kept; what is returned is computed in float64.

    Args:
        x: first sample, (N, D), or (N,) for numbers.
        y: second sample, (M, D) or (M,).
        width: units of a hidden layer, even.
        depth: linear layers, at least 1; with 1 the critic is linear and sees the difference of the means alone.
        steps: of Adam on all points.
        rate: of learning.
        density: share of edges of the layers between hidden units, above 0 to 1; below 1 they are random, and
            need `rng`.
        rng: decides the weights at the start and the edges of a sparse critic; None starts at the cosine basis, which
            takes no chance.

    Raises:
        ValueError: samples that do not fit or are not finite, an odd width, a density below 1 without `rng`.
        TypeError: no numbers.

    References:
        G. Biau, M. Sangnier, U. Tanielian, "Some Theoretical Insights into Wasserstein GANs", JMLR 2021, 2006.02682.
        The published code orthonormalises by 3 steps from anywhere; we take 5 from weights that were orthonormal one
        step of training before, 20 in the end, and divide by the proven bound, so that the result is a bound. Points
        are shifted and scaled to unit size for training only.
    """
    first, second = samples(x, y)
    require_int("width", width, low=2)
    if width % 2:
        raise ValueError(f"width={width} is odd; GroupSort needs pairs.")
    require_int("depth", depth, low=1)
    require_int("steps", steps, low=1)
    require_fraction("density", density, low=1e-9)
    if density < 1 and rng is None:
        raise ValueError(f"density={density} draws edges, so it needs rng.")
    rng = None if rng is None else require_rng(rng)
    middle = np.concatenate([first, second]).mean(0)
    size = float(np.sqrt(np.square(np.concatenate([first - middle, second - middle])).sum(1).mean()))
    if size == 0:  # one point, however often
        size = 1.0
    network = critic(first.shape[1], width=width, depth=depth, density=density, rng=rng)
    pair = torch.from_numpy((first - middle) / size), torch.from_numpy((second - middle) / size)
    with _one_thread():
        curve = _train(network, pair, steps=steps, rate=rate)
        network = network.double()
        bound = lipschitz_bound(network)
        value, rounding = _difference(network, pair)
    # Less what float64 can have lost, so that equal samples are at 0 and no other pair above W₁.
    distance = max(0.0, abs(value) / bound - rounding) * size
    whole = _Unscaled(network, middle, size, bound if value >= 0 else -bound)
    return CriticDistance(distance, bound, tuple(size * each for each in curve), whole, first.shape[1])


def critic(
    dimensions: int,
    *,
    width: int = 32,
    depth: int = 3,
    density: float = 1.0,
    rng: np.random.Generator | None = None,
) -> nn.Sequential:
    """A network from points to numbers that is 1-Lipschitz by construction; see `lipschitz_critic`.

    >>> critic(2, width=4, depth=2)
    Sequential(
      (0): BjorckLinear(in_features=2, out_features=4, num_edges=8)
      (1): GroupSort()
      (2): BjorckLinear(in_features=4, out_features=1, num_edges=4)
    )
    """
    rng = None if rng is None else require_rng(rng)
    widths = [dimensions, *[width] * (depth - 1), 1]
    modules: list[nn.Module] = []
    for number, (i, o) in enumerate(itertools.pairwise(widths)):
        inner = 0 < number < depth - 1
        sparse = inner and density < 1
        junction = erdos_renyi(i, o, max(1, round(density * i * o)), rng=require_rng(rng)) if sparse else None
        layer = BjorckLinear(i, o, junction=junction)
        start = _cosines(o, i) if rng is None else rng.standard_normal((o, i))
        with torch.no_grad():
            full = torch.as_tensor(start, dtype=layer.weight.dtype)
            layer.weight.copy_(full.flatten()[layer.edges] if junction is not None else full)  # type: ignore[index]
            layer.bias.copy_(torch.linspace(-1, 1, o) if o > 1 else torch.zeros(1))
        modules += [layer, GroupSort()] if number < depth - 1 else [layer]
    return nn.Sequential(*modules)


def _cosines(rows: int, columns: int) -> NDArray[np.float64]:
    """Part of the orthonormal cosine basis: a start without chance, at which no two units are alike."""
    from scipy.fft import dct

    basis: NDArray[np.float64] = dct(np.eye(max(rows, columns)), norm="ortho", axis=0)
    return basis[:rows, :columns]


def critic_optimizer(layers: Sequence[BjorckLinear], rate: float) -> torch.optim.Adam:
    """Adam at a rate that is relative to the size of settled weights; the layers are settled here."""
    for layer in layers:
        layer.settle()
        layer.steps = SETTLED_STEPS
    groups = [{"params": [layer.weight], "lr": rate * layer.scale} for layer in layers]
    groups.append({"params": [layer.bias for layer in layers], "lr": rate})
    return torch.optim.Adam(groups, lr=rate, betas=(0.5, 0.9))


def settle(layers: Sequence[BjorckLinear]) -> None:
    """Settle every layer, after a step."""
    for layer in layers:
        layer.settle()


def _train(network: nn.Sequential, pair: tuple[Tensor, Tensor], *, steps: int, rate: float) -> list[float]:
    """Raise the difference of the means; leave the network at its best, and say how good it was on the way."""
    layers = [module for module in network if isinstance(module, BjorckLinear)]
    adam = critic_optimizer(layers, rate)
    best, state, curve = -1.0, copy.deepcopy(network.state_dict()), []
    x, y = (each.float() for each in pair)
    for step in range(1, steps + 1):
        gap = network(x).mean() - network(y).mean()
        adam.zero_grad()
        (-gap).backward()
        if step % EVERY == 0 or step == steps:
            value = abs(float(gap.detach())) / lipschitz_bound(network)
            curve.append(max(value, best))
            if value > best:
                best, state = value, copy.deepcopy(network.state_dict())
        adam.step()
        settle(layers)
    for layer in layers:
        layer.steps = STEPS
    network.load_state_dict(state)
    return curve


def _difference(network: nn.Module, pair: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """The difference of the means in float64, and more than rounding can have changed it."""
    with torch.no_grad():
        high, low = network(pair[0]), network(pair[1])
    reach = float(torch.cat([high, low]).abs().max()) + 1.0
    return float(high.mean() - low.mean()), 1e-12 * reach


class _Unscaled(nn.Module):
    """The critic of points as they were given: D(p) = size / divisor · network((p − middle) / size)."""

    def __init__(self, network: nn.Module, middle: NDArray[np.float64], size: float, divisor: float) -> None:
        super().__init__()
        self.network, self.size, self.divisor = network, size, divisor
        self.register_buffer("middle", torch.from_numpy(middle))

    def forward(self, points: Tensor) -> Tensor:
        """(..., D) to (..., 1), float64."""
        scaled: Tensor = self.network((points.double() - self.middle) / self.size)  # type: ignore[operator]
        return scaled * (self.size / self.divisor)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Products of this size lose by being shared out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
