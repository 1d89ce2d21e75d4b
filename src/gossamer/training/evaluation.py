"""How good a model is on examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gossamer.training.data import Dataset, Examples
from gossamer.training.losses import Loss

_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Metrics:
    """Mean loss, and the fraction of examples whose largest output is the right one (0 to 1)."""

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Batches:
    """Examples as tensors on the model's device, scaled when a batch is taken: images stay bytes until then.

    Args:
        inputs: shape (N, I), uint8 or float32.
        labels: shape (N,), int64.
        scaling: mean and deviation that each input is brought to 0 and 1 with.
        dtype: of the scaled inputs.
    """

    inputs: Tensor
    labels: Tensor
    scaling: tuple[float, float]
    dtype: torch.dtype

    @classmethod
    def of(cls, examples: Examples, data: Dataset, model: nn.Module) -> Batches:
        """The examples on the device and in the dtype of the model's first parameter, scaled as `data` says."""
        parameter = next(model.parameters())
        inputs = torch.tensor(examples.inputs, device=parameter.device)
        labels = torch.tensor(examples.labels, device=parameter.device)
        return cls(inputs, labels, data.scaling, parameter.dtype)

    def take(self, numbers: Tensor | slice) -> tuple[Tensor, Tensor]:
        """The scaled inputs (B, I) and labels (B,) of these examples."""
        mean, deviation = self.scaling
        if isinstance(numbers, slice):
            inputs = self.inputs[numbers].to(self.dtype, copy=True)  # a slice is a view
        else:  # several times faster than indexing, which is made for any number of axes
            inputs = self.inputs.index_select(0, numbers).to(self.dtype)
        return inputs.sub_(mean).div_(deviation), self.labels[numbers]

    def in_order(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of `size` in the order given; the last one may be smaller."""
        for numbers in order.to(self.inputs.device).split(size):
            yield self.take(numbers)

    def __len__(self) -> int:
        return len(self.labels)


@torch.no_grad()
def outputs_of(model: nn.Module, batches: Batches) -> Tensor:
    """The outputs (N, C) of the model in evaluation mode; its mode is put back afterwards."""
    training = model.training
    model.eval()
    try:
        starts = range(0, len(batches), _BATCH)
        return torch.cat([model(batches.take(slice(start, start + _BATCH))[0]) for start in starts])
    finally:
        model.train(training)


def measure(model: nn.Module, batches: Batches, loss: Loss) -> Metrics:
    """Loss and accuracy of the model in evaluation mode."""
    outputs = outputs_of(model, batches)
    right = int((outputs.argmax(1) == batches.labels).sum())
    return Metrics(float(loss(outputs, batches.labels)), right / len(batches))


def evaluate(model: nn.Module, data: Dataset, loss: Loss) -> Metrics:
    """Loss and accuracy of the model on the test examples, in evaluation mode.

    Args:
        model: takes (B, I), gives (B, C).
        data: its test examples are used, scaled by its training examples.
        loss: as in training.
    """
    return measure(model, Batches.of(data.test, data, model), loss)
