"""What training makes small: functions of a network's outputs (B, C) and the labels (B,)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional

from gossamer.errors import require_fraction
from gossamer.nn import LogisticSquaredError


class Loss(Protocol):
    """A scalar to be made small; a value, so that it can name a run."""

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the batch."""


@dataclass(frozen=True, slots=True)
class CrossEntropy:
    """Cross-entropy of the softmax of the outputs, in nats, from 0.

    Args:
        smoothing: the share of every target that all classes share evenly, 0 to 1.

    Raises:
        ValueError: a share out of range.

    References:
        Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7.

    >>> import torch
    >>> round(float(CrossEntropy()(torch.zeros(2, 4), torch.tensor([0, 3]))), 4)  # log 4
    1.3863
    """

    smoothing: float = 0.0

    def __post_init__(self) -> None:
        require_fraction("smoothing", self.smoothing)

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the batch."""
        return functional.cross_entropy(outputs, labels, label_smoothing=self.smoothing)


@dataclass(frozen=True, slots=True)
class MeanSquaredError:
    """Mean over batch and numbers of (output - number)²: for numbers to tell.

    >>> import torch
    >>> float(MeanSquaredError()(torch.tensor([[1.0], [2.0]]), torch.tensor([[0.0], [0.0]])))
    2.5
    """

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the batch and the numbers."""
        return functional.mse_loss(outputs, labels)


@dataclass(frozen=True, slots=True)
class MeanAbsoluteError:
    """Mean over batch and numbers of |output - number|: for numbers to tell, some of them far off."""

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the batch and the numbers."""
        return functional.l1_loss(outputs, labels)


def loss_for(loss: Loss | None, *, numeric: bool) -> Loss:
    """The loss itself, or the usual one: cross-entropy of classes, mean squared error of numbers.

    Raises:
        ValueError: a loss of classes for numbers, or the other way round.
    """
    if loss is None:
        return MeanSquaredError() if numeric else CrossEntropy()
    if numeric and isinstance(loss, (CrossEntropy, SquaredError)):
        raise ValueError(f"loss={loss} needs classes; the labels are numbers to tell: give loss=MeanSquaredError().")
    if not numeric and isinstance(loss, (MeanSquaredError, MeanAbsoluteError)):
        raise ValueError(
            f"loss={loss} needs numbers to tell; the labels are classes: give loss=CrossEntropy(), or floating labels."
        )
    return loss


def criterion(loss: Loss) -> Callable[[Tensor, Tensor], Tensor]:
    """A loss in the form that `gossamer.nn.TrainingStep` is fastest with."""
    if isinstance(loss, CrossEntropy):
        return nn.CrossEntropyLoss(label_smoothing=loss.smoothing)
    known: Mapping[type, Callable[[], nn.Module]] = {
        SquaredError: LogisticSquaredError,
        MeanSquaredError: nn.MSELoss,
        MeanAbsoluteError: nn.L1Loss,
    }
    return known[type(loss)]() if type(loss) in known else loss


@dataclass(frozen=True, slots=True)
class SquaredError:
    """Mean over batch and classes of (s(output) - one-hot label)², s the logistic function; from 0 to 1.

    References:
        Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683, 2017: sigmoid on every
        unit, the output too, and the mean squared error. It has plateaus: give it 20 epochs or more.

    >>> import torch
    >>> float(SquaredError()(torch.zeros(2, 4), torch.tensor([0, 3])))
    0.25
    """

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the batch and the classes."""
        error: Tensor = LogisticSquaredError()(outputs, labels)
        return error


LOSSES: Mapping[str, Callable[[], Loss]] = MappingProxyType(
    {
        "cross_entropy": CrossEntropy,
        "squared_error": SquaredError,
        "mean_squared_error": MeanSquaredError,
        "mean_absolute_error": MeanAbsoluteError,
    }
)
"""Every loss by its name."""
