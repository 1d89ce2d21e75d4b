"""The thresholds of this process: found once, and given to the kernels."""

from __future__ import annotations

import threading

from gossamer import native
from gossamer.tuning.files import Found, find
from gossamer.tuning.machine import this_machine
from gossamer.tuning.thresholds import Thresholds

_LOCK = threading.Lock()
_used: Found | None = None


def in_use() -> Found:
    """What this process uses; found at the first call, before the first kernel.

    Warns:
        TuningWarning: at the first call, a file that is ignored.
    """
    global _used
    if _used is None:
        with _LOCK:
            if _used is None:
                _used = _given(find(this_machine()))
    return _used


def use(found: Found) -> None:
    """Use these from now on, in place of what was found."""
    global _used
    with _LOCK:
        _used = _given(found)


def _given(found: Found) -> Found:
    give(found.thresholds)
    return found


def give(thresholds: Thresholds) -> None:
    """Set what the kernels hold, for junctions that are met from now on.

    Blocks are set for the instruction set in use.
    """
    extension = native.extension
    if extension is None:
        return
    extension.give_each_thread(thresholds.thread_work)
    if thresholds.blocks is not None:
        _, edges_a_row, _ = extension.block_limits()
        extension.set_block_limits(edges_a_row, list(thresholds.blocks))
