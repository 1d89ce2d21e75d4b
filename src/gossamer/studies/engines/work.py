"""One run, carried out in whatever process an engine chose; it raises nothing, and says what came of it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.errors import CheckpointError, GossamerError, StudyError, without_topology_warnings
from gossamer.studies.digest import code_version
from gossamer.studies.engines.journal import Journal, Position
from gossamer.studies.run import Run, dataset
from gossamer.studies.store.locks import held
from gossamer.studies.store.result import is_done, write_result
from gossamer.studies.store.run_folder import RunFolder

if TYPE_CHECKING:
    from gossamer.rewiring import Recording
    from gossamer.training import Callback
    from gossamer.training.data import Dataset

_ONE_AT_A_TIME = threading.Lock()
"""PyTorch's random state is the process's, and some engines use threads."""
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_SECONDS_BETWEEN_CHECKPOINTS = 1.0
"""What a run may lose when it is killed; writing after each of many short epochs would take longer than they do."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs.

    Args:
        run: what to train.
        folder: the run's own.
        measures: names of what is measured of the network at the end.
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
        state: `done`, `failed`, `skipped` (it was done before), `busy` (another process holds its lock), or
            `stopped` (the disk is full, so that no run can go on).
        cause: why it failed or stopped.
        error: the class of the error that it failed with.
    """

    digest: str
    state: str
    cause: str = ""
    error: str = ""


def carry_out(task: Task, *, callbacks: Sequence[Callback] = ()) -> Report:
    """Train one network from where it is, and write what came of it.

    Args:
        task: the run and its folder.
        callbacks: called after every step and epoch, beside those that write the folder.
    """
    folder = RunFolder(task.folder)
    try:
        with _ONE_AT_A_TIME, held(folder.make()) as mine:
            if not mine:
                return Report(task.run.digest, "busy")
            if is_done(folder, task.run.digest):
                return Report(task.run.digest, "skipped")
            folder.tidy()
            return _attempt(task, folder, callbacks)
    except OSError as error:
        return Report(task.run.digest, "stopped", f"{task.folder} cannot be written: {error.strerror or error}.")


def _attempt(task: Task, folder: RunFolder, callbacks: Sequence[Callback]) -> Report:
    position = Position()
    try:
        _train(task, folder, [position, *callbacks])
    except Exception as error:
        if _is_hopeless(error):
            return Report(task.run.digest, "stopped", " ".join(str(error).split()))
        if not (isinstance(error, CheckpointError) and _is_anothers(folder, task.run)):
            folder.write_failure(error, epoch=position.epoch, step=position.step)
        return Report(task.run.digest, "failed", str(error), type(error).__name__)
    folder.failure.unlink(missing_ok=True)
    return Report(task.run.digest, "done")


def _train(task: Task, folder: RunFolder, callbacks: Sequence[Callback]) -> None:
    from gossamer.studies.plan.names import use_threads

    use_threads(task.threads)
    data = dataset(task.run.data)
    _require_same(task.run, data)
    _forget_damage(folder)
    recording = None if task.run.experiment.rule is None else _recording(folder)
    journal = Journal(task.run, data, folder, recording)
    with without_topology_warnings():
        outcome = task.run.experiment.run(
            data,
            checkpoint=folder.checkpoint,
            seconds_between_checkpoints=_SECONDS_BETWEEN_CHECKPOINTS,
            callbacks=[journal, *_boards(task), *callbacks],
            recording=recording,
        )
        write_result(task.run.experiment, outcome, folder, data=data, measures=task.measures)


def _require_same(run: Run, data: Dataset) -> None:
    """A worker on another machine must have the code and the data that the run is named by."""
    for what, here in (("code", code_version()), ("data_digest", data.digest)):
        if here != run.decisive[what]:
            raise StudyError(f"{what}={here} on this worker, but {run.decisive[what]} where the study was begun.")


def _is_anothers(folder: RunFolder, run: Run) -> bool:
    """Whether the folder is of another run, whose files are to stay: `gossamer train` may be given any folder."""
    try:
        return bool(folder.read_config().get("digest", run.digest) != run.digest)
    except StudyError:
        return False


def _forget_damage(folder: RunFolder) -> None:
    """A run that failed because of its checkpoint begins anew: its numbers are decided without it."""
    from gossamer.training import checkpoints

    try:
        failed = folder.failure.exists() and folder.read_failure()[0] == CheckpointError.__name__
    except StudyError:
        failed = False
    if failed:
        checkpoints.remove(folder.checkpoint)


def _recording(folder: RunFolder) -> Recording:
    """What was recorded up to the checkpoint; resuming forgets what came after it.

    Without it the run begins anew, and comes to the same numbers: a history that lacks its beginning is none.
    """
    from gossamer.rewiring import Recording
    from gossamer.training import checkpoints

    if checkpoints.exists(folder.checkpoint):
        try:
            return Recording.load(folder.recording)
        except (GossamerError, OSError):
            checkpoints.remove(folder.checkpoint)
    return Recording()


def _boards(task: Task) -> Sequence[Callback]:
    if task.board is None:
        return ()
    from gossamer.studies.engines.tensorboard import Board, require_tensorboard

    require_tensorboard()
    return (Board(task.board),)


def _is_hopeless(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _HOPELESS:
            return True
        error = error.__cause__
    return False
