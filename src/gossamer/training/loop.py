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
from gossamer.training.callbacks import Beginning, Callback, Keeping
from gossamer.training.config import Config
from gossamer.training.evaluation import Metrics, measure
from gossamer.training.losses import criterion
from gossamer.training.material import Data
from gossamer.training.run import Epoch, TrainingRun, live_weights

_MOST_TOGETHER = 64
"""Steps whose samples are taken together, if nobody looks in between."""

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
    data: Data,
    config: Config | None = None,
    *,
    rng: np.random.Generator | int,
    validation: Data | None = None,
    checkpoint: str | Path | None = None,
    seconds_between_checkpoints: float = 0.0,
    callbacks: Sequence[Callback] = (),
) -> History:
    """Train a model in place, and put it back to its best epoch if some training examples are held out.

    A run that stopped, in whatever way, goes on from its checkpoint exactly as if it had not: model, optimiser, order
    of the examples, dropout, history and early stopping are restored, and every later number is the same to the
    last bit (on the same machine, with as many threads).

    Args:
        model: takes (B, I), or (B, ...) of the data's shape, and gives (B, C).
        data: a `Dataset` or its name, whose training examples are used, scaled; or a pair (inputs, labels) of arrays or
            tensors, a PyTorch data set or a `DataLoader`, all of whose examples are used as they are. Whole-numbered
            labels are classes; floating ones are numbers to tell. A loader makes the batches itself.
        config: how to train; `Config()` if None.
        rng: decides which examples are held out and the order of the others; a Generator, or its seed. To resume, give
            it in the state that it had at the first call.
        validation: examples that judge epochs, given as `data` are (of a `Dataset`, its test examples), in place of the
            share of the training examples that `config.validation` says.
        checkpoint: written after every epoch; if the file is there already, the run in it goes on.
        seconds_between_checkpoints: after epochs that follow sooner none is written, but for the last one.
        callbacks: called after every step and every epoch. Those with `state_dict` and `load_state_dict` are kept in
            the checkpoint.

    Raises:
        TrainingDivergedError: the loss is no longer finite.
        CheckpointError: the checkpoint is damaged or of another run.
        TypeError: data, or a configuration, of another kind.
        ValueError: the model does not fit the data.

    >>> import gossamer as gs
    >>> from gossamer.training import data
    >>> digits, rng = data.load("digits"), np.random.default_rng(0)
    >>> junction = gs.Rotated([0, 1, 3, 6], in_features=64, out_features=10)
    >>> history = fit(gs.nn.mlp(gs.Topology([junction])), digits, Config(epochs=2), rng=rng)
    >>> [epoch.edges for epoch in history.epochs]
    [256, 256]
    >>> X, y = rng.normal(size=(100, 64)), rng.integers(10, size=100)
    >>> len(fit(gs.nn.mlp(gs.Topology([junction])), (X, y), rng=0).epochs)
    10
    """
    config = _configured(config)
    checkpoint = None if checkpoint is None else Path(checkpoint)
    run = TrainingRun.begin(model, data, config, rng=rng, validation=validation)
    for callback in callbacks:
        if isinstance(callback, Beginning):
            callback.before_training(run)
    if checkpoint is not None:
        checkpoints.resume(run, checkpoint, callbacks)
    keeping = [callback for callback in callbacks if isinstance(callback, Keeping)]
    for each in keeping:
        each.before_epochs(run)
    kept = time.monotonic()
    while not run.finished:
        started = time.perf_counter()
        seen = _one_epoch(run, callbacks)
        judged = measure(model, run.validation, run.loss) if run.validation else _UNJUDGED
        seconds = time.perf_counter() - started
        number = len(run.history) + 1
        run.record(Epoch(number, seen.loss, seen.accuracy, judged.loss, judged.accuracy, seconds, live_weights(model)))
        for callback in callbacks:
            callback.after_epoch(run)
        if checkpoint is not None and (run.finished or time.monotonic() - kept >= seconds_between_checkpoints):
            for each in keeping:
                each.before_checkpoint(run)
            checkpoints.save(run, checkpoint, callbacks)
            kept = time.monotonic()
    run.use_best()
    return History(tuple(run.history), run.best_epoch)


def _configured(config: Config | None) -> Config:
    if config is None:
        return Config()
    if not isinstance(config, Config):
        raise TypeError(f"config is {type(config).__name__}; a Config is needed, such as Config(epochs=20).")
    return config


def _one_epoch(run: TrainingRun, callbacks: Sequence[Callback]) -> Metrics:
    """One step for each batch, in an order that the run's generator decides."""
    run.model.train()
    total, right, seen, size = 0.0, 0, 0, run.config.batch_size
    step = TrainingStep(run.model, run.optimizer, criterion(run.loss), clip_norm=run.config.clip_norm)
    alone = any(getattr(callback, "every_step", True) for callback in callbacks)
    for inputs, labels in run.train.epoch(size, run.rng, together=1 if alone else _MOST_TOGETHER):
        count = len(labels)
        each = size if run.train.cuts else count
        losses, outputs = step.several(inputs, labels, each, before=run.set_rate)
        for number, loss in enumerate(losses):
            run.step += 1
            total += _finite(loss, run) * min(each, count - number * each)
        right += 0 if run.train.numeric else int((torch.cat(outputs).argmax(1) == labels).sum())
        seen += count
        for callback in callbacks:
            callback.after_step(run)
    return Metrics(total / seen, math.nan if run.train.numeric else right / seen)


def _finite(loss: float, run: TrainingRun) -> float:
    if not math.isfinite(loss):
        raise TrainingDivergedError(
            f"the loss is {loss} at epoch {len(run.history) + 1}, step {run.step}; with {run.config.optimizer} "
            "the training diverged: a smaller learning rate may not."
        )
    return loss
