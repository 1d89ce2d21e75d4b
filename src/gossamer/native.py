"""The native extension, loaded in one place.

Users read `native.extension` when they need it and have another way where it is None, so that a test can take the
extension away from all of them at once.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import warnings
from pathlib import Path
from typing import Any

from gossamer.errors import TuningWarning

INSTRUCTIONS = "GOSSAMER_INSTRUCTIONS"
"""Names the instruction set that kernels are held to, such as avx2; the best one is used otherwise."""


def _load() -> Any:
    _share_threads()
    try:
        found: Any = importlib.import_module("gossamer._native")
    except ImportError:  # there was no compiler at install time
        return None
    if held := os.environ.get(INSTRUCTIONS):
        _hold(found, held)
    return found


def _hold(found: Any, instructions: str) -> None:
    known = found.instruction_sets()
    if instructions in known:
        found.use_instruction_set(instructions)
        return
    warnings.warn(
        f"{INSTRUCTIONS}={instructions!r} is ignored: {', '.join(known)} run here.", TuningWarning, stacklevel=2
    )


def _share_threads() -> None:
    """Load the OpenMP library that PyTorch brings before anybody loads the system's: two would be two pools of threads.

    The extension asks for `libgomp.so.1`, which a machine without a compiler may not have. PyTorch's wheels hold a copy
    under that name; it is loaded here without importing PyTorch.
    """
    try:
        found = importlib.util.find_spec("torch")
    except (ImportError, ValueError):  # somebody keeps PyTorch out
        return
    if found is None or found.origin is None:
        return
    for library in sorted((Path(found.origin).parent / "lib").glob("libgomp*.so*")):
        try:
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        except OSError:  # another system's file
            continue


extension: Any = _load()
"""The module `gossamer._native`, or None where the package was installed without a compiler."""
