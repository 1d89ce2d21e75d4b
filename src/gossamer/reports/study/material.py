"""What a report needs of a study, and what it could not have of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from gossamer.errors import GossamerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from gossamer.rewiring.recording import Recording
    from gossamer.topology import Topology

T = TypeVar("T")


class StudyLike(Protocol):
    """A `gossamer.studies.Study`, or whatever has its answers."""

    @property
    def name(self) -> str:
        """The study's name."""

    @property
    def folder(self) -> Path:
        """Where its runs are kept."""

    def frame(self) -> DataFrame:
        """One row a run."""

    def epochs(self) -> DataFrame:
        """One row an epoch of a run."""

    def topology(self, digest: str, when: Literal["start", "end"] = "end") -> Topology:
        """A run's network."""

    def recording(self, digest: str) -> Recording | None:
        """How a run's network changed."""

    def weights(self, digest: str) -> Mapping[str, NDArray[np.generic]]:
        """A run's parameters."""


class Material:
    """A study's files, read one by one: a file that is missing or damaged leaves a gap in the page, and a remark.

    Args:
        study: whose they are.
    """

    def __init__(self, study: StudyLike) -> None:
        self._study = study
        self.gaps: dict[str, str] = {}

    def topology(self, digest: str) -> Topology | None:
        """The network of a run at its end, if it is there."""
        return self._read("topology", digest, self._study.topology)

    def recording(self, digest: str) -> Recording | None:
        """How the network of a run changed, if a rule was at work."""
        return self._read("recording", digest, self._study.recording)

    def weights(self, digest: str) -> Mapping[str, NDArray[np.generic]] | None:
        """The parameters of a run, if they are there."""
        return self._read("weights", digest, self._study.weights)

    def config(self, digest: str) -> Any:
        """What was asked of a run, as its `config.json` has it."""
        return self._read("config", digest, lambda name: json.loads(self._config_file(name).read_text("utf-8")))

    def _config_file(self, digest: str) -> Path:
        return self._study.folder / "runs" / digest / "config.json"

    def _read(self, what: str, digest: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(digest)
        except (OSError, GossamerError, ValueError, KeyError) as error:
            self.gaps[f"{what} of {digest}"] = f"{type(error).__name__}: {error}"
            return None
