"""How the learning rate changes while a run goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from gossamer.errors import require_fraction


class Schedule(Protocol):
    """A value, so that it can name a run."""

    def __call__(self, progress: float) -> float:
        """What the optimiser's learning rate is multiplied by when `progress` (0 to below 1) of all steps are done."""


@dataclass(frozen=True, slots=True)
class ConstantRate:
    """The learning rate stays. Only such a run can be given more epochs when it is resumed."""

    def __call__(self, progress: float) -> float:
        """1."""
        return 1.0


@dataclass(frozen=True, slots=True)
class CosineRate:
    """The learning rate falls to 0 along half a cosine, (1 + cos(pi progress)) / 2.

    References:
        Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, eq. 5 without restarts.

    >>> [round(CosineRate()(progress), 3) for progress in (0, 0.5, 0.75)]
    [1.0, 0.5, 0.146]
    """

    def __call__(self, progress: float) -> float:
        """From 1 down to 0."""
        return (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The learning rate rises in a straight line from 0, and then stays.

    Args:
        share: of all steps, until the whole rate is reached; above 0, at most 1.

    Raises:
        ValueError: a share out of its range.

    References:
        Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv 1706.02677, 2017, section 2.2.

    >>> [round(WarmUp(0.2)(progress), 3) for progress in (0, 0.1, 0.5)]
    [0.0, 0.5, 1.0]
    """

    share: float = 0.1

    def __post_init__(self) -> None:
        if require_fraction("share", self.share) == 0:
            raise ValueError("share=0.0 is not allowed: without a rise the rate is that of ConstantRate().")

    def __call__(self, progress: float) -> float:
        """From 0 up to 1."""
        return min(1.0, progress / self.share)


SCHEDULES: Mapping[str, Callable[[], Schedule]] = MappingProxyType({"constant": ConstantRate, "cosine": CosineRate})
"""Those that need no number, by their names."""
