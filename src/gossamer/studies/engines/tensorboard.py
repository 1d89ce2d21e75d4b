"""A run's epochs as TensorBoard's events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.errors import StudyError

if TYPE_CHECKING:
    from gossamer.training.run import TrainingRun

_CURVES = ("loss", "accuracy", "validation_loss", "validation_accuracy", "edges")


class Board:
    """Writes the events of a run; an epoch that is done again after a crash takes the place of the first.

    Args:
        folder: of this run alone.
    """

    every_step = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def after_step(self, run: TrainingRun) -> None:
        """Nothing: curves have one point an epoch."""

    def after_epoch(self, run: TrainingRun) -> None:
        """Add a point to every curve."""
        from torch.utils.tensorboard import SummaryWriter

        epoch = run.history[-1]
        with SummaryWriter(str(self._folder), purge_step=epoch.number) as writer:
            for name in _CURVES:
                value = getattr(epoch, name)
                if value == value:  # no NaN: nothing was held out
                    writer.add_scalar(name, value, epoch.number)


def require_tensorboard() -> None:
    """Check that events can be written.

    Raises:
        StudyError: TensorBoard is not installed.
    """
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise StudyError("tensorboard is not installed: pip install 'gossamer[tensorboard]'.") from error
