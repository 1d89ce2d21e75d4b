"""What training and evaluation take batches from: examples held as tensors, or a loader of one's own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.training.data import Dataset, Examples

Batch = tuple[Tensor, Tensor]
"""Inputs (B, ...) and labels: (B,) of classes, (B, K) of numbers to tell."""

_BATCH = 1024

_NUMBERS = 1 << 18
"""Inputs of steps that are taken together: they should still be in a processor's cache when they are read."""


class Feed(Protocol):
    """A source of batches, on the model's device and in its dtype."""

    @property
    def numeric(self) -> bool:
        """Whether labels are numbers to tell, not classes."""

    @property
    def unit(self) -> Tensor:
        """What one unit of a network's output is in the data's own units, (K,) or (1,)."""

    @property
    def name(self) -> str:
        """All that is known to decide what it gives."""

    def steps(self, size: int) -> int:
        """Batches of an epoch."""

    @property
    def cuts(self) -> bool:
        """Whether batches are as large as is asked for; else they are a loader's."""

    def epoch(self, size: int, rng: np.random.Generator, *, together: int = 1) -> Iterator[Batch]:
        """Batches to learn from, in an order that `rng` decides; up to `together` of them as one, if they are small."""

    def batches(self) -> Iterator[Batch]:
        """All examples once, to judge by."""

    def __len__(self) -> int:
        """Examples."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Examples as tensors on the model's device, scaled when a batch is taken: images stay bytes until then.

    Args:
        inputs: shape (N, I), uint8 or float32.
        labels: shape (N,), int64; or (N, K), numbers as scaled.
        scaling: mean and deviation that inputs are brought to 0 and 1 with; numbers, or tensors (I,).
        dtype: of the scaled inputs.
        unit: one unit of a network's output in the data's own.
        name: of all examples.
        shape: of one input as the model takes it; () leaves (I,).
    """

    inputs: Tensor
    labels: Tensor
    scaling: tuple[Any, Any]
    dtype: torch.dtype
    unit: Tensor
    name: str
    shape: tuple[int, ...] = ()

    @classmethod
    def of(cls, examples: Examples, data: Dataset, model: nn.Module) -> Batches:
        """The examples on the device and in the dtype of the model's first parameter, scaled as `data` says."""
        device, dtype = place_of(model)
        labels = torch.tensor(examples.labels, device=device)
        unit = torch.ones(1, dtype=torch.float64)
        if data.numeric:
            mean, deviation = (torch.as_tensor(each, device=device) for each in data.target_scaling)
            labels, unit = ((labels - mean) / deviation).to(dtype), deviation.double().cpu().reshape(-1)
        return cls(
            torch.tensor(examples.inputs, device=device),
            labels,
            tuple(_on(each, device, dtype) for each in data.scaling),
            dtype,
            unit,
            f"{data.name} {data.digest}",
        )

    @property
    def numeric(self) -> bool:
        """Whether labels are numbers."""
        return self.labels.is_floating_point()

    def take(self, numbers: Tensor | slice) -> Batch:
        """The scaled inputs (B, I) and labels of these examples."""
        mean, deviation = self.scaling
        if isinstance(numbers, slice):
            inputs = self.inputs[numbers].to(self.dtype, copy=True)  # a slice is a view
            labels = self.labels[numbers]
        else:  # several times faster than indexing, which is made for any number of axes
            inputs = self.inputs.index_select(0, numbers).to(self.dtype)
            labels = self.labels.index_select(0, numbers)
        if not (isinstance(mean, (int, float)) and isinstance(deviation, (int, float)) and (mean, deviation) == (0, 1)):
            inputs = inputs.sub_(mean).div_(deviation)
        return inputs.view(-1, *self.shape) if self.shape else inputs, labels

    def steps(self, size: int) -> int:
        """The last batch may be smaller."""
        return math.ceil(len(self) / size)

    @property
    def cuts(self) -> bool:
        """Always."""
        return True

    def epoch(self, size: int, rng: np.random.Generator, *, together: int = 1) -> Iterator[Batch]:
        """Batches of `size` in random order, up to `together` of them as one; the last one may be smaller."""
        order = torch.from_numpy(rng.permutation(len(self)))
        fit = max(1, min(together, _NUMBERS // (size * self.inputs[0].numel())))
        for numbers in order.to(self.inputs.device).split(size * fit):
            yield self.take(numbers)

    def batches(self) -> Iterator[Batch]:
        """All examples in their order."""
        for start in range(0, len(self), _BATCH):
            yield self.take(slice(start, start + _BATCH))

    def __len__(self) -> int:
        return len(self.labels)


def place_of(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Device and dtype of a model's first floating parameter.

    Raises:
        TypeError: it is no model.
        ValueError: it has none.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}; a torch.nn.Module is needed, such as gossamer.nn.mlp makes.")
    for parameter in model.parameters():
        if parameter.is_floating_point():
            return parameter.device, parameter.dtype
    raise ValueError(f"the model {type(model).__name__} has no parameters to train.")


def _on(value: Any, device: torch.device, dtype: torch.dtype) -> Any:
    return torch.as_tensor(value, device=device, dtype=dtype) if isinstance(value, np.ndarray) else value
