"""All of it, in the order in which one rests on the other."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from typing import Any

import torch

from gossamer import native
from gossamer.timing.tune.blocks import Ratio, measure_blocks
from gossamer.timing.tune.dense import Crossing, measure_dense
from gossamer.timing.tune.threads import Gain, measure_threads
from gossamer.tuning import Thresholds
from gossamer.tuning.used import give


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was measured.

    Args:
        thresholds: for this machine.
        evidence: the ratios behind them, and when and with how many threads they were taken.
    """

    thresholds: Thresholds
    evidence: dict[str, Any]


def tune(rounds: int = 25) -> Tuned:
    """Measure the thresholds of the instruction set in use, and use them from now on.

    What is measured is written nowhere; `gossamer bench tune` does that.

    Args:
        rounds: contenders take so many turns, and their least times count.

    Raises:
        RuntimeError: there are no native kernels to measure.
    """
    if native.extension is None:
        raise RuntimeError("there are no native kernels here, so nothing depends on thresholds.")
    began, built_in = time.perf_counter(), Thresholds()
    blocks, ratios = measure_blocks(rounds)
    work, gains = measure_threads(rounds)
    known = Thresholds(blocks, built_in.thread_work if work is None else work, built_in.sparse_below)
    give(known)  # dense products race against what will run
    sparse_below, crossings = measure_dense()
    evidence = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began, 1),
        "threads": torch.get_num_threads(),
        "blocks": [_told(each) for each in ratios],
        "thread": [_told(each) for each in gains],
        "dense": [_told(each) for each in crossings],
    }
    return Tuned(Thresholds(blocks, known.thread_work, sparse_below), evidence)


def _told(measured: Ratio | Gain | Crossing) -> dict[str, float]:
    return {name: round(value, 4) for name, value in measured._asdict().items()}
