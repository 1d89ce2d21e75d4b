"""Files that are whole or not there: atomic writing, and safetensors read with errors that name the file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

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
    with written_atomically(path) as handle:
        handle.write(content)


@contextlib.contextmanager
def written_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """The temporary file to write to, which becomes `path` at the end; see `write_atomically` for what is raised."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as handle:
            yield handle
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
    stored = {name: _stored(name, np.asarray(array)) for name, array in tensors.items()}
    write_stored(path, stored, metadata)


class Stored(NamedTuple):
    """An array as safetensors files hold it."""

    dtype: str
    """Its name there."""
    shape: tuple[int, ...]
    content: memoryview
    """Its numbers, little-endian, in the order of C."""


def write_stored(path: str | os.PathLike[str], arrays: Mapping[str, Stored], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file, atomically, array by array: none is copied.

    References:
        https://github.com/huggingface/safetensors, "Format". The widest numbers come first, so that all are aligned.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    order = sorted(arrays, key=lambda name: (-_width(arrays[name]), name))
    end = 0
    for name in order:
        begin, end = end, end + arrays[name].content.nbytes
        header[name] = {
            "dtype": arrays[name].dtype,
            "shape": list(arrays[name].shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with written_atomically(path) as handle:
        handle.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            handle.write(arrays[name].content)


def _width(array: Stored) -> int:
    digits = array.dtype.split("_")[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits or 8)


def _stored(name: str, array: NDArray[Any]) -> Stored:
    kind = {"f": "F", "i": "I", "u": "U", "b": "BOOL"}.get(array.dtype.kind, "?")
    dtype = kind if kind == "BOOL" else f"{kind}{8 * array.dtype.itemsize}"
    if dtype not in _DTYPES:
        raise TypeError(f"{name} has dtype {array.dtype}; safetensors files hold {', '.join(_DTYPES)}.")
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return Stored(dtype, array.shape, plain.reshape(-1).view(np.uint8).data)


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
