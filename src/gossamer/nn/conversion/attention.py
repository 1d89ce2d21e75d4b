"""`torch.nn.MultiheadAttention` with a linear layer for each projection, so that these may be sparse."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gossamer.nn.dot_product import scaled_dot_product_attention

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")


class SplitAttention(nn.Module):
    """The same function of the same arguments as the `torch.nn.MultiheadAttention` that it was made of.

    Its packed in-projection is split into the layers `q_proj`, `k_proj` and `v_proj`.

    Args:
        attention: the module; parameters are copied.

    >>> dense = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    >>> x = torch.randn(3, 5, 8)
    >>> torch.allclose(SplitAttention(dense)(x, x, x)[0], dense(x, x, x)[0], atol=1e-6)
    True
    """

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self.embed_dim, self.num_heads = attention.embed_dim, attention.num_heads
        self.kdim, self.vdim, self.head_dim = attention.kdim, attention.vdim, attention.head_dim
        self.q_proj: nn.Module
        self.k_proj: nn.Module
        self.v_proj: nn.Module
        self.dropout, self.batch_first = attention.dropout, attention.batch_first
        self.add_zero_attn = attention.add_zero_attn
        self.bias_k, self.bias_v = attention.bias_k, attention.bias_v
        weights, biases = _parts(attention)
        self.q_proj, self.k_proj, self.v_proj = map(_linear, weights, biases)
        self.out_proj = _linear(attention.out_proj.weight, attention.out_proj.bias)
        self.in_proj_bias = None  # which keeps TransformerEncoderLayer from its packed fast path
        self._qkv_same_embed_dim = False
        self.train(attention.training)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """See `torch.nn.MultiheadAttention.forward`."""
        q, k, v = (self._batch_first(each) for each in (query, key, value))
        q, k, v = self.q_proj(q), self.k_proj(k), self.v_proj(v)
        plain = key_padding_mask is None and self.bias_k is None and not self.add_zero_attn
        causal = is_causal and plain and not need_weights  # as PyTorch's, which then asks for no mask
        mask = None if causal else _merged(attn_mask, key_padding_mask, q, self.num_heads)
        if is_causal and mask is None and not causal:
            mask = _causal(q, k)
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (torch.cat([x, b.expand(len(x), 1, -1)], dim=1) for x, b in ((k, self.bias_k), (v, self.bias_v)))
            mask = None if mask is None else functional.pad(mask, (0, 1))
        q, k, v = (x.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2) for x in (q, k, v))
        if self.add_zero_attn:
            k, v = (functional.pad(x, (0, 0, 0, 1)) for x in (k, v))
            mask = None if mask is None else functional.pad(mask, (0, 1))
        dropout = self.dropout if self.training else 0.0
        if need_weights:
            mixed, weights = _explicit(q, k, v, mask, dropout)
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            mixed, weights = scaled_dot_product_attention(q, k, v, mask, dropout, is_causal=causal), None
        out = self.out_proj(mixed.transpose(1, 2).flatten(2))
        if query.dim() == 2:
            return out.squeeze(0), None if weights is None else weights.squeeze(0)
        return (out if self.batch_first else out.transpose(0, 1)), weights

    def packed(self) -> nn.MultiheadAttention:
        """The `torch.nn.MultiheadAttention` of these weights; its projections must be `torch.nn.Linear`."""
        layers = [getattr(self, name) for name in PROJECTIONS]
        dense = nn.MultiheadAttention(
            self.embed_dim,
            self.num_heads,
            self.dropout,
            bias=self.q_proj.bias is not None,
            add_zero_attn=self.add_zero_attn,
            kdim=self.kdim,
            vdim=self.vdim,
            batch_first=self.batch_first,
            device=layers[0].weight.device,
            dtype=layers[0].weight.dtype,
        )
        dense.bias_k, dense.bias_v = self.bias_k, self.bias_v
        with torch.no_grad():
            for ours, theirs in zip([layer.weight for layer in layers], _parts(dense)[0], strict=False):
                theirs.copy_(ours)
            dense.out_proj.weight.copy_(self.out_proj.weight)
            if dense.in_proj_bias is not None:
                dense.in_proj_bias.copy_(torch.cat([layer.bias for layer in layers[:3]]))
                dense.out_proj.bias.copy_(self.out_proj.bias)
        return dense.train(self.training)

    def extra_repr(self) -> str:
        """Width and heads."""
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, batch_first={self.batch_first}"

    def _batch_first(self, x: Tensor) -> Tensor:
        if x.dim() == 2:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)


def _parts(attention: nn.MultiheadAttention) -> tuple[list[Tensor], list[Tensor | None]]:
    """Weights and biases of the in-projections, as views."""
    packed: Tensor | None = attention.in_proj_weight
    if packed is not None:
        weights = list(packed.chunk(3))
    else:
        weights = [attention.q_proj_weight, attention.k_proj_weight, attention.v_proj_weight]
    bias = attention.in_proj_bias
    return weights, [None] * 3 if bias is None else list(bias.chunk(3))


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    made: Any = nn.utils.skip_init(
        nn.Linear, weight.shape[1], weight.shape[0], bias is not None, device=weight.device, dtype=weight.dtype
    )
    made.weight = nn.Parameter(weight.detach().clone(), weight.requires_grad)
    if bias is not None:
        made.bias = nn.Parameter(bias.detach().clone(), bias.requires_grad)
    layer: nn.Linear = made
    return layer


def _merged(attn_mask: Tensor | None, padding: Tensor | None, q: Tensor, heads: int) -> Tensor | None:
    """One mask to add, (N or 1, heads or 1, L, S); None if there is none."""
    mask = None if attn_mask is None else _added(attn_mask, q)
    if mask is not None:
        mask = mask[None, None] if mask.dim() == 2 else mask.unflatten(0, (-1, heads))
    if padding is None:
        return mask
    hidden = _added(padding, q)
    hidden = (hidden[None] if hidden.dim() == 1 else hidden)[:, None, None]
    return hidden if mask is None else mask + hidden


def _added(mask: Tensor, q: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(q.dtype)
    return torch.zeros_like(mask, dtype=q.dtype).masked_fill_(mask, -math.inf)


def _causal(q: Tensor, k: Tensor) -> Tensor:
    later = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool, device=q.device).triu(1)
    return _added(later, q)[None, None]


def _explicit(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> tuple[Tensor, Tensor]:
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = (scores if mask is None else scores + mask).softmax(-1)
    weights = functional.dropout(weights, dropout)
    return weights @ v, weights
