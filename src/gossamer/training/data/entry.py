"""What is known of a data set before it is read, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gossamer.errors import DataUnavailableError
from gossamer.training.data import folders
from gossamer.training.data.dataset import Dataset
from gossamer.training.data.examples import Examples
from gossamer.training.data.idx import Arrays


class Source(Protocol):
    """Finds, downloads and reads the files of one data set."""

    def locate(self) -> Path | None:
        """Where the data set lies on this machine, or None."""

    def fetch(self) -> Path | None:
        """Download it and say where it lies now; None if there is nowhere to download it from."""

    def read(self, place: Path) -> Arrays:
        """Read it from where it lies."""


@dataclass(frozen=True)
class Entry:
    """What is known of a data set before it is read.

    Args:
        name: as on the command line.
        shape: of one input, channels first.
        classes: the name of each label.
        maker: who made it.
        licence: under which terms.
        remedy: how to get it, an imperative sentence without its full stop.
        source: finds and reads it.
    """

    name: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    maker: str
    licence: str
    remedy: str
    source: Source

    def load(self) -> Dataset:
        """Read the data set, after a download if it is not on this machine.

        Raises:
            DataUnavailableError: it is not here and cannot be downloaded.
            DataFileError: a file of it is damaged.
        """
        place = self.source.locate() or self._fetch()
        train_inputs, train_labels, test_inputs, test_labels = self.source.read(place)
        return Dataset(
            self.name,
            Examples(train_inputs, train_labels),
            Examples(test_inputs, test_labels),
            shape=self.shape,
            classes=self.classes,
            source=self.maker,
            licence=self.licence,
        )

    def _fetch(self) -> Path:
        searched = ", ".join(str(folder) for folder in folders.search_folders())
        try:
            place = self.source.fetch()
        except DataUnavailableError as error:
            message = f"{self.name} is not in {searched}, and {error} To get it: {self.remedy}."
            raise DataUnavailableError(message) from error
        if place is None:
            raise DataUnavailableError(f"{self.name} is not in {searched}. To get it: {self.remedy}.")
        return place
