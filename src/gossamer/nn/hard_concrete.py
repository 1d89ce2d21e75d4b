"""Hard-concrete gates: random switches between 0 and 1 whose chance to be open can be learned by gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True, slots=True)
class HardConcrete:
    """The distribution of a gate, given its logit log α.

    A binary concrete variable s = σ((log u − log(1 − u) + log α) / β) is stretched to (γ, ζ) and clipped to [0, 1], so
    that exact zeros and ones have positive probability.

    Args:
        gamma: γ, lower end of the stretched interval, below 0.
        zeta: ζ, upper end, above 1.
        beta: β, temperature, above 0.

    Raises:
        ValueError: an end or a temperature that is not allowed.

    References:
        C. Louizos, M. Welling, D. Kingma, "Learning Sparse Neural Networks through L0 Regularization", ICLR 2018,
        equations 10 to 13. At test we follow Ye and Ji (1912.00552), who divide by β there too.

    >>> gates = HardConcrete()
    >>> logits = torch.tensor([-4.0, 0.0, 4.0])
    >>> gates.expected(logits), gates.open_probability(logits)
    (tensor([0.0000, 0.5000, 1.0000]), tensor([0.0819, 0.8296, 0.9963]))
    """

    gamma: float = -0.1
    zeta: float = 1.1
    beta: float = 0.66

    def __post_init__(self) -> None:
        for name, value, allowed, fits in (
            ("gamma", self.gamma, "below 0", self.gamma < 0),
            ("zeta", self.zeta, "above 1", self.zeta > 1),
            ("beta", self.beta, "above 0", self.beta > 0),
        ):
            if not (math.isfinite(value) and fits):
                raise ValueError(f"{name}={value} is not allowed: it must be finite and {allowed}.")

    @property
    def shift(self) -> float:
        """β log(−γ / ζ): what a logit must exceed to be open more often than not; −1.5826 by default."""
        return self.beta * math.log(-self.gamma / self.zeta)

    def sample(self, logits: Tensor, uniform: Tensor | None = None) -> Tensor:
        """Gates in training, 0 to 1, of the logits' shape.

        Args:
            logits: log α, any shape.
            uniform: numbers strictly between 0 and 1 of that shape; drawn from torch's global generator if None.
        """
        if uniform is None:
            uniform = torch.rand_like(logits).clamp_(1e-7, 1 - 1e-7)
        noise = torch.log(uniform) - torch.log1p(-uniform)
        return self._stretched(torch.sigmoid((noise + logits) / self.beta))

    def expected(self, logits: Tensor) -> Tensor:
        """Gates at test, without noise: 0 to 1, of the logits' shape."""
        return self._stretched(torch.sigmoid(logits / self.beta))

    def open_probability(self, logits: Tensor) -> Tensor:
        """P(gate > 0) = σ(log α − β log(−γ / ζ)), whose sum is the expected L0 norm."""
        return torch.sigmoid(logits - self.shift)

    def _stretched(self, s: Tensor) -> Tensor:
        return (s * (self.zeta - self.gamma) + self.gamma).clamp(0.0, 1.0)
