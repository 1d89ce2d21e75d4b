"""A data set out of PyTorch's data sets and loaders, read whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from gossamer.training.data.arrays import Choices, Options, from_arrays
from gossamer.training.data.columns import as_array


def from_torch(train: Any, test: Any = 0.2, **options: Unpack[Choices]) -> dict[str, Any]:
    """The arguments of a `Dataset` of what a PyTorch data set or `DataLoader` yields.

    Transforms that draw at random are applied once: to draw anew in every epoch, give `fit` the loader itself.

    Args:
        train: a data set or loader of pairs (input, label); `torch.utils.data.TensorDataset`, torchvision's, any.
        test: the same for the test, or the share of `train` that is for it.
        **options: see `gossamer.training.data.arrays.Choices`.

    Raises:
        ValueError: items that are no pairs, inputs of different shapes.
    """
    inputs, labels = pair_of(train)
    held = test if isinstance(test, (int, float)) else pair_of(test)
    chosen: Options = {"name": type(_inner(train)).__name__.lower(), "test": held}
    chosen.update(options)  # type: ignore[typeddict-item]
    found = from_arrays(inputs, labels, **chosen)
    names = getattr(_inner(train), "classes", None)
    if names is not None and len(names) == len(found["classes"]):
        found["classes"] = tuple(str(name) for name in names)
    return found


def pair_of(source: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """All inputs and all labels of a data set or loader."""
    tensors = getattr(_inner(source), "tensors", None)
    if tensors is not None and len(tensors) == 2:
        return as_array(tensors[0]), as_array(tensors[1])
    loader = hasattr(source, "batch_size") and hasattr(source, "dataset")
    parts = [(as_array(x), as_array(y)) for x, y in _pairs(source)]
    if not parts:
        raise ValueError(f"{type(source).__name__} has no example.")
    join = np.concatenate if loader else np.stack
    try:
        return join([x for x, _ in parts]), join([y for _, y in parts])
    except ValueError as error:
        raise ValueError(f"the inputs of {type(source).__name__} are of several shapes: {error}.") from None


def _pairs(source: Any) -> Iterator[tuple[Any, Any]]:
    if hasattr(source, "batch_size") or not hasattr(source, "__getitem__"):
        items = iter(source)
    else:
        items = (source[number] for number in range(len(source)))
    for number, item in enumerate(items):
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise ValueError(
                f"item {number} of {type(source).__name__} is {type(item).__name__}; pairs (input, label) are needed."
            )
        yield item[0], item[1]


def _inner(source: Any) -> Any:
    """The data set of a loader."""
    return getattr(source, "dataset", source) if hasattr(source, "batch_size") else source
