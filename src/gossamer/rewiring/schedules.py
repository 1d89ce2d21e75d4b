"""When a topology changes, and how much of it: pure functions of the step, counted from 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gossamer.errors import require_fraction, require_int


@runtime_checkable
class When(Protocol):
    """Says at which steps a rule acts."""

    def __call__(self, step: int) -> bool:
        """Whether it acts at `step`."""


@runtime_checkable
class Progression(Protocol):
    """A number from 0 to 1 for every step."""

    def __call__(self, step: int) -> float:
        """The number at `step`."""


@dataclass(frozen=True, slots=True)
class Every:
    """At steps `every`, 2 `every`, ... that are at least `start` and at most `until` (no end if None).

    >>> [step for step in range(12) if Every(3, start=4, until=9)(step)]
    [6, 9]
    """

    every: int
    until: int | None = None
    start: int = 1

    def __post_init__(self) -> None:
        require_int("every", self.every, low=1)
        require_int("start", self.start, low=0)
        if self.until is not None:
            require_int("until", self.until, low=1)

    def __call__(self, step: int) -> bool:
        """Whether `step` is one of them."""
        return step % self.every == 0 and max(1, self.start) <= step and (self.until is None or step <= self.until)


@dataclass(frozen=True, slots=True)
class Never:
    """At no step."""

    def __call__(self, step: int) -> bool:
        """False."""
        return False


@dataclass(frozen=True, slots=True)
class Constant:
    """The same `value` (0 to 1) always."""

    value: float

    def __post_init__(self) -> None:
        require_fraction("fraction", self.value)

    def __call__(self, step: int) -> float:
        """`value`."""
        return self.value


@dataclass(frozen=True, slots=True)
class Cosine:
    """From `value` at step 0 to `final` at step `until` along half a cosine; `final` from there on.

    final + (value - final) (1 + cos(pi t / until)) / 2: with final = 0 the schedule of RigL.

    >>> Cosine(0.3, until=100)(50)
    0.15
    """

    value: float
    until: int
    final: float = 0.0

    def __post_init__(self) -> None:
        require_fraction("fraction", self.value)
        require_fraction("final", self.final)
        require_int("until", self.until, low=1)

    def __call__(self, step: int) -> float:
        """The value at `step`."""
        share = (1 + math.cos(math.pi * min(step, self.until) / self.until)) / 2
        return self.final + (self.value - self.final) * share


@dataclass(frozen=True, slots=True)
class Linear:
    """From `value` at step 0 to `final` at step `until` along a line; `final` from there on."""

    value: float
    until: int
    final: float = 0.0

    def __post_init__(self) -> None:
        require_fraction("fraction", self.value)
        require_fraction("final", self.final)
        require_int("until", self.until, low=1)

    def __call__(self, step: int) -> float:
        """The value at `step`."""
        return self.value + (self.final - self.value) * min(step, self.until) / self.until


@dataclass(frozen=True, slots=True)
class Cubic:
    """The sparsity of gradual magnitude pruning: final + (initial - final) (1 - (t - start) / (until - start))^3.

    References:
        Zhu, Gupta, "To prune, or not to prune", arXiv 1710.01878, 2017, eq. 1.

    >>> Cubic(0.0, 0.9, until=100)(50)
    0.7875
    """

    initial: float
    final: float
    until: int
    start: int = 0

    def __post_init__(self) -> None:
        require_fraction("initial", self.initial)
        require_fraction("final", self.final)
        require_int("start", self.start, low=0)
        require_int("until", self.until, low=self.start + 1)

    def __call__(self, step: int) -> float:
        """The sparsity at `step`."""
        passed = min(1.0, max(0.0, (step - self.start) / (self.until - self.start)))
        return self.final + (self.initial - self.final) * (1 - passed) ** 3


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """The sparsity of CHTss, an S: initial + (final - initial) / (1 + exp(-steepness (2 t / until - 1))).

    The curve is stretched so that it is `initial` at 0 and `final` at `until` exactly [reading]: the bare logistic
    function is only near them.

    References:
        Zhang, Cerretti, Zhao, Wu, Liao, Michieli, Cannistraci, "Brain network science modelling of sparse neural
        networks enables Transformers and LLMs to perform as fully connected", arXiv 2501.19107, 2025.

    >>> Sigmoid(0.5, 0.9, until=100)(50)
    0.7
    """

    initial: float
    final: float
    until: int
    steepness: float = 6.0

    def __post_init__(self) -> None:
        require_fraction("initial", self.initial)
        require_fraction("final", self.final)
        require_int("until", self.until, low=1)
        if not (math.isfinite(self.steepness) and self.steepness > 0):
            raise ValueError(f"steepness={self.steepness} is not allowed: a positive number is.")

    def __call__(self, step: int) -> float:
        """The sparsity at `step`."""
        low = self._logistic(0.0)
        share = (self._logistic(min(step, self.until) / self.until) - low) / (1 - 2 * low)
        return self.initial + (self.final - self.initial) * share

    def _logistic(self, passed: float) -> float:
        return 1 / (1 + math.exp(-self.steepness * (2 * passed - 1)))
