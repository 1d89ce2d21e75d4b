"""CIFAR-10 as its authors pack it, in binary records or pickles, in a folder or an archive."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import DataFileError
from gossamer.training.data import download, folders
from gossamer.training.data.idx import Arrays

_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_BINARY_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
_PYTHON_MD5 = "c58f30108f718f92721af3b95e74349a"
_PIXELS = 3 * 32 * 32
_BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")

# what a pickled batch is made of, under NumPy's old and new names; nothing else is ever looked up
_HARMLESS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}

Batch = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Packing:
    """One way in which the batches come: the folder they lie in, their files' ending, the archive, and the reader."""

    folder: str
    ending: str
    archive: str
    archive_md5: str
    read: Callable[[bytes, str], Batch]


@dataclass(frozen=True)
class CifarSource:
    """CIFAR-10 in any of `packings`."""

    packings: tuple[Packing, ...]
    subfolders: tuple[str, ...] = ("cifar10", "cifar-10", "CIFAR10")

    def locate(self) -> Path | None:
        """The folder of batches, or the archive, that is found first."""
        for place in folders.places(*self.subfolders):
            for packing in self.packings:
                if (place / packing.folder).is_dir():
                    return place / packing.folder
                if (place / packing.archive).is_file():
                    return place / packing.archive
        return None

    def fetch(self) -> Path:
        """Download the binary archive into the user's cache."""
        return download.retrieve(_URL, _BINARY_MD5, folders.cache_folder() / "cifar10" / "cifar-10-binary.tar.gz")

    def read(self, place: Path) -> Arrays:
        """Read the six batches; five are for training."""
        packing = next(packing for packing in self.packings if place.name in (packing.folder, packing.archive))
        names = [name + packing.ending for name in _BATCHES]
        if place.is_dir():
            contents = [(place / name).read_bytes() for name in names]
        else:
            contents = _read_archive(place, packing, names)
        batches = [packing.read(content, f"{place}/{name}") for content, name in zip(contents, names, strict=True)]
        images, labels = zip(*batches, strict=True)
        return np.concatenate(images[:5]), np.concatenate(labels[:5]), images[5], labels[5]


def _read_archive(path: Path, packing: Packing, names: list[str]) -> list[bytes]:
    content = path.read_bytes()
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != packing.archive_md5:
        raise DataFileError(f"{path} is damaged: its md5 is {found}, not {packing.archive_md5}.")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = (archive.extractfile(f"{packing.folder}/{name}") for name in names)
        return [member.read() for member in members if member is not None]


def read_binary(content: bytes, source: str) -> Batch:
    """Images (N, 3072) and labels (N,) of records of one label byte and 3 * 32 * 32 pixel bytes.

    Raises:
        DataFileError: the file is no whole number of records, or a label is above 9.
    """
    if not content or len(content) % (1 + _PIXELS):
        raise DataFileError(f"{source} is damaged: {len(content)} bytes are not records of {1 + _PIXELS} bytes.")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, 1 + _PIXELS)
    return _checked(records[:, 1:], records[:, 0], source)


def read_pickle(content: bytes, source: str) -> Batch:
    """Images (N, 3072) and labels (N,) of a pickled batch; a pickle that wants anything but arrays is refused.

    Raises:
        DataFileError: the file is damaged, asks for a function, or holds something else.
    """
    try:
        batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
        return _checked(np.asarray(batch[b"data"]), np.asarray(batch[b"labels"]), source)
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise DataFileError(f"{source} is no batch of CIFAR-10, or damaged: {error}") from error


def _checked(images: NDArray[Any], labels: NDArray[Any], source: str) -> Batch:
    if images.dtype != np.uint8 or images.shape != (len(labels), _PIXELS) or labels.dtype.kind not in "iu":
        raise DataFileError(f"{source} is damaged: images {images.dtype} {images.shape}, labels {labels.shape}.")
    if not len(labels) or labels.max() > 9 or labels.min() < 0:
        raise DataFileError(f"{source} is damaged: it has labels other than 0 to 9, or none.")
    return images, labels


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


SOURCE = CifarSource(
    (
        Packing("cifar-10-batches-bin", ".bin", "cifar-10-binary.tar.gz", _BINARY_MD5, read_binary),
        Packing("cifar-10-batches-py", "", "cifar-10-python.tar.gz", _PYTHON_MD5, read_pickle),
    )
)
