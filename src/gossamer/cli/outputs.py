"""Checks that a result can be written, made before the work that leads to it."""

from __future__ import annotations

import tempfile
from pathlib import Path


def require_writable(path: Path) -> Path:
    """Return `path` if a file can be written there.

    Raises:
        OSError: something else than a file is there, or its folder does not exist or cannot be written.
    """
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is a folder or a device; a file is to be written there.")
    _require_writable_folder(path.parent)
    return path


def require_folder(path: Path) -> Path:
    """Return `path`, a folder that can be written; it is made if there is none.

    Raises:
        OSError: it is no folder, or it cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(f"{path} cannot be made a folder: {error.strerror}.") from error
    _require_writable_folder(path)
    return path


def _require_writable_folder(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(f"folder {folder} cannot be written: {error.strerror}.") from error
