"""All that decides a training run beside the model, the data and the randomness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gossamer.errors import require_fraction, require_int, require_known
from gossamer.nn.training_step import require_norm
from gossamer.training.losses import LOSSES, Loss
from gossamer.training.optimizers import OPTIMIZERS, Adam, OptimizerRecipe
from gossamer.training.schedules import SCHEDULES, ConstantRate, Schedule


@dataclass(frozen=True, slots=True)
class Config:
    """How to train.

    Args:
        epochs: the most passes over the training examples, at least 1.
        batch_size: examples a step, at least 1; the last batch of an epoch may be smaller.
        optimizer: `Adam(lr=...)`, `SGD(lr=..., momentum=...)`, or another recipe; or a name, "adam" or "sgd".
        schedule: `ConstantRate()` or `CosineRate()`, or another course of the learning rate; or a name, "constant" or
            "cosine".
        loss: `CrossEntropy()`, `SquaredError()`, `MeanSquaredError()`, or another function of outputs and labels; or a
            name in `gossamer.training.losses.LOSSES`. If None, cross-entropy of classes, and the mean squared error of
            numbers to tell.
        validation: the fraction of the training examples held out to judge epochs, from 0 to below 1. Unless it is 0
            the model ends as it was after its best epoch.
        clip_norm: gradients are cut to this norm of all of them together before each update, 0 or above; None leaves
            them as they are.
        patience: stop after so many epochs without a better one; None never stops early. It needs `validation`.

    Raises:
        TypeError: a number of another type.
        ValueError: a number out of its range, or patience without validation.

    >>> Config(optimizer="adam").optimizer
    Adam(lr=0.003, weight_decay=0.0)
    >>> Config(epochs=3, patience=2, validation=0.0)
    Traceback (most recent call last):
    ValueError: patience=2 needs validation above 0: epochs are judged by the examples held out.
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: OptimizerRecipe = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=ConstantRate)
    loss: Loss | None = None
    validation: float = 0.1
    patience: int | None = None
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("loss", LOSSES)):
            object.__setattr__(self, name, _recipe(name, getattr(self, name), known))
        require_int("epochs", self.epochs, low=1)
        require_int("batch_size", self.batch_size, low=1)
        if require_fraction("validation", self.validation) == 1:
            raise ValueError("validation=1.0 is not allowed: it leaves nothing to train on.")
        require_norm(self.clip_norm)
        if self.patience is not None:
            require_int("patience", self.patience, low=1)
            if self.validation == 0:
                raise ValueError(
                    f"patience={self.patience} needs validation above 0: epochs are judged by the examples held out."
                )


def _recipe(name: str, value: Any, known: Mapping[str, Callable[[], Any]]) -> Any:
    """The value that a name stands for; anything else must be a value of that kind."""
    if isinstance(value, str):
        return require_known(name, value, known)()
    serves = callable(getattr(value, "build", None)) if name == "optimizer" else callable(value)
    if isinstance(value, type) or not (serves or (name == "loss" and value is None)):
        kind = value.__name__ if isinstance(value, type) else type(value).__name__
        examples = ", ".join(f"{each.__name__}()" for each in known.values())
        raise TypeError(f"{name} is {kind}: give {examples}, another recipe, or a name: {', '.join(known)}.")
    return value
