"""One run of a study: an experiment on a data set, and the name that follows from it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gossamer.studies.digest import code_version, described
from gossamer.studies.experiment import Experiment
from gossamer.training.data import Dataset, load

Label = str | int | float | None
"""What a grid varied: words and numbers."""


@dataclass(frozen=True)
class Run:
    """An experiment on a data set.

    Args:
        experiment: all that decides the numbers beside the data.
        data: the data set's name, or another word that `gossamer.training.data.load` knows.
        labels: what the run is called by in tables: "topology", "degree", "seed", ...; no part of its digest.

    >>> from gossamer.studies import Architecture, Experiment
    >>> from gossamer.training import Config
    >>> dense = Experiment(Architecture(None, (32,), (None, None)), Config(epochs=1), seed=0)
    >>> run = Run(dense, "digits", labels={"topology": "dense"})
    >>> len(run.digest), run.digest == Run(dense, "digits").digest
    (16, True)
    """

    experiment: Experiment
    data: str
    labels: Mapping[str, Label] = field(default_factory=dict)

    @functools.cached_property
    def digest(self) -> str:
        """16 hexadecimal digits of the experiment, the data and the version of the code.

        Raises:
            DataUnavailableError: the data are not on this machine.
            ValueError: the experiment holds a function without a name, or there is no such data set.
        """
        return hashlib.blake2b(described(self.decisive).encode(), digest_size=8).hexdigest()

    @functools.cached_property
    def decisive(self) -> dict[str, Any]:
        """All that decides the numbers, in words."""
        architecture, config = self.experiment.architecture, self.experiment.config
        return {
            "architecture": described(architecture),
            "config": described(config),
            "rule": described(self.experiment.rule),
            "seed": self.experiment.seed,
            "data": dataset(self.data).name,
            "data_digest": data_digest(self.data),
            "code": code_version(),
        }


@functools.lru_cache(maxsize=2)
def dataset(name: str) -> Dataset:
    """The data set of this name, kept for the next run in this process."""
    return load(name)


@functools.cache
def data_digest(name: str) -> str:
    """What the data set of this name holds."""
    return dataset(name).digest
