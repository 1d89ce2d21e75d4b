"""What numbers were measured with: versions, processor, threads."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from gossamer.tuning import in_use, processor


def environment() -> dict[str, object]:
    """Versions, commit, processor, cores and threads of this process."""
    import numpy as np
    import torch

    return {
        "gossamer": version("gossamer"),
        "commit": commit(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "kernels": kernels(),
        "thresholds": "built in" if in_use().path is None else in_use().thresholds.described(),
        "host": platform.node(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def environment_line() -> str:
    """One line on what the numbers were measured with."""
    import torch

    return (
        f"gossamer {version('gossamer')} ({kernels()}), torch {torch.__version__}, Python {platform.python_version()}; "
        f"{processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
    )


@functools.cache
def commit() -> str | None:
    """The commit that this package is checked out at, with a + if its sources were changed since; None without one."""
    here = Path(__file__).parents[1]
    try:
        head = _git(here, "rev-parse", "--verify", "HEAD")
        tracked = _git(here, "ls-files", "--error-unmatch", "__init__.py")
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, no checkout, or a package that lies within another project's
    return head + ("+" if tracked and _git(here, "status", "--porcelain", "--untracked-files=no", ".") else "")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def kernels() -> str:
    """Which instructions the native kernels use, or that there are none."""
    from gossamer import native

    if native.extension is None:
        return "no native kernels"
    return f"{native.extension.instruction_set()} kernels"
