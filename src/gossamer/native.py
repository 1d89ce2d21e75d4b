"""The native extension, loaded in one place.

Users read `native.extension` when they need it and have another way where it is None, so that a test can take the
extension away from all of them at once.
"""

from __future__ import annotations

import importlib
from typing import Any


def _load() -> Any:
    try:
        return importlib.import_module("gossamer._native")
    except ImportError:  # there was no compiler at install time
        return None


extension: Any = _load()
"""The module `gossamer._native`, or None where the package was installed without a compiler."""
