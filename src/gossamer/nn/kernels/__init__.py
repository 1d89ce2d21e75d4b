"""The arithmetic of a junction: one file a backend, the same functions in each."""

from __future__ import annotations

from torch import Tensor

from gossamer.nn.kernels.backend import Backend
from gossamer.nn.kernels.cuda import CUDA, warn_of, why_not
from gossamer.nn.kernels.dense import DENSE
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.kernels.pytorch import PYTORCH

BACKENDS = {backend.name: backend for backend in (NATIVE, CUDA, PYTORCH, DENSE)}
"""By name: "native" (C++, CPU), "cuda" (Triton), "pytorch" (any device and dtype), "dense" (for nearly full layers)."""

__all__ = ["BACKENDS", "Backend", "best_for"]


def best_for(x: Tensor) -> Backend:
    """The native kernels where they serve, on CUDA Triton's, else PyTorch's; a CUDA tensor is told why, once.

    The same for the same tensor: runs stay reproducible.
    """
    if NATIVE.serves(x):
        return NATIVE
    if x.is_cuda:
        reason = why_not(x)
        if reason is None:
            return CUDA
        warn_of(reason)
    return PYTORCH
