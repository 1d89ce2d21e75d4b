"""Integers that nobody can write: the arrays of junctions.

Small ones lie in a `bytes` object. Large ones (from 64 MiB, on Linux) lie in memory that is filled in place and sealed,
so that they are never held twice while they are made, and that others may map as if it were their own: a copy of such
an array takes memory only where it is written to.
"""

from __future__ import annotations

import mmap
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = 1 << 26
"""Bytes from which an array is worth memory of its own kind: pages of it, and a file descriptor."""


_AT_ONCE = 1 << 20
_AT_FIRST = 1 << 10


class _Sealed(mmap.mmap):
    """Read-only pages of a file in memory that has no writer and will have none."""

    descriptor: int


def frozen(array: NDArray[np.integer]) -> NDArray[np.int32]:
    """A copy that nobody can write: `setflags(write=True)` raises. What already is such a copy is given back.

    >>> frozen(np.arange(3)).flags.writeable
    False
    """
    pages: object = array.base
    if isinstance(pages, _Sealed) and array.dtype == np.int32 and array.nbytes == len(pages):
        return array  # type: ignore[return-value]
    if array.dtype == np.int32 and array.nbytes < LARGE:
        return np.ndarray(len(array), np.int32, buffer=array.tobytes())
    return filled(len(array), lambda to: np.copyto(to, array, casting="same_kind"))


def filled(count: int, fill: Callable[[NDArray[np.int32]], None]) -> NDArray[np.int32]:
    """An array of `count` int32 that nobody can write after `fill` has; it must not keep what it is given.

    >>> filled(3, lambda to: np.copyto(to, [2, 1, 0]))
    array([2, 1, 0], dtype=int32)
    """
    pages = _sealed(4 * count, fill) if 4 * count >= LARGE and sys.platform == "linux" else None
    if pages is not None:
        return np.ndarray(count, np.int32, buffer=pages)
    array = np.empty(count, dtype=np.int32)
    fill(array)
    return np.ndarray(count, np.int32, buffer=array.tobytes())


def writable_copy(array: NDArray[np.int32]) -> NDArray[np.int32]:
    """A copy to write to; of a large array that nobody can write, one that shares what is not written.

    >>> copy = writable_copy(frozen(np.arange(3)))
    >>> copy[0] = 7
    >>> copy
    array([7, 1, 2], dtype=int32)
    """
    pages: object = array.base
    if isinstance(pages, _Sealed) and array.nbytes == len(pages):
        own = mmap.mmap(pages.descriptor, len(pages), access=mmap.ACCESS_COPY)
        return np.ndarray(array.shape, np.int32, buffer=own)
    return array.copy()


def equal(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Whether two arrays hold the same numbers: `numpy.array_equal` without an answer for each of them.

    >>> equal(np.arange(3), np.arange(4))
    False
    """
    if first.shape != second.shape or not np.array_equal(first[:_AT_FIRST], second[:_AT_FIRST]):
        return False  # most arrays that differ do so soon
    starts = range(0, len(first), _AT_ONCE)
    return all(np.array_equal(first[start : start + _AT_ONCE], second[start : start + _AT_ONCE]) for start in starts)


def _sealed(size: int, fill: Callable[[NDArray[np.int32]], None]) -> _Sealed | None:
    """Filled pages, or None if the system has none of this kind."""
    import fcntl

    try:
        descriptor = os.memfd_create("gossamer", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        return None
    try:
        os.ftruncate(descriptor, size)
        writable = mmap.mmap(descriptor, size)
        array = np.frombuffer(writable, np.int32)
        fill(array)
        del array
        writable.close()  # raises if somebody could still write
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        pages = _Sealed(descriptor, size, prot=mmap.PROT_READ)
    except BaseException:
        os.close(descriptor)
        raise
    pages.descriptor = descriptor
    weakref.finalize(pages, os.close, descriptor)
    return pages
