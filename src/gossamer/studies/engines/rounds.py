"""Tasks and an engine, until all is said: a worker that dies takes down its own run only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from textwrap import shorten

from gossamer.errors import EngineError, StudyError
from gossamer.studies.engines.local import Engine
from gossamer.studies.engines.work import Report, Task, carry_out
from gossamer.studies.store.locks import noted
from gossamer.studies.store.result import is_done
from gossamer.studies.store.run_folder import RunFolder

_GRACE = 3.0
"""Seconds that the workers of a broken engine have to end and let go of their runs."""


def carry_out_all(tasks: Sequence[Task], engine: Engine) -> list[Report]:
    """The reports of all tasks.

    An engine whose worker dies cannot say which run killed it. Those that were under way are then tried alone, one
    after the other: one whose worker dies again is recorded as failed; the others go on from their checkpoints.

    Raises:
        EngineError: the engine does not work.
        StudyError: the disk is full.
    """
    reports: dict[str, Report] = {}
    waiting = list(tasks)
    while waiting:
        try:
            _add(reports, engine.map(carry_out, waiting))
        except EngineError:
            raise
        except Exception as error:  # each engine has its own for a worker that dies
            suspects = [task for task in waiting if _was_under_way(task)]
            if not suspects:
                raise EngineError(f"{engine} does not work: {type(error).__name__}: {error}") from error
            for task in suspects:
                _add(reports, [_alone(task, engine)])
        waiting = [task for task in waiting if task.run.digest not in reports and not _finished(task, reports)]
    return [reports[task.run.digest] for task in tasks]


def _add(reports: dict[str, Report], found: Sequence[Report]) -> None:
    for report in found:
        if report.state == "stopped":
            raise StudyError(f"{report.cause} Nothing is half-written: make room, and call again to go on.")
        reports[report.digest] = report


def _alone(task: Task, engine: Engine) -> Report:
    try:
        deadline = time.monotonic() + _GRACE
        while (report := engine.map(carry_out, [task])[0]).state == "busy" and time.monotonic() < deadline:
            time.sleep(0.2)
        return report
    except EngineError:
        raise
    except Exception as error:
        folder = RunFolder(task.folder)
        cause = shorten(f"the worker of this run died: {error}", 320, placeholder=" ...")
        folder.write_failure(cause)
        return Report(task.run.digest, "failed", cause, "WorkerDied")


def _was_under_way(task: Task) -> bool:
    folder = RunFolder(task.folder)
    return not is_done(folder, task.run.digest) and noted(folder) is not None


def _finished(task: Task, reports: dict[str, Report]) -> bool:
    """Take note of a run that was finished in a round that broke off."""
    if is_done(RunFolder(task.folder), task.run.digest):
        reports[task.run.digest] = Report(task.run.digest, "done")
    return task.run.digest in reports
