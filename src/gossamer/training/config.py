"""All that decides a training run beside the model, the data and the randomness."""

from __future__ import annotations

from dataclasses import dataclass, field

from gossamer.errors import require_fraction, require_int
from gossamer.training.losses import CrossEntropy, Loss
from gossamer.training.optimizers import Adam, OptimizerRecipe
from gossamer.training.schedules import Constant, Schedule


@dataclass(frozen=True, slots=True)
class Config:
    """How to train.

    Args:
        epochs: the most passes over the training examples, at least 1.
        batch_size: examples a step, at least 1; the last batch of an epoch may be smaller.
        optimizer: `Adam(lr=...)`, `SGD(lr=..., momentum=...)`, or another recipe.
        schedule: `Constant()` or `Cosine()`, or another course of the learning rate.
        loss: `CrossEntropy()`, `SquaredError()`, or another function of outputs and labels.
        validation: the fraction of the training examples held out to judge epochs, from 0 to below 1. Unless it is 0
            the model ends as it was after its best epoch.
        patience: stop after so many epochs without a better one; None never stops early. It needs `validation`.

    Raises:
        TypeError: a number of another type.
        ValueError: a number out of its range, or patience without validation.

    >>> Config(epochs=3, patience=2, validation=0.0)
    Traceback (most recent call last):
    ValueError: patience=2 needs validation above 0: epochs are judged by the examples held out.
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: OptimizerRecipe = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Constant)
    loss: Loss = field(default_factory=CrossEntropy)
    validation: float = 0.1
    patience: int | None = None

    def __post_init__(self) -> None:
        require_int("epochs", self.epochs, low=1)
        require_int("batch_size", self.batch_size, low=1)
        if require_fraction("validation", self.validation) == 1:
            raise ValueError("validation=1.0 is not allowed: it leaves nothing to train on.")
        if self.patience is not None:
            require_int("patience", self.patience, low=1)
            if self.validation == 0:
                raise ValueError(
                    f"patience={self.patience} needs validation above 0: epochs are judged by the examples held out."
                )
