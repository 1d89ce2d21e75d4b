"""Images made smaller: the largest or the mean of each window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gossamer.runtime.step import Floats, Step


def pool(step: Step) -> Callable[..., Floats]:
    """The largest, or with `mean` 1 the mean, of windows over the last axes; a mean counts the zeros of the padding."""
    axes = step.integer("axes", low=1, high=2)
    kernel, stride = step.integers("kernel", axes, low=1), step.integers("stride", axes, low=1)
    padding, mean = step.integers("padding", axes, low=0), step.integer("mean", low=0, high=1)

    def run(x: Floats, threads: int) -> Floats:
        if x.ndim < axes + 1 or any(n + 2 * p < k for n, p, k in zip(x.shape[-axes:], padding, kernel, strict=True)):
            raise ValueError(f"x has shape {x.shape}, too small for windows of {kernel}.")
        if any(padding):
            frame = [(0, 0)] * (x.ndim - axes) + [(p, p) for p in padding]
            x = np.pad(x, frame, constant_values=0 if mean else -np.inf)
        places = tuple(range(-axes, 0))
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel, places)
        steps: tuple[Any, ...] = (..., *(slice(None, None, s) for s in stride), *(slice(None),) * axes)
        windows = windows[steps]
        found: Floats = windows.mean(axis=places, dtype=np.float32) if mean else windows.max(axis=places)
        return found

    return run


def average(step: Step) -> Callable[..., Floats]:
    """The mean over the last axes, which stay with size 1."""
    axes = step.integer("axes", low=1, high=2)

    def run(x: Floats, threads: int) -> Floats:
        if x.ndim < axes + 1:
            raise ValueError(f"x has shape {x.shape}; channels and {axes} sizes are needed.")
        found: Floats = x.mean(axis=tuple(range(-axes, 0)), keepdims=True, dtype=np.float32)
        return found

    return run
