"""The state of one training run: all that changes while it goes on."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import torch
from torch import nn

from gossamer.errors import require_rng
from gossamer.nn import SparseLayer
from gossamer.training.config import Config
from gossamer.training.feeds import Feed, place_of
from gossamer.training.losses import Loss, loss_for
from gossamer.training.material import Data, training_feeds
from gossamer.training.schedules import ConstantRate


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training examples came to.

    Args:
        number: from 1.
        loss: mean over the training examples, each before the step that it took part in.
        accuracy: the same, 0 to 1; NaN of numbers to tell.
        validation_loss: on the examples held out, after the epoch; NaN if there are none.
        validation_accuracy: the same, 0 to 1; NaN of numbers to tell.
        seconds: wall time of the steps and the validation.
        edges: live weights at the end.
    """

    number: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
    edges: int

    @property
    def rank(self) -> tuple[float, float]:
        """Higher is better: accuracy on the examples held out, if there is one, then their loss."""
        return (0.0 if math.isnan(self.validation_accuracy) else self.validation_accuracy), -self.validation_loss


@dataclass(slots=True)
class TrainingRun:
    """A model on its way.

    Args:
        model: trained in place.
        optimizer: of the model's parameters.
        config: how to train.
        loss: of outputs and labels.
        rng: decides the order of the examples.
        train: examples to learn from.
        validation: examples that judge epochs, or None.
        name: all that decides the run's numbers, as JSON; a checkpoint of another name does not fit.
        history: the epochs so far.
        rates: the learning rate of each of the optimiser's groups before the schedule.
        step: steps so far.
        best: the model's state after its best epoch, or None.
        best_epoch: which one that was, 0 if none.
        notes: what callbacks want shown after an epoch, by who says it.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    config: Config
    loss: Loss
    rng: np.random.Generator
    train: Feed
    validation: Feed | None
    name: str
    rates: tuple[float, ...]
    history: list[Epoch] = field(default_factory=list)
    step: int = 0
    best: dict[str, Any] | None = None
    best_epoch: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    _all_steps: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._all_steps = self.config.epochs * self.steps_per_epoch

    @classmethod
    def begin(
        cls,
        model: nn.Module,
        data: Data,
        config: Config,
        *,
        rng: np.random.Generator | int,
        validation: Data | None = None,
    ) -> TrainingRun:
        """Split the data and build the optimiser.

        Raises:
            TypeError: `rng` is neither a Generator nor a seed, or the data are none.
            ValueError: the model has no parameters, or does not fit the data.
        """
        place_of(model)
        rng = require_rng(rng)
        start = repr(rng.bit_generator.state)
        train, held = training_feeds(model, data, config, validation=validation, rng=rng)
        optimizer = config.optimizer.build(model)
        return cls(
            model=model,
            optimizer=optimizer,
            config=config,
            loss=loss_for(config.loss, numeric=train.numeric),
            rng=rng,
            train=train,
            validation=held,
            name=_name(model, config, data=(train, held), rng=start),
            rates=tuple(group["lr"] for group in optimizer.param_groups),
        )

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch, the last one perhaps with a smaller batch."""
        return self.train.steps(self.config.batch_size)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or too many went by without a better one."""
        done, patience = len(self.history), self.config.patience
        return done >= self.config.epochs or (patience is not None and done - self.best_epoch >= patience)

    def set_rate(self, ahead: int = 0) -> None:
        """Set the learning rate of the coming step, or of one so many steps later."""
        factor = self.config.schedule((self.step + ahead) / self._all_steps)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = factor * rate

    def record(self, epoch: Epoch) -> None:
        """Add an epoch; keep the model's state if it is the best one so far."""
        self.history.append(epoch)
        if self.validation is None:
            return
        if self.best_epoch == 0 or epoch.rank > self.history[self.best_epoch - 1].rank:
            self.best_epoch = epoch.number
            self.best = copy.deepcopy(self.model.state_dict())

    def use_best(self) -> None:
        """Put the model back to its best epoch, if epochs were judged."""
        if self.best is not None:
            self.model.load_state_dict(self.best)


def live_weights(model: nn.Module) -> int:
    """Weights of all sparse and fully connected layers, biases left out."""
    return sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, (SparseLayer, nn.Linear)))


def _name(model: nn.Module, config: Config, *, data: tuple[Feed, Feed | None], rng: str) -> str:
    """Patience is left out, and so are the epochs if the rate stays: a longer run begins as a shorter one does."""
    free = {"patience", "epochs"} if isinstance(config.schedule, ConstantRate) else {"patience"}
    free |= {"clip_norm"} if config.clip_norm is None else set()  # runs of versions that did not know it go on
    how = {field.name: repr(getattr(config, field.name)) for field in fields(config)}
    graphs = [layer.topology().digest() for layer in model.modules() if isinstance(layer, SparseLayer)]
    train, held = data
    names = [train.name] if held is None or held.name == train.name else [train.name, held.name]
    return json.dumps(
        {
            "model": repr(model),
            "topology": graphs,
            "data": ", judged by ".join(names),
            "rng": rng,
            **{name: value for name, value in how.items() if name not in free},
        }
    )
