"""One run, carried out in whatever process an engine chose; it raises nothing, and says what came of it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.errors import CheckpointError, StudyError
from gossamer.studies.digest import code_version
from gossamer.studies.run import Run, dataset
from gossamer.studies.store.run_folder import RunFolder, held, note

if TYPE_CHECKING:
    from gossamer.rewiring import Recording
    from gossamer.training import Callback
    from gossamer.training.data import Dataset
    from gossamer.training.run import Run as TrainingRun

_ONE_AT_A_TIME = threading.Lock()
"""PyTorch's random state is the process's, and some engines use threads."""
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs.

    Args:
        run: what to train.
        folder: the run's own.
        measures: names of what is measured of the topology at the end.
        threads: of PyTorch and the kernels; None leaves them.
        board: where TensorBoard's events go, or None.
    """

    run: Run
    folder: Path
    measures: tuple[str, ...]
    threads: int | None = None
    board: Path | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a task.

    Args:
        digest: of the run.
        state: `done`, `failed`, `skipped` (it was done before), `busy` (another process is at it), or `stopped` (the
            disk is full, so that no run can go on).
        cause: why it failed or stopped.
    """

    digest: str
    state: str
    cause: str = ""


def carry_out(task: Task) -> Report:
    """Train one network from where it is, and write what came of it."""
    digest = task.run.digest
    folder = RunFolder(task.folder)
    try:
        with _ONE_AT_A_TIME, held(folder.make()) as mine:
            if not mine:
                return Report(digest, "busy")
            if folder.state == "done":
                return Report(digest, "skipped")
            return _attempt(task, folder)
    except OSError as error:
        return Report(digest, "stopped", f"{task.folder} cannot be written: {error.strerror or error}.")


def _attempt(task: Task, folder: RunFolder) -> Report:
    journal = _Journal(folder)
    try:
        _train(task, folder, journal)
    except Exception as error:
        if _is_hopeless(error):
            return Report(task.run.digest, "stopped", " ".join(str(error).split()))
        folder.write_failure(error, epoch=journal.epoch, step=journal.step)
        return Report(task.run.digest, "failed", f"{type(error).__name__}: {error}")
    folder.failure.unlink(missing_ok=True)
    return Report(task.run.digest, "done")


def _train(task: Task, folder: RunFolder, journal: _Journal) -> None:
    from gossamer.studies.plan.names import use_threads
    from gossamer.studies.store.judging import without_warnings
    from gossamer.studies.store.result import write_config, write_result

    use_threads(task.threads)
    data = dataset(task.run.data)
    _require_same(task.run, data)
    write_config(task.run, data, folder)
    _forget_damage(folder)
    if task.run.experiment.rule is not None:
        journal.recording = _recording(folder)
    callbacks: list[Callback] = [journal, *_boards(task)]
    with without_warnings():
        outcome = task.run.experiment.run(
            data, checkpoint=folder.checkpoint, callbacks=callbacks, recording=journal.recording
        )
        write_result(task.run.experiment, outcome, folder, measures=task.measures)


def _require_same(run: Run, data: Dataset) -> None:
    """A worker on another machine must have the code and the data that the run is named by."""
    for what, here in (("code", code_version()), ("data_digest", data.digest)):
        if here != run.decisive[what]:
            raise StudyError(f"{what}={here} on this worker, but {run.decisive[what]} where the study was begun.")


def _forget_damage(folder: RunFolder) -> None:
    """A run that failed because of its checkpoint begins anew: its numbers are decided without it."""
    from gossamer.studies.store.run_folder import read_json

    if folder.failure.exists() and read_json(folder.failure).get("error") == CheckpointError.__name__:
        folder.checkpoint.unlink(missing_ok=True)


def _recording(folder: RunFolder) -> Recording:
    """What was recorded up to the checkpoint; resuming forgets what came after it."""
    from gossamer.rewiring import Recording

    if folder.checkpoint.exists() and folder.recording.exists():
        return Recording.load(folder.recording)
    return Recording()


def _boards(task: Task) -> Sequence[Callback]:
    if task.board is None:
        return ()
    from gossamer.studies.engines.tensorboard import Board

    return (Board(task.board),)


def _is_hopeless(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _HOPELESS:
            return True
        error = error.__cause__
    return False


class _Journal:
    """Writes down how far a run is; after an epoch, what it came to."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._run: TrainingRun | None = None
        self.recording: Recording | None = None

    @property
    def epoch(self) -> int | None:
        """The epoch that the run is in, from 1; None before the first."""
        return len(self._run.history) + 1 if self._run else None

    @property
    def step(self) -> int | None:
        """Steps done."""
        return self._run.step if self._run else None

    def before_training(self, run: TrainingRun) -> None:
        """Keep the first topology."""
        from gossamer.nn import topology_of
        from gossamer.studies.store.result import is_sparse

        self._run = run
        if is_sparse(run.model):
            topology_of(run.model).save(self._folder.start)

    def after_step(self, run: TrainingRun) -> None:
        """Nothing: a step is no thing to write about."""

    def after_epoch(self, run: TrainingRun) -> None:
        """Write the epochs so far, and the recording."""
        self._folder.write_epochs(run.history)
        if self.recording is not None:
            self.recording.save(self._folder.recording)
        note(self._folder, len(run.history) / run.config.epochs)
