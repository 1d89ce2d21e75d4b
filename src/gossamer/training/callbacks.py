"""What may happen between the steps of a run."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

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


class ProgressBar:
    """Shows the steps of each epoch, and what the last epoch came to, on stderr.

    >>> with ProgressBar("fibonacci", disable=True) as bar:
    ...     pass  # fit(model, data, config, rng=rng, callbacks=[bar])
    """

    every_step = False

    def __init__(self, title: str, *, disable: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        text = TextColumn("{task.description}")
        columns = (
            text,
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[last]}"),
        )
        self._bars = Progress(*columns, console=Console(stderr=True), disable=disable)
        self._title = title
        self._bar = self._bars.add_task(title, total=None, last="")

    def after_step(self, run: TrainingRun) -> None:
        """Move the bar; it appears with the first step, so that errors before it stand alone."""
        self._bars.start()
        self._bars.update(self._bar, completed=run.step, total=run.config.epochs * run.steps_per_epoch)

    def after_epoch(self, run: TrainingRun) -> None:
        """Show the epoch's numbers."""
        epoch = run.history[-1]
        if run.train.numeric:
            known = "" if run.validation is None else f", validation {epoch.validation_loss:.4f}"
        else:
            judged = "" if run.validation is None else f", validation {100 * epoch.validation_accuracy:.2f} %"
            known = f", accuracy {100 * epoch.accuracy:.2f} %{judged}"
        known += "".join(f", {note}" for note in run.notes.values())
        last = f"epoch {epoch.number}: loss {epoch.loss:.4f}{known}"
        self._bars.update(self._bar, last=last)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._bars.live.is_started:  # or it would print an empty line
            self._bars.stop()
