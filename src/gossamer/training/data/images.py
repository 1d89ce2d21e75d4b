"""A data set out of a folder of images, one folder a class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import DataFileError
from gossamer.training.data.arrays import Options, from_arrays

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
_PARTS = ("train", "test")


def from_folder(
    path: str | os.PathLike[str], *, size: tuple[int, int] | None = None, **options: Unpack[Options]
) -> dict[str, Any]:
    """The arguments of a `Dataset` of images in `path/CLASS/...`, or in `path/train/CLASS` and `path/test/CLASS`.

    Grey images stay grey if all are; else all are read as RGB.

    Args:
        path: of the folder.
        size: (height, width) that all are brought to; if None they must be of one size.
        **options: see `gossamer.training.data.arrays.Options`.

    Raises:
        DataFileError: no folder of a class, a class without images, images that cannot be read or are of several sizes;
            the message names the file.
    """
    place = Path(path)
    if not place.is_dir():
        raise DataFileError(f"{place} is no folder; one with a folder of images for each class is needed.")
    parted = all((place / part).is_dir() for part in _PARTS)
    files = {part: _files(place / part) for part in _PARTS} if parted else {"all": _files(place)}
    modes = "L" if all(_is_grey(file) for part in files.values() for file, _ in part) else "RGB"
    read = {part: _read(each, modes, size) for part, each in files.items()}
    chosen: Options = {"name": place.resolve().name, "source": str(place), **options}
    if parted:
        chosen["test"] = read["test"]
    inputs, labels = read["train" if parted else "all"]
    try:
        return from_arrays(inputs, labels, **chosen)
    except ValueError as error:
        raise DataFileError(f"{place}: {error}") from error


def _files(place: Path) -> list[tuple[Path, str]]:
    """Each image with its class, in sorted order."""
    classes = sorted(folder for folder in place.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    if len(classes) < 2:
        found = f"one, {classes[0].name}" if classes else "none"
        raise DataFileError(f"{place} has {found}; one folder of images for each of two or more classes is needed.")
    files = []
    for folder in classes:
        inside = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not inside:
            raise DataFileError(f"{folder} has no image: {', '.join(sorted(SUFFIXES))} are read.")
        files += [(file, folder.name) for file in inside]
    return files


def _is_grey(file: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(file) as image:
            return image.mode in ("1", "L")
    except (OSError, ValueError, SyntaxError) as error:
        raise DataFileError(f"{file} cannot be read as an image ({error}).") from error


def _read(
    files: list[tuple[Path, str]], mode: str, size: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], list[str]]:
    images = [_pixels(file, mode, size) for file, _ in files]
    for image, (file, _) in zip(images, files, strict=True):
        if image.shape != images[0].shape:
            (H, W), (h, w) = images[0].shape[-2:], image.shape[-2:]
            raise DataFileError(
                f"{file} has {h} x {w} pixels, and {files[0][0]} has {H} x {W}; all need one size: "
                f"change the files, or give size=({H}, {W}) to Dataset.from_folder, which brings them to it."
            )
    return np.stack(images), [name for _, name in files]


def _pixels(file: Path, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """(C, H, W)."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            pixels = image.convert(mode)
            if size is not None:
                pixels = pixels.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            array = np.asarray(pixels)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataFileError(f"{file} cannot be read as an image ({error}).") from error
    return array[None] if mode == "L" else array.transpose(2, 0, 1)
