"""How activations (B, features) are stored: sample by sample, as PyTorch's layers do, or feature by feature."""

from __future__ import annotations

from torch import Tensor


def feature_major(x: Tensor) -> bool:
    """Whether a matrix (B, features) is stored feature by feature."""
    return x.stride(0) == 1 and not x.is_contiguous()


def empty_like(x: Tensor, features: int) -> Tensor:
    """New memory for (B, features), stored as `x` (B, I) is: feature by feature, else sample by sample.

    No view: whoever gets it may write to it.
    """
    return empty_feature_major(x, features) if feature_major(x) else x.new_empty(x.shape[0], features)


def empty_feature_major(x: Tensor, features: int) -> Tensor:
    """New memory for (B, features), feature by feature, for `x` (B, I); no view, either."""
    return x.new_empty_strided((x.shape[0], features), (1, max(1, x.shape[0])))


def empty_blocks(x: Tensor, features: int, size: int) -> list[Tensor]:
    """New matrices (size, features) for the samples of several steps, the last one of the rest; each as one step's."""
    whole = x.new_empty(x.shape[0] * features)
    starts = range(0, x.shape[0], size)
    return [whole[b * features : (b + size) * features].view(features, -1).t() for b in starts]


def laid_out_like(x: Tensor, y: Tensor) -> Tensor:
    """An output (B, O) as its reader expects it: feature-major if the input was, else contiguous as of any layer."""
    return y if feature_major(x) else y.contiguous()


def apart_from(kept: Tensor | None, y: Tensor) -> Tensor:
    """An output that may be written in place: a copy where its own memory is kept for a backward pass."""
    return y.clone() if y is kept else y
