"""Recipes for optimisers: values that build one for a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import torch
from torch import nn

from gossamer.errors import require_fraction


class OptimizerRecipe(Protocol):
    """Builds a `torch.optim.Optimizer`; a value, so that it can name a run."""

    def build(self, model: nn.Module) -> torch.optim.Optimizer:
        """An optimiser of all parameters of `model`."""


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam with decoupled weight decay.

    Args:
        lr: learning rate, above 0.
        weight_decay: from 0.

    Raises:
        ValueError: a rate that is not allowed.

    References:
        Kingma, Ba, "Adam", ICLR 2015; Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """

    lr: float = 3e-3
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_rates(self.lr, self.weight_decay)

    def build(self, model: nn.Module) -> torch.optim.Optimizer:
        """An optimiser of all parameters of `model`."""
        fused = _fusible(model)
        return torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=self.weight_decay, fused=fused)


@dataclass(frozen=True, slots=True)
class SGD:
    """Stochastic gradient descent with Nesterov's momentum.

    With a constant learning rate this is Keras's rule v <- mu v - lr g; w <- w + mu v - lr g, the 2017 paper's.

    Args:
        lr: learning rate, above 0.
        momentum: mu, from 0 to 1; 0 is plain descent.
        weight_decay: from 0.

    Raises:
        ValueError: a rate that is not allowed.
    """

    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_rates(self.lr, self.weight_decay)
        require_fraction("momentum", self.momentum)

    def build(self, model: nn.Module) -> torch.optim.Optimizer:
        """An optimiser of all parameters of `model`."""
        return torch.optim.SGD(
            model.parameters(),
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.momentum > 0,
            weight_decay=self.weight_decay,
            fused=_fusible(model),
        )


def _fusible(model: nn.Module) -> bool:
    """Whether PyTorch can update all parameters in one pass over each."""
    return all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in model.parameters())


def _check_rates(lr: float, weight_decay: float) -> None:
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr={lr} is not allowed: it must be above 0.")
    if not (math.isfinite(weight_decay) and weight_decay >= 0):
        raise ValueError(f"weight_decay={weight_decay} is not allowed: it must be 0 or above.")


OPTIMIZERS: Mapping[str, Callable[[], OptimizerRecipe]] = MappingProxyType({"adam": Adam, "sgd": SGD})
"""Every recipe by its name, with its own settings."""
