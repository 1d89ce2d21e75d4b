"""What transformers have beside linear layers and norms: tables of embeddings, and attention."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gossamer import native
from gossamer.errors import TopologyFileError
from gossamer.runtime.step import Floats, Step


def embedding(step: Step) -> Callable[..., Floats]:
    """The row of a table for each number, which must be whole and name one."""
    table = step.numbers("weight")
    if table.ndim != 2 or len(table) == 0:
        raise TopologyFileError(f"{step.label}: weight has shape {table.shape}; (rows, channels) is needed.")

    def run(x: Floats, threads: int) -> Floats:
        with np.errstate(invalid="ignore"):
            numbers = x.astype(np.int64)
        if not (numbers == x).all() or (x.size and (numbers.min() < 0 or numbers.max() >= len(table))):
            raise ValueError(f"x names rows of a table of {len(table)}: whole numbers from 0 to {len(table) - 1}.")
        found: Floats = table[numbers]
        return found

    return run


def attention(step: Step) -> Callable[..., Floats]:
    """softmax(scale q kᵀ) v of every head; with `causal` 1 query t sees keys 0 to t.

    Queries (B, H, T, C), keys and values (B, H, S, C), to (B, H, T, C). Without `scale` it is 1 / √C.
    """
    causal = step.flag("causal")
    fixed = None if step.fields["scale"] is None else step.number_of("scale")

    def run(q: Floats, k: Floats, v: Floats, threads: int) -> Floats:
        if q.ndim != 4 or k.shape != v.shape or q.shape[:2] != k.shape[:2] or q.shape[3] != k.shape[-1]:
            raise ValueError(f"queries {q.shape}, keys {k.shape} and values {v.shape} do not fit one another.")
        scale = float(q.shape[3] or 1) ** -0.5 if fixed is None else fixed
        if native.extension is None or 0 in q.shape or 0 in k.shape:
            return _by_numpy(q, k, v, causal, scale)
        return _by_kernels(q, k, v, causal, scale, threads)

    return run


def _by_kernels(q: Floats, k: Floats, v: Floats, causal: bool, scale: float, threads: int) -> Floats:
    B, H, T, C = q.shape
    y, logs = np.empty((B, T, H, C), np.float32), np.empty((B, H, T), np.float32)
    native.extension.attention_forward(
        False,
        (B, H, T, k.shape[2], C),
        causal,
        scale,
        (_heads(q), _heads(k), _heads(v)),
        (y.ctypes.data, y.nbytes),
        (logs.ctypes.data, logs.nbytes),
        threads,
    )
    return y.transpose(0, 2, 1, 3)


def _heads(x: Floats) -> tuple[int, tuple[int, int, int, int]]:
    """Address and strides, counted in numbers."""
    a, b, c, d = (stride // x.itemsize for stride in x.strides)
    return x.ctypes.data, (a, b, c, d)


def _by_numpy(q: Floats, k: Floats, v: Floats, causal: bool, scale: float) -> Floats:
    scores = np.float32(scale) * q @ k.swapaxes(2, 3)
    if causal:
        scores = np.where(np.tri(*scores.shape[2:]) > 0, scores, np.float32(-np.inf))
    if not scores.size:
        return np.zeros(q.shape, np.float32)
    with np.errstate(invalid="ignore"):
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: Floats = powers / powers.sum(axis=-1, keepdims=True) @ v
    return found
