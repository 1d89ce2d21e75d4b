"""CIFAR-10 as JPEG copies packed in one npz file: lossy, so a data set of its own name."""

from __future__ import annotations

import hashlib
import io
import itertools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import DataFileError
from gossamer.files import write_atomically
from gossamer.training.data import folders
from gossamer.training.data.idx import Arrays

_MEMBERS = ("blob", "offsets", "label", "is_test")
_SIDE = 32


@dataclass(frozen=True)
class JpegSource:
    """One npz file: image i is `blob[offsets[i]:offsets[i + 1]]`, of class `label[i]`, for the test if `is_test[i]`."""

    filename: str
    subfolders: tuple[str, ...]

    def locate(self) -> Path | None:
        """The file, or None."""
        paths = (place / self.filename for place in folders.places(*self.subfolders))
        return next((path for path in paths if path.is_file()), None)

    def fetch(self) -> Path | None:
        """There is nowhere to download it from."""
        return None

    def read(self, path: Path) -> Arrays:
        """Decode the images, or read them from the cache if they were decoded before."""
        packed = _load(path)
        images = _decoded(packed, path)
        test = packed["is_test"].astype(bool)
        labels = packed["label"].astype(np.int64)
        return images[~test], labels[~test], images[test], labels[test]


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            packed = {name: file[name] for name in _MEMBERS}
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataFileError(f"{path} is damaged: {error}") from error
    offsets, count = packed["offsets"], len(packed["label"])
    if offsets.shape != (count + 1,) or offsets[-1] != len(packed["blob"]) or np.any(np.diff(offsets) < 0):
        raise DataFileError(f"{path} is damaged: its offsets do not cut its {len(packed['blob'])} bytes.")
    return packed


def _decoded(packed: dict[str, NDArray[Any]], path: Path) -> NDArray[np.uint8]:
    """Images (N, 3 * 32 * 32), channels first; kept in the cache under the digest of the JPEGs."""
    digest = hashlib.blake2b(packed["blob"].data, digest_size=16).hexdigest()
    cached = folders.cache_folder() / "decoded" / f"{digest}.npy"
    shape = (len(packed["label"]), 3 * _SIDE * _SIDE)
    try:
        images = np.load(cached, mmap_mode="r", allow_pickle=False)
        if images.shape == shape and images.dtype == np.uint8:
            return np.asarray(images)
    except (OSError, ValueError):
        pass  # not decoded before
    images = _decode(packed, path)
    _keep(images, cached)
    return images


def _decode(packed: dict[str, NDArray[Any]], path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    offsets, blob = packed["offsets"], packed["blob"]
    images = np.empty((len(offsets) - 1, 3, _SIDE, _SIDE), dtype=np.uint8)
    for number, (start, stop) in enumerate(itertools.pairwise(offsets)):
        try:
            with Image.open(io.BytesIO(blob[start:stop].tobytes())) as image:
                images[number] = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
        except (OSError, ValueError, SyntaxError) as error:
            raise DataFileError(f"{path} is damaged: image {number} cannot be decoded ({error}).") from error
    return images.reshape(len(images), -1)


def _keep(images: NDArray[np.uint8], cached: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, images)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(cached, buffer.getvalue())
    except OSError:
        pass  # a cache that cannot be written costs time only
