"""The numbers themselves, and what they may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

NEVER = 2.0
"""A density that no junction has."""

FULL = 1.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on one way is faster than another.

    Args:
        blocks: pairs (inputs, density), inputs ascending: junctions with up to so many inputs are walked in blocks of
            rows from this density on, `NEVER` if they are not. Those with more than the last ones are not. None: what
            the kernels hold themselves.
        thread_work: multiply-adds that a thread is woken for, at least 1.
        sparse_below: densities below this, 0 to 1, are never worth a dense product, and no time to measure one.

    Raises:
        ValueError: a number that cannot be one of these.

    >>> Thresholds(blocks=((1024, 0.1), (4096, 0.2)))
    Thresholds(blocks=((1024, 0.1), (4096, 0.2)), thread_work=200000, sparse_below=0.02)
    """

    blocks: tuple[tuple[int, float], ...] | None = None
    thread_work: int = 200_000
    sparse_below: float = 0.02

    def __post_init__(self) -> None:
        inputs = [0, *(inputs for inputs, _ in self.blocks or ())]
        if not all(_is_int(count) for count in inputs) or any(a >= b for a, b in pairwise(inputs)):
            raise ValueError(f"blocks={self.blocks!r}: inputs must be integers that ascend from 1 on.")
        if not all(_is_number(density, NEVER) for _, density in self.blocks or ()):
            raise ValueError(f"blocks={self.blocks!r}: densities must be 0 to {FULL:g}, or {NEVER:g}, which is never.")
        if not _is_int(self.thread_work) or not 1 <= self.thread_work < 2**62:
            raise ValueError(f"thread_work={self.thread_work!r} must be an integer from 1 on.")
        if not _is_number(self.sparse_below, FULL):
            raise ValueError(f"sparse_below={self.sparse_below!r} must be 0 to 1.")

    @classmethod
    def of(cls, described: Any) -> Thresholds:
        """Thresholds from what `described` made, which may be anything else.

        Raises:
            ValueError: it is something else.
        """
        names = cls.__slots__
        if not isinstance(described, Mapping) or set(described) != set(names):
            raise ValueError(f"thresholds are an object with {', '.join(names)}.")
        blocks = described["blocks"]
        if blocks is not None:
            if not isinstance(blocks, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in blocks):
                raise ValueError(f"blocks={blocks!r} is no list of pairs.")
            blocks = tuple((inputs, density) for inputs, density in blocks)
        return cls(blocks, described["thread_work"], described["sparse_below"])

    def described(self) -> dict[str, Any]:
        """What a file holds of them."""
        return asdict(self)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any, most: float) -> bool:
    return (_is_int(value) or isinstance(value, float)) and math.isfinite(value) and 0 <= value <= most
