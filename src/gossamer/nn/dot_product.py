"""Attention by products of queries and keys, in native kernels where they serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gossamer.nn.kernels import attention as kernels
from gossamer.nn.observers import traced, transformed


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(scale q kᵀ) v of every head: `torch.nn.functional.scaled_dot_product_attention`, faster on a CPU.

    The native kernels take float32 and float64 of any strides, without a mask and without dropout, and differentiate.
    PyTorch computes everything else: masks, dropout, grouped queries, other devices and dtypes, autocast and
    `torch.compile`, and, with the products written out, `torch.func`, forward mode and second derivatives.

    Args:
        query: (B, H, T, C).
        key: (B, H, S, C).
        value: (B, H, S, C).
        attn_mask: see PyTorch's.
        dropout_p: share of the weights that are left out.
        is_causal: whether query t sees keys 0 to t only.
        scale: 1 / √C if None.
        enable_gqa: see PyTorch's.

    Returns:
        (B, H, T, C), stored token by token: `y.transpose(1, 2).reshape(B, T, H * C)` is a view.

    References:
        Vaswani et al., "Attention Is All You Need", NeurIPS 2017, equation 1. Gradients as in Dao et al.,
        "FlashAttention", NeurIPS 2022, appendix B: weights are made again from each query's sum of exponentials.

    >>> q, k, v = torch.randn(3, 2, 4, 10, 8).unbind()
    >>> y = scaled_dot_product_attention(q, k, v, is_causal=True)
    >>> torch.allclose(y, functional.scaled_dot_product_attention(q, k, v, is_causal=True), atol=1e-6)
    True
    """
    if attn_mask is None and dropout_p == 0 and not enable_gqa:
        if transformed():
            return _explicit(query, key, value, is_causal, scale)
        if _serves(query, key, value):
            y: Tensor = _Attention.apply(query, key, value, is_causal, scale)  # type: ignore[no-untyped-call]
            return y
    return functional.scaled_dot_product_attention(
        query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
    )


def _serves(*tensors: Tensor) -> bool:
    if any(map(traced, tensors)) or torch.is_autocast_enabled("cpu"):
        return False
    return all(map(kernels.serves, tensors)) and kernels.fit(*tensors)


def _factor(q: Tensor, scale: float | None) -> float:
    return q.shape[-1] ** -0.5 if scale is None else float(scale)


def _explicit(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float | None) -> Tensor:
    """The same in operations that PyTorch transforms, and differentiates any number of times."""
    scores = _factor(q, scale) * q @ k.transpose(-2, -1)
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    return scores.softmax(-1) @ v


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float | None) -> Tensor:
        ctx.rest = causal, _factor(q, scale)
        y, logs = kernels.forward(q, k, v, causal=causal, scale=ctx.rest[1])
        ctx.save_for_backward(q, k, v, y, logs)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, y, logs = ctx.saved_tensors
        causal, scale = ctx.rest
        found: Sequence[Tensor | None]
        if torch.is_grad_enabled() or transformed(dy):  # a second derivative is wanted, or many gradients at once
            found = _differentiable((q, k, v), dy, ctx.needs_input_grad, causal, scale)
        else:
            found = kernels.backward((q, k, v), y, dy, logs, causal=causal, scale=scale)
        return *(each if want else None for each, want in zip(found, ctx.needs_input_grad, strict=False)), None, None


def _differentiable(
    qkv: Sequence[Tensor], dy: Tensor, wanted: Sequence[bool], causal: bool, scale: float
) -> list[Tensor | None]:
    with torch.enable_grad():
        # views, so that the gradient ends here
        q, k, v = (each.view_as(each) if want else each for each, want in zip(qkv, wanted, strict=False))
        y = _explicit(q, k, v, causal, scale)
        asked = [each for each, want in zip((q, k, v), wanted, strict=False) if want]
        found = iter(torch.autograd.grad(y, asked, dy, create_graph=True))
    return [next(found) if want else None for want in wanted[:3]]
