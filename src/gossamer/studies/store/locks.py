"""The lock of a run: held by the process that carries it out; it names that process, and how far the run has come."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.studies.store.run_folder import RunFolder


@contextlib.contextmanager
def held(folder: RunFolder) -> Iterator[bool]:
    """Hold a run's lock; gives False if another process does. The system frees the lock of a process that is killed."""
    with folder.lock.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        note(folder, 0.0)
        try:
            yield True
        finally:
            handle.truncate(0)  # a process that is killed leaves its note, which says that it had this run


def note(folder: RunFolder, share: float) -> None:
    """Write into the lock which process carries the run out, and which share of it is done, 0 to 1."""
    entry = {"host": socket.gethostname(), "pid": os.getpid(), "share": round(share, 4)}
    folder.lock.write_text(json.dumps(entry))


def noted(folder: RunFolder) -> dict[str, Any] | None:
    """The note of the process that is at the run, or was until it was killed; None if there is none."""
    try:
        entry = json.loads(folder.lock.read_text())
    except (OSError, ValueError):
        return None
    return entry if isinstance(entry, dict) else None
