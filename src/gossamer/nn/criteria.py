"""The losses that one-call steps know."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from gossamer.nn.kernels.backend import Loss
from gossamer.nn.observers import MODULE_ATTRIBUTES, altered, unobserved

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""A scalar out of a network's outputs and the targets."""


class Kind(enum.IntEnum):
    """How the kernels number the losses they know."""

    CROSS_ENTROPY = 0
    SQUARED = 1
    ABSOLUTE = 2
    LOGISTIC = 3


class LogisticSquaredError(nn.Module):
    """Mean over batch and classes of (s(output) - one-hot label)², s the logistic function; from 0 to 1.

    References:
        Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683, 2017: sigmoid on every
        unit, the output too, and the mean squared error.

    >>> float(LogisticSquaredError()(torch.zeros(2, 4), torch.tensor([0, 3])))
    0.25
    """

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Of outputs (B, C) and labels (B,)."""
        targets = functional.one_hot(labels, outputs.shape[1]).to(outputs.dtype)
        return functional.mse_loss(torch.sigmoid(outputs), targets)


_ATTRIBUTES: Mapping[type[nn.Module], frozenset[str]] = MappingProxyType(
    {
        nn.CrossEntropyLoss: MODULE_ATTRIBUTES | {"reduction", "label_smoothing", "ignore_index"},
        nn.MSELoss: MODULE_ATTRIBUTES | {"reduction"},
        nn.L1Loss: MODULE_ATTRIBUTES | {"reduction"},
        nn.BCEWithLogitsLoss: MODULE_ATTRIBUTES | {"reduction"},
        LogisticSquaredError: MODULE_ATTRIBUTES,
    }
)
"""What these modules hold in PyTorch 2.13.0, beside the buffers `weight` and `pos_weight`."""

_OF_FUNCTIONS: Mapping[Any, Loss] = MappingProxyType(
    {
        functional.cross_entropy: Loss(Kind.CROSS_ENTROPY, labels=True),
        functional.mse_loss: Loss(Kind.SQUARED),
        functional.l1_loss: Loss(Kind.ABSOLUTE),
        functional.binary_cross_entropy_with_logits: Loss(Kind.LOGISTIC),
    }
)


def loss_of(criterion: Criterion, example: Tensor, outputs: int) -> Loss | None:
    """What a criterion computes, if the kernels compute it, and it is unobserved.

    Args:
        criterion: a module or a function.
        example: a tensor of the network's dtype and device.
        outputs: of the network.
    """
    if not isinstance(criterion, nn.Module):
        return _OF_FUNCTIONS.get(criterion)
    known = _ATTRIBUTES.get(type(criterion))
    if known is None or not vars(criterion).keys() <= known or criterion._parameters or criterion._modules:
        return None
    if not criterion._buffers.keys() <= {"weight", "pos_weight"}:
        return None
    if altered(criterion) or not unobserved(criterion):
        return None
    found = _loss(criterion)
    fits = all(_fits(weights, example, outputs) for weights in (found.weights, found.positive))
    return found if fits and 0 <= found.smoothing <= 1 and getattr(criterion, "reduction", "mean") != "none" else None


def _loss(criterion: nn.Module) -> Loss:
    of, mean = criterion._buffers.get, getattr(criterion, "reduction", "mean") == "mean"
    if isinstance(criterion, nn.CrossEntropyLoss):
        smoothing, ignored = criterion.label_smoothing, criterion.ignore_index
        return Loss(Kind.CROSS_ENTROPY, of("weight"), None, smoothing, ignored, mean=mean, labels=True)
    if isinstance(criterion, nn.BCEWithLogitsLoss):
        return Loss(Kind.LOGISTIC, of("weight"), of("pos_weight"), mean=mean)
    if isinstance(criterion, LogisticSquaredError):
        return Loss(Kind.SQUARED, of_logistic=True, labels=True)
    return Loss(Kind.SQUARED if isinstance(criterion, nn.MSELoss) else Kind.ABSOLUTE, mean=mean)


def _fits(weights: Tensor | None, example: Tensor, outputs: int) -> bool:
    """Whether there is one number for each output, or none at all."""
    if weights is None:
        return True
    same = type(weights) is Tensor and weights.dtype is example.dtype and weights.device == example.device
    return same and weights.shape == (outputs,) and weights.is_contiguous() and not weights.requires_grad
