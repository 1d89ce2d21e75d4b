"""How fast the study's networks learn: whole training steps in one call, against dense PyTorch's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from gossamer.generators import dense
from gossamer.nn import mlp
from gossamer.papers.groups.kinds import family
from gossamer.papers.groups.plan import BATCH, GroupsPlan, fan_in
from gossamer.timing.contenders import OPTIMIZERS, dense_network, fused_step, network_step
from gossamer.timing.speed import best_of_blocks
from gossamer.topology import Topology

if TYPE_CHECKING:
    import pandas as pd

CLASSES = 10
COLUMNS = ["inputs", "sparsity", "kind", "group", "ms", "median ms", "turns", "times dense"]


def speeds(plan: GroupsPlan) -> pd.DataFrame:
    """Milliseconds of a step of every network: minimum and median of turns in one process, a line a network.

    Processor time of one thread: what a busy machine can still tell. Adam, batches of 128.
    """
    import pandas as pd

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        lines = [
            (inputs, sparsity, *line)
            for inputs, data in plan.samples().items()
            for sparsity in sorted({sparsity for _, sparsity, _ in plan.cells(data)})
            for line in _of(plan, data, sparsity)
        ]
    finally:
        torch.set_num_threads(threads)
    return pd.DataFrame(lines, columns=COLUMNS)


def _of(plan: GroupsPlan, data: str, sparsity: float) -> list[tuple[object, ...]]:
    steps = _contenders(plan, data, sparsity)
    calls = {f"{kind} {size}": step for (kind, size), step in steps.items()}
    found = best_of_blocks(calls, blocks=plan.blocks, per_block=plan.steps, clock=time.process_time)
    full = found["dense 1"].minimum
    return [
        (kind, size, 1e3 * each.minimum, 1e3 * each.median, each.rounds, full / each.minimum)
        for (kind, size), each in zip(steps, found.values(), strict=True)
    ]


def _contenders(plan: GroupsPlan, data: str, sparsity: float) -> Mapping[tuple[str, int], Callable[[], None]]:
    widths = (*plan.widths(data), CLASSES)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(BATCH, widths[0], generator=generator)
    target = torch.randint(CLASSES, (BATCH,), generator=generator)
    adam = OPTIMIZERS["Adam"]
    model = dense_network(widths)
    steps = {("dense", 1): network_step(model, adam(model), x, target)}
    for kind, each, size in plan.cells(data):
        if each == sparsity:
            sparse = mlp(network(plan, data, (kind, sparsity, size), rng=np.random.default_rng(0)))
            steps[kind, size] = fused_step(sparse, adam(sparse), x, target)
    return steps


def network(plan: GroupsPlan, data: str, cell: tuple[str, float, int], *, rng: np.random.Generator) -> Topology:
    """The topology that a run of a cell (kind, sparsity, group size) begins with."""
    kind, sparsity, size = cell
    made = family(kind, size)
    hidden = [made.with_edges(n, m, m * fan_in(n, sparsity), rng=rng) for n, m in pairwise(plan.widths(data))]
    return Topology([*hidden, dense(plan.hidden, CLASSES)])
