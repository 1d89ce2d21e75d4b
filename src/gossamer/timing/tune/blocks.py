"""From which density on blocks of rows are faster than row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from gossamer import native
from gossamer.timing.contenders import junction
from gossamer.timing.speed import interleave
from gossamer.timing.tune.passes import forward_pass
from gossamer.tuning.thresholds import NEVER

INPUTS = (256, 512, 1024, 2048, 4096, 8192)
DENSITIES = (0.6, 0.45, 0.35, 0.28, 0.23, 0.19, 0.15, 0.12, 0.1, 0.08, 0.065, 0.05)
EDGES = 750_000
"""Of each junction, unless it would have more outputs than inputs: weights and indices should not stay in a core's own
cache, as those of a layer do not from step to step. With fewer blocks look better than they are."""

SAMPLES = 64
GAIN = 1.02
"""Blocks must win by this: they cost memory, and time to make."""

_MOST_INPUTS = (1 << 16) - 1
"""Blocks are described by numbers of 16 bits."""


class Ratio(NamedTuple):
    """How much faster blocks were."""

    inputs: int
    density: float
    faster: float


def measure_blocks(rounds: int) -> tuple[tuple[tuple[int, float], ...] | None, list[Ratio]]:
    """The limits of blocks for the instruction set in use, and what was measured; None where it has no blocks."""
    rows, edges_a_row, _ = native.extension.block_limits()
    if rows == 0:
        return None, []
    rng, found = np.random.default_rng(0), []
    limits = []
    for inputs in INPUTS:
        least = NEVER
        for density in DENSITIES:
            if density * inputs < edges_a_row:
                break
            found.append(_ratio(inputs, density, rng, rounds))
            if found[-1].faster < GAIN:
                break
            least = density
        limits.append((inputs, least))
    return joined(limits), found


def joined(limits: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Neighbours of the same density as one; the last one holds for all that have more inputs.

    >>> joined([(512, 0.1), (1024, 0.1), (2048, 0.2)])
    ((1024, 0.1), (65535, 0.2))
    """
    merged = [pair for pair, after in zip(limits, [*limits[1:], None], strict=True) if not after or after[1] != pair[1]]
    return (*merged[:-1], (_MOST_INPUTS, merged[-1][1]))


def _ratio(inputs: int, density: float, rng: np.random.Generator, rounds: int) -> Ratio:
    outputs = min(inputs, round(EDGES / (density * inputs)))
    g = junction(inputs, outputs // 6 * 6, density, rng)  # whole blocks of 3 and of 6 rows
    with _always():
        calls = {
            "rows": forward_pass(g, SAMPLES, blocks=False, threads=1),
            "blocks": forward_pass(g, SAMPLES, blocks=True, threads=1),
        }
    times = interleave(calls, rounds=rounds)
    return Ratio(inputs, density, times["rows"].minimum / times["blocks"].minimum)


@contextmanager
def _always() -> Iterator[None]:
    """Junctions that are made meanwhile have blocks."""
    extension = native.extension
    _, edges_a_row, densities = extension.block_limits()
    extension.set_block_limits(0, [(_MOST_INPUTS, 0.0)])
    try:
        yield
    finally:
        extension.set_block_limits(edges_a_row, densities)
