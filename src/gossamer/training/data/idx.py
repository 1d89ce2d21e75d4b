"""MNIST's file format, and the four files of a data set in it."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import DataFileError
from gossamer.training.data import download, folders

_UNSIGNED_BYTES = 0x08

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
"""Training inputs (N, I), training labels (N,), test inputs (M, I), test labels (M,)."""


@dataclass(frozen=True)
class IdxFile:
    """One of the four files: its name without `.gz`, its md5 once uncompressed, and that of upstream's `.gz`."""

    name: str
    md5: str
    compressed_md5: str


@dataclass(frozen=True)
class IdxSource:
    """A data set of four IDX files, each plain or gzipped.

    Args:
        files: training images and labels, test images and labels.
        subfolders: names under which a folder of data sets may keep them.
        url: where upstream's `.gz` files lie, with a slash at the end.
    """

    files: tuple[IdxFile, IdxFile, IdxFile, IdxFile]
    subfolders: tuple[str, ...]
    url: str

    def locate(self) -> Path | None:
        """The folder that holds the files, or None.

        A folder not named after the data set counts if its test labels are the right ones, since MNIST's
        descendants all use MNIST's file names.
        """
        for place in folders.places(*self.subfolders):
            labels = _find(place, self.files[3].name)
            if labels and (place.name in self.subfolders or _md5_or_none(labels) == self.files[3].md5):
                return place
        return None

    def fetch(self) -> Path:
        """Download the files into the user's cache."""
        folder = folders.cache_folder() / self.subfolders[0]
        for file in self.files:
            download.retrieve(f"{self.url}{file.name}.gz", file.compressed_md5, folder / f"{file.name}.gz")
        return folder

    def read(self, place: Path) -> Arrays:
        """Read the files, each of which must have its known md5."""
        train_images, train_labels, test_images, test_labels = (_read_known(place, file) for file in self.files)
        flat = (len(train_images), -1), (len(test_images), -1)
        return train_images.reshape(flat[0]), train_labels, test_images.reshape(flat[1]), test_labels


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped if it is named `.gz`.

    Raises:
        DataFileError: the file is damaged, truncated, or no such file.
        OSError: it cannot be read.
    """
    return _parse(_content(path), path)


def _read_known(place: Path, file: IdxFile) -> NDArray[np.uint8]:
    path = _find(place, file.name)
    if path is None:
        raise DataFileError(f"{place} holds neither {file.name} nor {file.name}.gz, but other files of the data set.")
    content = _content(path)
    array = _parse(content, path)
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != file.md5:
        raise DataFileError(f"{path} is damaged or of another data set: its md5 is {found}, not {file.md5}.")
    return array


def _parse(content: bytes, path: Path) -> NDArray[np.uint8]:
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTES:
        raise DataFileError(f"{path} is no IDX file of unsigned bytes: it starts with {content[:4].hex(' ') or '-'}.")
    header = 4 + 4 * content[3]
    shape = tuple(int(size) for size in np.frombuffer(content[4:header], dtype=">u4"))
    if len(shape) != content[3] or header + math.prod(shape) != len(content):
        raise DataFileError(f"{path} is damaged: {len(content)} bytes do not hold an array of shape {shape}.")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path} is damaged: {error}") from error


def _find(place: Path, name: str) -> Path | None:
    return next((path for path in (place / name, place / f"{name}.gz") if path.is_file()), None)


def _md5_or_none(path: Path) -> str | None:
    try:
        return hashlib.md5(_content(path), usedforsecurity=False).hexdigest()
    except (OSError, DataFileError):
        return None
