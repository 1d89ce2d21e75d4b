"""The native kernels of attention: float32 and float64 on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gossamer.nn.kernels import native

if TYPE_CHECKING:
    import gossamer._native as _native
else:
    from gossamer.native import extension as _native


def serves(x: Tensor) -> bool:
    """Whether these kernels can work on `x`: plain float32 or float64 with memory, on the CPU."""
    known = native.built() and x.is_cpu and (x.dtype is torch.float32 or x.dtype is torch.float64)
    return known and x.layout is torch.strided and not x.is_neg() and x.numel() > 0


def fit(q: Tensor, k: Tensor, v: Tensor) -> bool:
    """Whether they are (B, H, T, C), (B, H, S, C) and (B, H, S, C) of one dtype."""
    if not q.dim() == k.dim() == v.dim() == 4 or not q.dtype == k.dtype == v.dtype:
        return False
    return k.shape == v.shape and q.shape[:2] == k.shape[:2] and q.shape[3] == k.shape[3]


def forward(q: Tensor, k: Tensor, v: Tensor, *, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """Of tensors that `fit` the result (B, H, T, C), and of each query (B, H, T) the log of its sum of exponentials."""
    y, logs = _by_token(q), q.new_empty(q.shape[:3])
    _native.attention_forward(
        *_described(q, k, causal, scale),
        (_heads(q), _heads(k), _heads(v)),
        native.address(y),
        native.address(logs),
        torch.get_num_threads(),
    )
    return y, logs


def backward(
    qkv: Sequence[Tensor], y: Tensor, dy: Tensor, logs: Tensor, *, causal: bool, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of q, k and v, given the two things that `forward` made.

    Raises:
        ValueError: tensors that have changed since.
    """
    q, k, v = qkv
    if dy.is_neg():
        dy = dy.resolve_neg()
    for name, each, shape in (("y", y, q.shape), ("dy", dy, q.shape), ("logs", logs, q.shape[:3])):
        if each.shape != shape or each.dtype is not q.dtype or not serves(each):
            raise ValueError(f"{name} is {tuple(each.shape)} {each.dtype} on {each.device}; {tuple(shape)} is needed.")
    dq, dk, dv = _by_token(q), _by_token(k), _by_token(v)
    logs = logs.contiguous()
    _native.attention_backward(
        *_described(q, k, causal, scale),
        (_heads(q), _heads(k), _heads(v), _heads(y), _heads(dy)),
        native.address(logs),
        (native.address(dq), native.address(dk), native.address(dv)),
        torch.get_num_threads(),
    )
    return dq, dk, dv


def _by_token(like: Tensor) -> Tensor:
    """New memory for (B, H, T, C), stored token by token; no view."""
    B, H, T, C = like.shape
    return like.new_empty_strided((B, H, T, C), (T * H * C, C, H * C, 1))


def _described(q: Tensor, k: Tensor, causal: bool, scale: float) -> tuple[bool, _native.Sizes, bool, float]:
    B, H, T, C = q.shape
    return q.dtype is torch.float64, (B, H, T, k.shape[2], C), causal, scale


def _heads(x: Tensor) -> _native.Heads:
    a, b, c, d = x.stride()
    return x.data_ptr(), (a, b, c, d)
