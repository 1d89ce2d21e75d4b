"""Batches out of a `torch.utils.data.DataLoader`: transforms, workers and streams of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Sampler, SequentialSampler, Subset

from gossamer.training.feeds import Batch, place_of

_KEPT = ("num_workers", "collate_fn", "pin_memory", "drop_last", "timeout", "worker_init_fn", "prefetch_factor")


class Order(Sampler[int]):
    """Numbers of examples in an order that is set before each epoch."""

    def __init__(self, count: int) -> None:
        self.numbers: list[int] = list(range(count))

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


class Loaded:
    """A loader as a feed: floats and bytes in the model's dtype, all on its device.

    Args:
        loader: yields pairs (inputs, labels).
        model: whose device and dtype they are brought to.

    Raises:
        ValueError: a loader without a length, or whose batches are no pairs.
    """

    def __init__(self, loader: DataLoader[Any], model: nn.Module) -> None:
        self._steps, self._count = lengths(loader)
        self._loader = loader
        self._device, self._dtype = place_of(model)
        _, labels = self._brought(_first(loader))
        self.numeric = labels.is_floating_point()
        self.unit = torch.ones(1, dtype=torch.float64)

    @property
    def name(self) -> str:
        """What can be said of a loader: it may give anything."""
        inner = type(self._loader.dataset).__name__
        return f"DataLoader of {inner}, {self._count} examples, batches of {self._loader.batch_size}"

    def steps(self, size: int) -> int:
        """Those of the loader, whatever `size`."""
        return self._steps

    @property
    def cuts(self) -> bool:
        """Never: the loader does."""
        return False

    def epoch(self, size: int, rng: np.random.Generator, *, together: int = 1) -> Iterator[Batch]:
        """The loader's batches; in an order that `rng` decides, if the loader leaves that to it."""
        sampler = self._loader.sampler
        if isinstance(sampler, Order):
            sampler.numbers = rng.permutation(len(sampler)).tolist()
        return self.batches()

    def batches(self) -> Iterator[Batch]:
        """The loader's batches."""
        for batch in self._loader:
            yield self._brought(batch)

    def __len__(self) -> int:
        return self._count

    def _brought(self, batch: Any) -> Batch:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            kind = f"{len(batch)} parts" if isinstance(batch, (tuple, list)) else type(batch).__name__
            raise ValueError(f"a batch of the DataLoader has {kind}; a pair (inputs, labels) is needed.")
        x, y = (each if isinstance(each, Tensor) else torch.as_tensor(each) for each in batch)
        floating = x.is_floating_point() or x.dtype == torch.uint8
        x = x.to(self._device, self._dtype) if floating else x.to(self._device)
        if not y.is_floating_point():
            return x, y.to(self._device, torch.int64)
        return x, y.to(self._device, self._dtype).reshape(len(y), -1)


def lengths(loader: DataLoader[Any]) -> tuple[int, int]:
    """Batches of an epoch, and examples.

    Raises:
        ValueError: there is no telling.
    """
    try:
        return len(loader), len(loader.dataset)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(
            f"the {type(loader.dataset).__name__} of the DataLoader has no length; give it a __len__, so that an epoch "
            "has an end."
        ) from None


def ordered(loader: DataLoader[Any], numbers: np.ndarray[Any, Any] | None = None) -> DataLoader[Any]:
    """The same loader over these examples only; what was shuffled is left to `Order`.

    Raises:
        ValueError: a loader with a sampler of its own.
    """
    if not is_plain(loader):
        raise ValueError(
            f"this DataLoader's {type(loader.sampler).__name__} decides which examples come, so none can be held out: "
            "give fit(..., validation=another loader), or Config(validation=0)."
        )
    dataset: Any = loader.dataset if numbers is None else Subset(loader.dataset, numbers.tolist())
    shuffled = not isinstance(loader.sampler, SequentialSampler)
    sampler = Order(len(dataset)) if shuffled else None
    kept = {name: getattr(loader, name) for name in _KEPT}
    return DataLoader(dataset, batch_size=loader.batch_size, sampler=sampler, **kept)


def is_plain(loader: DataLoader[Any]) -> bool:
    """Whether a loader takes all examples of its data set once, in order or shuffled."""
    sampler, batches = loader.sampler, loader.batch_sampler
    if type(batches) is not BatchSampler or type(sampler) not in (SequentialSampler, RandomSampler, Order):
        return False
    whole = not isinstance(sampler, RandomSampler) or not (sampler.replacement or len(sampler) != len(loader.dataset))  # type: ignore[arg-type]
    return whole and len(sampler) == len(loader.dataset)  # type: ignore[arg-type]


def _first(loader: DataLoader[Any]) -> Any:
    for batch in loader:
        return batch
    raise ValueError("the DataLoader has no batch.")
