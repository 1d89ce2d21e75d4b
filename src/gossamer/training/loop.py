"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gossamer.errors import TrainingDivergedError
from gossamer.nn import TrainingStep
from gossamer.training import checkpoints
from gossamer.training.callbacks import Beginning, Callback
from gossamer.training.config import Config
from gossamer.training.data import Dataset
from gossamer.training.evaluation import Metrics, measure
from gossamer.training.losses import criterion
from gossamer.training.run import Epoch, Run, live_weights

_UNJUDGED = Metrics(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class History:
    """What a run came to.

    Args:
        epochs: one record each.
        best_epoch: the number of the one that the model was put back to; 0 if epochs were not judged.
    """

    epochs: tuple[Epoch, ...]
    best_epoch: int

    @property
    def seconds(self) -> float:
        """Wall time of all epochs."""
        return sum(epoch.seconds for epoch in self.epochs)


def fit(
    model: nn.Module,
    data: Dataset,
    config: Config,
    *,
    rng: np.random.Generator,
    checkpoint: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> History:
    """Train a model in place, and put it back to its best epoch if some training examples are held out.

    A run that stopped, in whatever way, goes on from its checkpoint exactly as if it had not: model, optimiser, order
    of the examples, dropout, history and early stopping are restored, and every later number is the same to the
    last bit (on the same machine, with as many threads).

    Args:
        model: takes (B, I), gives (B, C).
        data: its training examples are used.
        config: how to train.
        rng: decides which examples are held out and the order of the others. To resume, give it in the state that it
            had at the first call.
        checkpoint: written after every epoch; if the file is there already, the run in it goes on.
        callbacks: called after every step and every epoch. Those with `state_dict` and `load_state_dict` are kept in
            the checkpoint.

    Raises:
        TrainingDivergedError: the loss is no longer finite.
        CheckpointError: the checkpoint is damaged or of another run.
        ValueError: the model's outputs do not fit the classes of the data.

    >>> import gossamer as gs
    >>> from gossamer.training import data
    >>> digits, rng = data.load("digits"), np.random.default_rng(0)
    >>> junction = gs.Rotated([0, 1, 3, 6], in_features=64, out_features=10)
    >>> history = fit(gs.nn.mlp(gs.Topology([junction])), digits, Config(epochs=2), rng=rng)
    >>> [epoch.edges for epoch in history.epochs]
    [256, 256]
    """
    run = Run.begin(model, data, config, rng=rng)
    for callback in callbacks:
        if isinstance(callback, Beginning):
            callback.before_training(run)
    if checkpoint is not None:
        checkpoints.resume(run, checkpoint, callbacks)
    while not run.finished:
        started = time.perf_counter()
        seen = _one_epoch(run, callbacks)
        judged = measure(model, run.validation, config.loss) if run.validation else _UNJUDGED
        seconds = time.perf_counter() - started
        number = len(run.history) + 1
        run.record(Epoch(number, seen.loss, seen.accuracy, judged.loss, judged.accuracy, seconds, live_weights(model)))
        for callback in callbacks:
            callback.after_epoch(run)
        if checkpoint is not None:
            checkpoints.save(run, checkpoint, callbacks)
    run.use_best()
    return History(tuple(run.history), run.best_epoch)


def _one_epoch(run: Run, callbacks: Sequence[Callback]) -> Metrics:
    """One step for each batch, in an order that the run's generator decides."""
    run.model.train()
    order = torch.from_numpy(run.rng.permutation(len(run.train)))
    total, right = 0.0, 0
    step = TrainingStep(run.model, run.optimizer, criterion(run.config.loss))
    for inputs, labels in run.train.in_order(order, run.config.batch_size):
        run.set_rate()
        loss, outputs = step(inputs, labels)
        run.step += 1
        total += _finite(loss, run) * len(labels)
        right += int((outputs.argmax(1) == labels).sum())
        for callback in callbacks:
            callback.after_step(run)
    return Metrics(total / len(run.train), right / len(run.train))


def _finite(loss: float, run: Run) -> float:
    if not math.isfinite(loss):
        raise TrainingDivergedError(
            f"the loss is {loss} at epoch {len(run.history) + 1}, step {run.step}; with {run.config.optimizer} "
            "the training diverged: a smaller learning rate may not."
        )
    return loss
