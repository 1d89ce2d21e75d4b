"""Refuse what would not fit in memory, with the figure, before anything is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from gossamer.errors import GossamerError

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


class InsufficientMemoryError(GossamerError, ValueError):
    """An array would need more memory than there is; nothing was allocated."""


def available_bytes() -> int | None:
    """Bytes that can be allocated now without swapping (MemAvailable, and the cgroup's limit), or None if unknown."""
    found = [size for size in (_system_bytes(), _cgroup_bytes()) if size is not None]
    return min(found) if found else None


def require_memory(needed: int, what: str) -> None:
    """Check that `needed` bytes are to be had for `what`.

    Raises:
        InsufficientMemoryError: they are not; the message gives both figures.
    """
    available = available_bytes()
    if available is not None and needed > available:
        raise InsufficientMemoryError(
            f"{what} needs {needed / 2**30:.3g} GiB, but {available / 2**30:.3g} GiB of memory are available."
        )


def _system_bytes() -> int | None:
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _cgroup_bytes() -> int | None:
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        return None if limit == "max" else max(0, int(limit) - used)
    except (OSError, ValueError):
        return None
