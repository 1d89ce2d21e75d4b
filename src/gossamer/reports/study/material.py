"""What a report needs of a study, and what it could not have of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gossamer.distances import moments_of
from gossamer.errors import GossamerError, StudyWarning
from gossamer.studies.store.result import read_result
from gossamer.studies.store.run_folder import RunFolder
from gossamer.studies.store.study_folder import runs_folder
from gossamer.studies.store.trained import trained_network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame
    from torch import Tensor, nn

    from gossamer.rewiring import Recording
    from gossamer.studies.store.study_folder import ListedRun
    from gossamer.topology import Topology

T = TypeVar("T")


class StudyLike(Protocol):
    """A `gossamer.studies.Study`, or whatever has its answers."""

    name: str
    folder: Path

    @property
    def entries(self) -> Sequence[ListedRun]:
        """Digest and labels of every run."""

    def frame(self) -> DataFrame:
        """One row a run."""

    def epochs(self) -> DataFrame:
        """One row an epoch of a run."""

    def topology(self, digest: str, when: str = "end") -> Topology:
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

    def moments(self, digest: str, most: int) -> list[Topology] | None:
        """At most so many moments of a run's sparse junctions, if a rule was at work and they follow each other."""

        def read(name: str) -> list[Topology] | None:
            recording = self._study.recording(name)
            return moments_of(recording, most) if recording is not None and recording.steps else None

        return self._read("recording", digest, read)

    def frame(self) -> DataFrame:
        """One row a run; those that are damaged are gaps."""
        return self._noting(self._study.frame)

    def epochs(self) -> DataFrame:
        """One row an epoch of a run; those whose file is damaged are gaps."""
        return self._noting(self._study.epochs)

    def weights(self, digest: str) -> Mapping[str, NDArray[np.generic]] | None:
        """The parameters of a run, if they are there."""
        return self._read("weights", digest, self._study.weights)

    def config(self, digest: str) -> Any:
        """What was asked of a run, in words."""
        folder = self._study.folder
        return self._read("config", digest, lambda name: RunFolder(runs_folder(folder) / name).read_config())

    def network(self, digest: str) -> nn.Sequential | None:
        """The perceptron that a run trained, if its weights are there and make one."""
        folder = self._study.folder
        return self._read("weights", digest, lambda name: trained_network(RunFolder(runs_folder(folder) / name)))

    def start(self, digest: str) -> Topology | None:
        """The sparse junctions of a run before training, if it has any."""
        path = RunFolder(runs_folder(self._study.folder) / digest).start
        return (
            self._read("topology", digest, lambda name: self._study.topology(name, "start")) if path.exists() else None
        )

    def examples(self, digest: str, network: nn.Module, most: int) -> tuple[Tensor, Tensor] | None:
        """Test examples of a run's data set, if it is on this machine and the network takes it; else no gap."""
        from gossamer.studies.learnt_from import first_examples, learnt_from

        try:
            data = learnt_from(self.config(digest) or {})
            return None if data is None else first_examples(network, data, most)
        except (OSError, GossamerError, ValueError, KeyError):
            return None

    def environment(self, digest: str) -> Any:
        """What a run was made with."""
        folder = self._study.folder
        return self._read("result", digest, lambda name: _environment(RunFolder(runs_folder(folder) / name)))

    def _noting(self, read: Callable[[], T]) -> T:
        """What is read; warnings of damaged runs become gaps, and are given on."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", StudyWarning)
            found = read()
        for each in told:
            if issubclass(each.category, StudyWarning):
                run, _, why = str(each.message).partition(" is left out: ")
                self.gaps.setdefault(run, why)
            warnings.warn(each.message, stacklevel=3)
        return found

    def _read(self, what: str, digest: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(digest)
        except (OSError, GossamerError, ValueError, KeyError) as error:
            self.gaps[f"{what} of {digest}"] = f"{type(error).__name__}: {error}"
            return None


def _environment(folder: RunFolder) -> Mapping[str, Any]:
    found = read_result(folder).get("environment")
    return found if isinstance(found, dict) else {}
