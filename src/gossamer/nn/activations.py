"""Activations that the kernels fold into a layer, forward and backward."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Kind(enum.IntEnum):
    """How the kernels number the functions they know."""

    IDENTITY = 0
    RELU = 1
    LEAKY = 2
    SIGMOID = 3
    GELU = 4
    CLIPPED = 5


@dataclass(frozen=True, slots=True)
class Activation:
    """A function of one number that the kernels know.

    Args:
        kind: which function.
        slope: what LEAKY multiplies negative numbers by; where CLIPPED, a ReLU, ends; any finite number.
    """

    kind: Kind = Kind.IDENTITY
    slope: float = 0.0

    @property
    def needs_input(self) -> bool:
        """Whether the gradient needs the function's argument; otherwise its value is enough."""
        return self.kind is Kind.GELU or (self.kind is Kind.LEAKY and self.slope < 0)

    def __call__(self, z: Tensor) -> Tensor:
        """The function, elementwise."""
        if self.kind is Kind.RELU:
            return z.relu()
        if self.kind is Kind.LEAKY:
            return torch.where(z > 0, z, self.slope * z)
        if self.kind is Kind.SIGMOID:
            return z.sigmoid()
        if self.kind is Kind.GELU:
            return nn.functional.gelu(z)
        if self.kind is Kind.CLIPPED:
            return z.clamp(0, self.slope)
        return z

    def derivative(self, kept: Tensor) -> Tensor:
        """The derivative, from the argument if `needs_input`, else from the value."""
        if self.kind is Kind.RELU:
            return (kept > 0).to(kept.dtype)
        if self.kind is Kind.LEAKY:
            return torch.where(kept > 0, torch.ones_like(kept), self.slope)
        if self.kind is Kind.SIGMOID:
            return kept * (1 - kept)
        if self.kind is Kind.CLIPPED:
            return ((kept > 0) & (kept < self.slope)).to(kept.dtype)
        if self.kind is Kind.GELU:
            cdf = 0.5 * (1 + torch.erf(kept * 0.5**0.5))
            return cdf + kept * torch.exp(-0.5 * kept * kept) * math.sqrt(0.5 / math.pi)
        return torch.ones_like(kept)


IDENTITY = Activation()


class AllReLU(nn.Module):
    """f(z) = z for z >= 0, `slope` * z below: a leaky ReLU whose slope may be negative.

    In a network of All-ReLU the slope alternates from layer to layer: -alpha, +alpha, -alpha, ...

    Args:
        slope: any number; published networks use +-.6.

    References:
        Curci, Mocanu, Pechenizkiy, "Truly Sparse Neural Networks at Scale", arXiv 2102.01732, 2021.
    """

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, z: Tensor) -> Tensor:
        """Apply the function elementwise."""
        return torch.where(z > 0, z, self.slope * z)

    def extra_repr(self) -> str:
        """The slope."""
        return f"slope={self.slope}"


def fusible(module: nn.Module | None) -> Activation | None:
    """The kernels' name for what a module computes, or None if they do not know it.

    >>> fusible(nn.LeakyReLU(0.1))
    Activation(kind=<Kind.LEAKY: 2>, slope=0.1)
    >>> fusible(nn.Softmax(dim=1)) is None
    True
    """
    if module is None or type(module) is nn.Identity:
        return IDENTITY
    if type(module) is nn.ReLU:
        return Activation(Kind.RELU)
    if type(module) is nn.LeakyReLU:
        return Activation(Kind.LEAKY, float(module.negative_slope))
    if type(module) is AllReLU:
        return Activation(Kind.LEAKY, float(module.slope))
    if type(module) is nn.Sigmoid:
        return Activation(Kind.SIGMOID)
    if isinstance(module, nn.Hardtanh) and type(module) in (nn.ReLU6, nn.Hardtanh) and module.min_val == 0:
        return Activation(Kind.CLIPPED, float(module.max_val))
    if type(module) is nn.GELU and module.approximate == "none":
        return Activation(Kind.GELU)
    return None
