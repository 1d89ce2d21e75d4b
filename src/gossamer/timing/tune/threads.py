"""How much work it takes before another thread is worth waking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from gossamer import native
from gossamer.timing.contenders import junction
from gossamer.timing.speed import best_of_blocks
from gossamer.timing.tune.passes import forward_pass

WORK = (25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000)
GAIN = 1.3
"""Two threads must win by this: the second one keeps a core from others."""

_SAMPLES, _INPUTS, _EDGES_A_ROW = 128, 512, 32


class Gain(NamedTuple):
    """How much faster two threads were than one where each had so many multiply-adds."""

    work: int
    faster: float


def measure_threads(rounds: int) -> tuple[int | None, list[Gain]]:
    """The least work for which a second thread pays, and what was measured; None where there is no second one."""
    if native.extension.threads_granted(2) < 2:
        return None, []
    gains = [_gain(work, rounds) for work in WORK]
    least = None
    for gain in reversed(gains):
        if gain.faster < GAIN:
            break
        least = gain.work
    return least, gains


def _gain(work: int, rounds: int) -> Gain:
    outputs = 2 * work // (_EDGES_A_ROW * _SAMPLES)
    g = junction(_INPUTS, max(2, outputs), _EDGES_A_ROW / _INPUTS, np.random.default_rng(0))
    calls = {str(n): forward_pass(g, _SAMPLES, blocks=False, threads=n) for n in (1, 2)}
    with _always():
        times = best_of_blocks(calls, blocks=rounds, per_block=10)
    return Gain(work, times["1"].minimum / times["2"].minimum)


@contextmanager
def _always() -> Iterator[None]:
    """All threads that are asked for are woken."""
    before = native.extension.work_of_a_thread()
    native.extension.give_each_thread(1)
    try:
        yield
    finally:
        native.extension.give_each_thread(before)
