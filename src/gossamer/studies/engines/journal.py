"""What a run writes into its folder while it is trained."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gossamer.studies.store.locks import note
from gossamer.studies.store.result import is_sparse, write_config

if TYPE_CHECKING:
    from gossamer.rewiring import Recording
    from gossamer.studies.run import Run
    from gossamer.studies.store.run_folder import RunFolder
    from gossamer.topology import Topology
    from gossamer.training.data import Dataset
    from gossamer.training.run import TrainingRun


_SECONDS_BETWEEN_NOTES = 0.2


class Position:
    """Knows how far a run is, for those who tell that it failed."""

    every_step = False

    def __init__(self) -> None:
        self._training: TrainingRun | None = None

    @property
    def epoch(self) -> int | None:
        """The epoch that the run is in, from 1; None before the first."""
        return len(self._training.history) + 1 if self._training else None

    @property
    def step(self) -> int | None:
        """Steps done."""
        return self._training.step if self._training else None

    @property
    def words(self) -> str:
        """Such as "in epoch 3 of 10"."""
        if self._training is None:
            return "before the first epoch"
        epochs = self._training.config.epochs
        return f"in epoch {self.epoch} of {epochs}" if len(self._training.history) < epochs else "after the last epoch"

    def before_training(self, run: TrainingRun) -> None:
        """Remember the run."""
        self._training = run

    def after_step(self, run: TrainingRun) -> None:
        """Nothing: the run counts its steps."""

    def after_epoch(self, run: TrainingRun) -> None:
        """Nothing: the run counts its epochs."""


class Journal:
    """Writes down what the run is, how far it is, and before each checkpoint what it came to until then.

    Nothing is written before the checkpoint is read, which may turn out to be another run's, whose files are to stay.

    Args:
        run: what is trained.
        data: what it learns.
        folder: of this run.
        recording: the updates of its topology, if a rule is at work.
    """

    every_step = False

    def __init__(self, run: Run, data: Dataset, folder: RunFolder, recording: Recording | None) -> None:
        self._of, self._data, self._folder, self._recording = run, data, folder, recording
        self._start: Topology | None = None
        self._noted = 0.0

    def before_training(self, run: TrainingRun) -> None:
        """Remember the first topology."""
        from gossamer.nn import topology_of

        self._start = topology_of(run.model) if is_sparse(run.model) else None

    def before_epochs(self, run: TrainingRun) -> None:
        """Write configuration and first topology; an older result is that of a shorter run, and goes."""
        self._folder.result.unlink(missing_ok=True)
        write_config(self._of, self._data, self._folder)
        if self._start is not None:
            self._start.save(self._folder.start)

    def after_step(self, run: TrainingRun) -> None:
        """Nothing: a step is no thing to write about."""

    def after_epoch(self, run: TrainingRun) -> None:
        """Say how far the run is, a few times a second at the most."""
        if time.monotonic() - self._noted > _SECONDS_BETWEEN_NOTES:
            note(self._folder, len(run.history) / run.config.epochs)
            self._noted = time.monotonic()

    def before_checkpoint(self, run: TrainingRun) -> None:
        """Write the epochs so far (the last are written with the result), and the recording, which resuming needs."""
        if not run.finished:
            self._folder.write_epochs(run.history)
        if self._recording is not None:
            self._recording.save(self._folder.recording)
