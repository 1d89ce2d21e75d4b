"""What numbers were measured with: versions, processor, threads."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def environment() -> dict[str, object]:
    """Versions, processor, cores and threads of this process."""
    import numpy as np
    import torch

    return {
        "gossamer": version("gossamer"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "kernels": kernels(),
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


def kernels() -> str:
    """Which instructions the native kernels use, or that there are none."""
    from gossamer import native

    if native.extension is None:
        return "no native kernels"
    return f"{native.extension.instruction_set()} kernels"


def processor() -> str:
    """The processor's name, as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
