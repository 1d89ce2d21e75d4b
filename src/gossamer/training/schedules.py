"""How the learning rate changes while a run goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol


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


SCHEDULES: Mapping[str, Callable[[], Schedule]] = MappingProxyType({"constant": ConstantRate, "cosine": CosineRate})
"""Every schedule by its name."""
