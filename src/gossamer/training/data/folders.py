"""Where data sets may lie on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gossamer.files import cache_folder as cache_folder  # asked for here, where tests put another

VARIABLE = "GOSSAMER_DATA"
SYSTEM_FOLDERS = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))


def search_folders() -> tuple[Path, ...]:
    """The folders of GOSSAMER_DATA (separated as in PATH), then the system's, then the user's cache."""
    named = (Path(folder).expanduser() for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder)
    return (*named, *SYSTEM_FOLDERS, cache_folder())


def places(*subfolders: str) -> Iterator[Path]:
    """Every existing place to look, in order: in each search folder its named `subfolders`, then itself."""
    for folder in search_folders():
        yield from (place for place in (*(folder / name for name in subfolders), folder) if place.is_dir())
