"""Files that are whole or not there: atomic writing, and safetensors read with errors that name the file."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import TopologyFileError

_DTYPES = ("BOOL", "U8", "I8", "U16", "I16", "F16", "U32", "I32", "F32", "U64", "I64", "F64")
"""The types of safetensors that NumPy has."""


def cache_folder() -> Path:
    """The user's cache of Gossamer, as the system has it (XDG_CACHE_HOME, or ~/.cache on Linux); it may not exist."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("gossamer", appauthor=False))


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a temporary file beside `path`, then rename it: `path` is whole or untouched.

    Raises:
        OSError: the folder does not exist, cannot be written, or is full; the temporary file is removed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/a", b"whole")
    ...     Path(folder, "a").read_bytes(), os.listdir(folder)
    (b'whole', ['a'])
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def file_digest(path: str | os.PathLike[str]) -> str:
    """Name of a file's content: 32 hexadecimal digits (BLAKE2b).

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     file_digest(empty.name) == hashlib.blake2b(digest_size=16).hexdigest()
    True
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def write_safetensors(path: str | os.PathLike[str], tensors: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    """Write arrays and texts as a safetensors file, atomically.

    Raises:
        OSError: the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/a", {"x": np.arange(2)}, {"format": "example"})
    ...     os.listdir(folder)
    ['a']
    """
    import safetensors.numpy

    plain = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    write_atomically(path, safetensors.numpy.save(plain, metadata))


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Read the arrays and the metadata of a safetensors file.

    Raises:
        TopologyFileError: the file is damaged or of another format.
        OSError: there is no such file, or it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/a", {"x": np.arange(2)}, {"format": "example"})
    ...     read_safetensors(f"{folder}/a")
    ({'x': array([0, 1])}, {'format': 'example'})
    """
    from safetensors import SafetensorError, safe_open

    source = os.fspath(path)
    with Path(path).open("rb"):  # a missing or unreadable file is the operating system's error, not a damaged one
        pass
    try:
        with safe_open(source, framework="np") as handle:
            metadata = dict(handle.metadata() or {})
            kinds = {name: handle.get_slice(name).get_dtype() for name in handle.keys()}  # noqa: SIM118 (no mapping)
            foreign = {name: kind for name, kind in kinds.items() if kind not in _DTYPES}
            tensors = {name: handle.get_tensor(name) for name in kinds if not foreign}
    except (SafetensorError, ValueError) as error:
        raise TopologyFileError(f"{source} is no safetensors file, or damaged: {error}") from error
    if foreign:
        raise TopologyFileError(f"{source} holds arrays of types that NumPy has not: {foreign}; {_DTYPES} are read.")
    return tensors, metadata
