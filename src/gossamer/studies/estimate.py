"""How long a study is going to train: some steps of a few of its runs, timed before the work begins."""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from gossamer.nn import TrainingStep
from gossamer.studies.run import Run, dataset
from gossamer.training import TrainingRun
from gossamer.training.losses import criterion

_SLOWEST = 1e9
"""Multiplications a second that any machine makes."""
_SECONDS_A_STEP = 5e-4
"""What a step costs beside them, at the most."""
_SECONDS_A_PROBE = 0.3
_FEWEST_CALLS, _MOST_CALLS, _TOGETHER = 3, 20, 4
"""Of the steps that are timed: some go together, as the training loop lets them."""


def training_seconds(
    runs: Sequence[Run], *, workers: int = 1, threads: int | None = None, least: float = 60.0
) -> float | None:
    """About how long it takes to train all runs; None if it is surely less than `least`, or nothing is to be done.

    Of the sparse runs and of the fully connected ones those of the least and the most work are made and trained for
    some steps, of which the median counts; the others lie between. Rewiring, measures and reading data are left out.

    Args:
        runs: what is to be trained.
        workers: how many at once.
        threads: of PyTorch in each; None leaves them.
        least: seconds, from which on it is worth a measurement.

    Raises:
        GossamerError: a network that cannot be made.

    >>> from gossamer.studies import Architecture, Experiment
    >>> from gossamer.training import Config
    >>> dense = Architecture(None, (64,), (None, None))
    >>> runs = [Run(Experiment(dense, Config(epochs=5), seed), "digits") for seed in range(3)]
    >>> training_seconds(runs) is None  # a second or so
    True
    >>> training_seconds(runs, least=0.0) > 0
    True
    """
    if sum(_most(run) for run in runs) / workers < least or not runs:
        return None
    dense = [run for run in runs if run.experiment.architecture.family is None]
    sparse = [run for run in runs if run.experiment.architecture.family is not None]
    with _threads(threads):
        return (_of_alike(dense) + _of_alike(sparse)) / workers


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _most(run: Run) -> float:
    """Seconds that the run takes at the most."""
    return _steps(run) * (_SECONDS_A_STEP + 3 * run.experiment.config.batch_size * _edges(run) / _SLOWEST)


def _of_alike(runs: Sequence[Run]) -> float:
    """Seconds of runs whose step takes the longer the more edges there are times examples."""
    if not runs:
        return 0.0
    ordered = sorted(runs, key=_work)
    ends = [ordered[0]] if _work(ordered[0]) == _work(ordered[-1]) else [ordered[0], ordered[-1]]
    seconds = [_seconds_a_step(run) for run in ends]
    between = np.interp([_work(run) for run in runs], [_work(run) for run in ends], seconds)
    return float(sum(_steps(run) * each for run, each in zip(runs, between, strict=True)))


def _work(run: Run) -> float:
    return float(_edges(run) * run.experiment.config.batch_size)


def _edges(run: Run) -> int:
    architecture, data = run.experiment.architecture, _sizes(run.data)
    pairs = itertools.pairwise((data.features, *architecture.hidden, data.outputs))
    return sum(n * m if count is None else count for (n, m), count in zip(pairs, architecture.edges, strict=True))


def _steps(run: Run) -> int:
    config = run.experiment.config
    return config.epochs * -(-round(_sizes(run.data).examples * (1 - config.validation)) // config.batch_size)


class _Sizes(NamedTuple):
    features: int
    outputs: int
    examples: int


@functools.cache
def _sizes(data: str) -> _Sizes:
    """Of a data set, which need not be read again for each of many runs."""
    found = dataset(data)
    return _Sizes(found.num_features, found.num_outputs, len(found.train))


def _seconds_a_step(run: Run) -> float:
    """The median of some steps after the first, which warms up."""
    from gossamer.errors import without_topology_warnings

    with without_topology_warnings():
        model = run.experiment.architecture.network(dataset(run.data), seed=run.experiment.seed)
    training = TrainingRun.begin(model, dataset(run.data), run.experiment.config, rng=run.experiment.seed)
    return float(np.median(list(_timed(training))[1:] or [_SECONDS_A_STEP]))


def _timed(run: TrainingRun) -> Iterator[float]:
    step = TrainingStep(run.model, run.optimizer, criterion(run.loss), clip_norm=run.config.clip_norm)
    until, size = time.monotonic() + _SECONDS_A_PROBE, run.config.batch_size
    batches = run.train.epoch(size, run.rng, together=_TOGETHER)
    for number, (inputs, labels) in enumerate(itertools.islice(batches, _MOST_CALLS)):
        started = time.perf_counter()
        losses, _ = step.several(inputs, labels, size if run.train.cuts else len(labels))
        yield (time.perf_counter() - started) / len(losses)
        if number >= _FEWEST_CALLS and time.monotonic() > until:
            return
