"""What may happen between the steps of a run."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from gossamer.training.run import TrainingRun


class Callback(Protocol):
    """Called by the training loop; may look at the run and change it.

    One that says `every_step = False` need not see every step: those of small networks then go together, which is
    faster, and `after_step` is called after the last of them.
    """

    def after_step(self, run: TrainingRun) -> None:
        """Called after every step of the optimiser."""

    def after_epoch(self, run: TrainingRun) -> None:
        """Called after every epoch, before its checkpoint is written."""


@runtime_checkable
class Beginning(Protocol):
    """A callback that wants to see the run before its first step, and before a checkpoint brings it further."""

    def before_training(self, run: TrainingRun) -> None:
        """Called once."""


@runtime_checkable
class Keeping(Protocol):
    """A callback that keeps files of the run beside its checkpoints."""

    def before_epochs(self, run: TrainingRun) -> None:
        """Called once, when the run is where its checkpoint left it and the first epoch is to begin."""

    def before_checkpoint(self, run: TrainingRun) -> None:
        """Called after an epoch, before its checkpoint is written."""


@runtime_checkable
class Stateful(Protocol):
    """A callback whose state a checkpoint must hold: tensors, numbers, strings, and lists and dicts of them."""

    def state_dict(self) -> dict[str, Any]:
        """All that later calls depend on."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
