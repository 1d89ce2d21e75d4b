"""Which empty places get an edge, and what weight it starts with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gossamer.errors import require_fraction, require_int
from gossamer.rewiring.keys import Keys, Mask, random_empty
from gossamer.rewiring.view import Floats, LayerView


class Grow(Protocol):
    """Chooses empty places to fill."""

    @property
    def random(self) -> bool:
        """Whether it draws."""

    @property
    def window(self) -> int:
        """Steps up to the update whose inputs and output gradients it needs; 0 if it needs none."""

    @property
    def returning(self) -> bool:
        """Whether an edge that was just dropped and is chosen again keeps its weight and its optimiser state."""

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """`count` keys outside the kept ones, ascending."""


@dataclass(frozen=True, slots=True)
class GrowRandom:
    """Uniformly random empty places; the place of an edge just dropped is empty too."""

    random = True
    window = 0
    returning = False

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """The places."""
        return random_empty(count, view.keys, view.places, rng, kept=kept)


@dataclass(frozen=True, slots=True)
class GrowGradient:
    """The places whose missing weight has the largest |dL/dw|; an edge just dropped may return as it was.

    References:
        Evci, Gale, Menick, Castro, Elsen, "Rigging the Lottery: Making All Tickets Winners", ICML 2020.
    """

    random = False
    window = 1
    returning = True

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """The places."""
        return view.require_missing().largest(count, view.keys.compress(kept))


@dataclass(frozen=True, slots=True)
class GrowMomentum:
    """The places whose missing weight has the largest |running mean of dL/dw|.

    The mean sum over s of decay^s g(t - s) is exact over the last `window` steps and leaves older ones out
    [departure: the authors keep the momentum of every place, a dense matrix].

    Args:
        window: steps that count.
        decay: how fast a gradient fades, 0 to 1.

    References:
        Dettmers, Zettlemoyer, "Sparse Networks from Scratch: Faster Training without Losing Performance",
        arXiv 1907.04840, 2019.
    """

    window: int = 8
    decay: float = 0.9
    random = False
    returning = False

    def __post_init__(self) -> None:
        require_int("window", self.window, low=1)
        require_fraction("decay", self.decay)

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """The places."""
        return view.require_missing().faded(self.decay).largest(count, view.keys.compress(kept))


@dataclass(frozen=True, slots=True)
class GrowNothing:
    """No place."""

    random = False
    window = 0
    returning = False

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """An empty array."""
        return np.empty(0, dtype=np.int64)


class Start(Protocol):
    """The weights that new edges start with."""

    @property
    def random(self) -> bool:
        """Whether it draws."""

    def __call__(self, count: int, *, rng: np.random.Generator) -> Floats:
        """`count` weights."""


@dataclass(frozen=True, slots=True)
class Zero:
    """New edges start at 0: the function that the network computes does not jump."""

    random = False

    def __call__(self, count: int, *, rng: np.random.Generator) -> Floats:
        """Zeros."""
        return np.zeros(count)


@dataclass(frozen=True, slots=True)
class Normal:
    """New edges start at N(0, scale^2)."""

    scale: float = 0.1
    random = True

    def __call__(self, count: int, *, rng: np.random.Generator) -> Floats:
        """The draws."""
        return rng.normal(scale=self.scale, size=count)
