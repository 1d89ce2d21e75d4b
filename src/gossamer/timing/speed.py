"""Timing that can be trusted on a noisy machine: contenders take turns in one process, and ratios are reported."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call over several rounds."""

    minimum: float
    median: float
    rounds: int


def interleave(
    calls: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time every call once a round: A, B, C, A, B, C, ...

    Drifting clocks and other processes then meet all of them alike. Quote ratios of minima (what the code can do) and
    of medians (what it did here).

    Args:
        calls: what to time, by name.
        rounds: how often, at least 1.
        warm_up: rounds that are not counted.
        clock: `time.process_time` counts processor time, which a busy machine can still tell of one thread.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(warm_up + rounds):
            for name, call in calls.items():
                start = clock()
                call()
                if number >= warm_up:
                    seconds[name].append(clock() - start)
    finally:
        if collecting:
            gc.enable()
    return {name: Timing(min(values), statistics.median(values), rounds) for name, values in seconds.items()}


def best_of_blocks(
    calls: Mapping[str, Callable[[], object]],
    *,
    blocks: int,
    per_block: int,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """The same with `per_block` calls in a row at each turn: caches are then as warm as in training."""
    blocked = {name: _repeated(call, per_block) for name, call in calls.items()}
    timings = interleave(blocked, rounds=blocks, warm_up=warm_up, clock=clock)
    return {
        name: Timing(timing.minimum / per_block, timing.median / per_block, blocks) for name, timing in timings.items()
    }


def _repeated(call: Callable[[], object], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            call()

    return run
