"""A plain GPT in PyTorch alone, as people write it: nothing in it knows of sparse layers."""

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Causal attention with one layer for queries, keys and values."""

    def __init__(self, width, heads, attention):
        super().__init__()
        self.heads, self.attention = heads, attention
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        """(B, T, d) to (B, T, d)."""
        B, T, d = x.shape
        q, k, v = (part.view(B, T, self.heads, d // self.heads).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        mixed = self.attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(B, T, d))


class Block(nn.Module):
    """Attention and a perceptron, each behind a norm and beside a residual connection."""

    def __init__(self, width, heads, dropout, attention):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads, attention)
        self.norm2, self.mlp = nn.LayerNorm(width), perceptron(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        """(B, T, d) to (B, T, d)."""
        x = x + self.dropout(self.attention(self.norm1(x)))
        return x + self.dropout(self.mlp(self.norm2(x)))


def perceptron(width):
    """Four times as wide in the middle."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class GPT(nn.Module):
    """Logits of the next token.

    Args:
        vocabulary: how many tokens there are.
        context: the longest sequence.
        width: d.
        layers: blocks.
        heads: of each attention.
        dropout: of what a block adds.
        attention: computes it, `torch.nn.functional.scaled_dot_product_attention` or another of its signature.

    Shapes: tokens (B, T) to (B, T, vocabulary).
    """

    def __init__(
        self,
        vocabulary,
        context,
        *,
        width=384,
        layers=4,
        heads=6,
        dropout=0.0,
        attention=functional.scaled_dot_product_attention,
    ):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads, dropout, attention) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)
        for embedding in (self.token, self.position):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, tokens):
        """See the class."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        return self.head(self.norm(self.blocks(self.token(tokens) + self.position(places))))
