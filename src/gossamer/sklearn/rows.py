"""Rows of a matrix, dense or CSR, as batches: a sparse matrix is written out a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

_BATCH = 1024
_BLOCK = 64


class Rows(Dataset[Any]):
    """Examples that a `DataLoader` takes a batch at a time.

    Args:
        inputs: shape (N, I), an array or a scipy CSR matrix.
        targets: shape (N,) or (N, K).
    """

    def __init__(self, inputs: Any, targets: NDArray[Any]) -> None:
        self._inputs = inputs
        self._targets = targets

    def __len__(self) -> int:
        return len(self._targets)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        return self.__getitems__([number])

    def __getitems__(self, numbers: list[int]) -> tuple[Tensor, Tensor]:
        """A batch: inputs (B, I) float32, and targets."""
        return dense(self._inputs[numbers]), torch.from_numpy(self._targets[numbers])


def loader(inputs: Any, targets: NDArray[Any], batch_size: int) -> DataLoader[Any]:
    """Shuffled batches of examples."""
    return DataLoader(Rows(inputs, targets), batch_size, shuffle=True, collate_fn=_as_it_is)


def dense(rows: Any) -> Tensor:
    """Rows as a float32 tensor (B, I)."""
    array = rows if isinstance(rows, np.ndarray) else rows.toarray()
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def parts(inputs: Any) -> Iterator[Tensor]:
    """All rows in their order, some at a time."""
    for start in range(0, inputs.shape[0], _BATCH):
        yield dense(inputs[start : start + _BATCH])


def whole_blocks(part: Tensor) -> Tensor:
    """A batch (B, I) with rows of 0 after it, up to a multiple of 64.

    Kernels sum in another order where a batch ends within a block; with whole blocks an example's outputs are the same
    to the bit whatever stands beside it.
    """
    return torch.nn.functional.pad(part, (0, 0, 0, -len(part) % _BLOCK))


def _as_it_is(batch: Any) -> Any:
    return batch
