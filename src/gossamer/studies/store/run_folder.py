"""A run's folder: which files it has. Every file is whole or not there, and says if it is damaged."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import StudyError, TopologyFileError
from gossamer.files import file_digest
from gossamer.studies.store.epochs import write_epochs
from gossamer.studies.store.json_files import read_json, write_json

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
        """The run's digest, in a study."""
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
        """Held by the process that carries the run out; names it, and how far it is."""
        return self.path / "lock"

    @property
    def state(self) -> str:
        """`done`, `failed` or `waiting`, as the files that are there say."""
        if self.result.exists():
            return "done"
        return "failed" if self.failure.exists() else "waiting"

    def make(self) -> RunFolder:
        """Make the folder if there is none."""
        self.path.mkdir(parents=True, exist_ok=True)
        return self

    def tidy(self) -> None:
        """Remove what a killed process left half-written; only for the holder of the lock."""
        for path in self.path.glob(".*.tmp"):
            path.unlink(missing_ok=True)

    def write_epochs(self, epochs: Iterable[Epoch]) -> None:
        """Write all epochs so far."""
        write_epochs(self.epochs, epochs)

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

    def read_failure(self) -> tuple[str, str]:
        """Kind and message of the error that the run failed with.

        Raises:
            StudyError: the file is damaged.
        """
        entry = read_json(self.failure)
        if not {"error", "message"} <= entry.keys():
            raise StudyError(f"{self.failure} is damaged: it has no error or no message.")
        return str(entry["error"]), str(entry["message"])

    def read_config(self) -> dict[str, Any]:
        """All that decides the run, in words; nothing if the run has not begun.

        Raises:
            StudyError: the file is damaged.
        """
        if not self.config.exists():
            return {}
        config = read_json(self.config)
        if "labels" not in config:
            raise StudyError(f"{self.config} is damaged: it has no labels.")
        return config

    def read_topology(self, when: str = "end") -> Topology:
        """The junctions before ("start") or after ("end") training, full ones too.

        Raises:
            StudyError: the run has not come so far, or its configuration is damaged.
            TopologyFileError: the file is damaged.
        """
        from gossamer.generators import dense
        from gossamer.topology import Topology

        path = {"start": self.start, "end": self.end}[when]
        if path.exists():
            return Topology.load(path)
        config = self.read_config()
        if not config.get("sparse", True):
            return Topology(dense(n, m) for n, m in pairwise(self._widths(config)))
        raise StudyError(f"run {self.name} has no topology of its {when}: it is {self.state}.")

    def require_whole(self, path: Path) -> None:
        """Check a file of a finished run against the digest that the result has of it.

        Raises:
            StudyError: the file is damaged, or the result is.
        """
        if self.result.exists():
            said = read_json(self.result).get("files")
            if isinstance(said, dict) and said.get(path.name) not in (None, file_digest(path)):
                raise StudyError(f"{path} is damaged: it is not what the run has written.")

    def read_weights(self) -> dict[str, NDArray[np.generic]]:
        """The `state_dict` after training, as arrays.

        Raises:
            StudyError: the run is not done, or the file is damaged.
        """
        from gossamer.files import read_safetensors

        if not self.weights.exists():
            raise StudyError(f"run {self.name} has no weights: it is {self.state}.")
        self.require_whole(self.weights)
        try:
            return read_safetensors(self.weights)[0]
        except TopologyFileError as error:
            raise StudyError(str(error)) from error

    def _widths(self, config: dict[str, Any]) -> list[int]:
        widths = config.get("widths")
        if not isinstance(widths, list) or not all(isinstance(width, int) and width > 0 for width in widths):
            raise StudyError(f"{self.config} is damaged: widths={widths!r} are no sizes of layers.")
        return widths
