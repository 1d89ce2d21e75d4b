"""A run's folder: which files it has, and how they are written. Every file is whole or not there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import StudyError
from gossamer.files import write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gossamer.topology import Topology
    from gossamer.training import Epoch


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run.

    Args:
        path: the folder; `make` makes it.
    """

    path: Path

    @property
    def name(self) -> str:
        """The run's digest."""
        return self.path.name

    @property
    def checkpoint(self) -> Path:
        """Where the run goes on from if it was stopped."""
        return self.path / "checkpoint"

    @property
    def recording(self) -> Path:
        """The updates of its topology, if a rule was at work."""
        return self.path / "recording"

    @property
    def epochs(self) -> Path:
        """One row an epoch."""
        return self.path / "epochs.parquet"

    @property
    def start(self) -> Path:
        """The topology before training."""
        return self.path / "topology-start.safetensors"

    @property
    def end(self) -> Path:
        """The topology after training."""
        return self.path / "topology.safetensors"

    @property
    def weights(self) -> Path:
        """The `state_dict` after training."""
        return self.path / "weights.safetensors"

    @property
    def result(self) -> Path:
        """What the run came to; there if and only if it is done."""
        return self.path / "result.json"

    @property
    def failure(self) -> Path:
        """Why the run failed the last time."""
        return self.path / "failure.json"

    @property
    def config(self) -> Path:
        """All that decides the run, in words."""
        return self.path / "config.json"

    @property
    def lock(self) -> Path:
        """Held by the process that is at it; says which, and how far it is."""
        return self.path / "lock"

    @property
    def state(self) -> str:
        """`done`, `failed` or `waiting`."""
        if self.result.exists():
            return "done"
        return "failed" if self.failure.exists() else "waiting"

    def make(self) -> RunFolder:
        """Make the folder if there is none."""
        self.path.mkdir(parents=True, exist_ok=True)
        return self

    def write_epochs(self, epochs: Iterable[Epoch]) -> None:
        """Write all epochs so far."""
        write_atomically(self.epochs, _parquet([asdict(epoch) for epoch in epochs]))

    def write_failure(self, error: BaseException | str, *, epoch: int | None = None, step: int | None = None) -> None:
        """Say why the run failed: an error, or what is known of a worker that died."""
        known = isinstance(error, BaseException)
        entry = {
            "error": type(error).__name__ if known else "WorkerDied",
            "message": str(error),
            "epoch": epoch,
            "step": step,
            "traceback": "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else None,
        }
        write_json(self.failure, entry)

    def read_topology(self, when: str = "end") -> Topology:
        """The junctions before ("start") or after ("end") training, full ones too.

        Raises:
            StudyError: the run has not come so far.
        """
        from gossamer.generators import dense
        from gossamer.topology import Topology

        path = {"start": self.start, "end": self.end}[when]
        if path.exists():
            return Topology.load(path)
        config = read_json(self.config) if self.config.exists() else {}
        if not config.get("sparse", True):
            return Topology(dense(n, m) for n, m in pairwise(config["widths"]))
        raise StudyError(f"run {self.name} has no topology of its {when}: it is {self.state}.")

    def read_weights(self) -> dict[str, NDArray[np.generic]]:
        """The `state_dict` after training, as arrays.

        Raises:
            StudyError: the run is not done.
        """
        import safetensors.numpy

        if not self.weights.exists():
            raise StudyError(f"run {self.name} has no weights: it is {self.state}.")
        return dict(safetensors.numpy.load_file(self.weights))


@contextlib.contextmanager
def held(folder: RunFolder) -> Iterator[bool]:
    """Hold a run's lock; gives False if another process does. A process that is killed lets go of it."""
    with folder.lock.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        note(folder, 0.0)
        yield True
        handle.truncate(0)  # only an orderly end comes here: what is left says which run its worker took with it


def note(folder: RunFolder, share: float) -> None:
    """Say in the lock who is at the run, and which share of it is done."""
    entry = {"host": socket.gethostname(), "pid": os.getpid(), "share": round(share, 4)}
    folder.lock.write_text(json.dumps(entry))


def noted(folder: RunFolder) -> dict[str, Any] | None:
    """What was noted by who is at the run, or was until killed; None if there is nobody."""
    try:
        entry = json.loads(folder.lock.read_text())
    except (OSError, ValueError):
        return None
    return entry if isinstance(entry, dict) else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object atomically; NaN becomes null, which every reader of JSON knows."""
    text = json.dumps(_plain(content), indent=2, allow_nan=False)
    write_atomically(path, text.encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """An object that `write_json` wrote.

    Raises:
        StudyError: the file is damaged.
        OSError: it cannot be read.
    """
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise StudyError(f"{path} is damaged: {error}.") from error
    if not isinstance(content, dict):
        raise StudyError(f"{path} is damaged: it holds no object.")
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and value - value != 0 else value  # inf - inf and nan - nan are nan


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import duckdb

    columns = "epoch INTEGER, loss DOUBLE, accuracy DOUBLE, validation_loss DOUBLE, validation_accuracy DOUBLE, "
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as database:
        path = Path(folder) / "epochs.parquet"
        database.execute(f"CREATE TABLE epochs ({columns} seconds DOUBLE, edges BIGINT)")
        database.executemany("INSERT INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?)", [list(row.values()) for row in rows])
        database.execute("COPY epochs TO ? (FORMAT parquet)", [str(path)])
        return path.read_bytes()
