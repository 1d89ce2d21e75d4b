"""The arithmetic of a junction: one file a backend, the same functions in each."""

from __future__ import annotations

from torch import Tensor

from gossamer.nn.kernels.backend import Backend
from gossamer.nn.kernels.dense import DENSE
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.kernels.pytorch import PYTORCH

BACKENDS = {backend.name: backend for backend in (NATIVE, PYTORCH, DENSE)}
"""By name: "native" (C++, CPU), "pytorch" (any device and dtype), "dense" (for nearly full layers)."""

__all__ = ["BACKENDS", "Backend", "best_for"]


def best_for(x: Tensor) -> Backend:
    """The native kernels where they serve, else PyTorch's. The same for the same tensor: runs stay reproducible."""
    return NATIVE if NATIVE.serves(x) else PYTORCH
