"""What `fit`, `evaluate` and `predict` are given, as feeds of batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from gossamer.training.data import Dataset, Examples, Scaling, load
from gossamer.training.data.answers import answers_of
from gossamer.training.data.columns import as_array, inputs_of
from gossamer.training.feeds import Batches, Feed
from gossamer.training.layout import fitted, require_outputs
from gossamer.training.loaders import Loaded, is_plain, lengths, ordered

if TYPE_CHECKING:
    from gossamer.training.config import Config

Data: TypeAlias = "Dataset | str | tuple[Any, Any] | TorchDataset[Any] | DataLoader[Any]"
"""A data set or its name; a pair (inputs, labels) of arrays or tensors; PyTorch's data sets and loaders."""

_STEP = 1024


@dataclass(frozen=True, slots=True)
class _Pair:
    """Inputs and labels as they are: not scaled, classes not counted anew."""

    data: Dataset


def training_feeds(
    model: nn.Module, data: Data, config: Config, *, validation: Data | None, rng: np.random.Generator
) -> tuple[Feed, Feed | None]:
    """What to learn from, and what judges epochs: `validation`, or a share of the examples, or None.

    Raises:
        TypeError: `data` is none of `Data`.
        ValueError: data that cannot be understood, or that the model does not fit.
    """
    given = _known(data, config.batch_size)
    share = config.validation if validation is None else 0.0
    train: Feed
    held: Feed | None
    if isinstance(given, DataLoader):
        train, held = _loaded(given, share, model, rng)
    else:
        train, held = _batches(given, share, model, rng)
    if validation is not None:
        held = judging_feed(model, validation)
        if held.numeric != train.numeric:
            raise ValueError(
                "validation has other labels than the data to learn from: both need classes, or both numbers."
            )
    return train, held


def judging_feed(model: nn.Module, data: Data) -> Feed:
    """The test examples of a data set, or all examples of anything else.

    Raises:
        TypeError: `data` is none of `Data`.
        ValueError: data that cannot be understood, or that the model does not fit.
    """
    given = _known(data, _STEP)
    if isinstance(given, DataLoader):
        feed = Loaded(given, model)
        require_outputs(model, feed)
        return feed
    if isinstance(given, _Pair):
        return _fitting(model, given.data.test, given)
    return _fitting(model, given.test, given)


def _known(data: Any, batch_size: int) -> Dataset | _Pair | DataLoader[Any]:
    if isinstance(data, (Dataset, DataLoader)):
        return data
    if isinstance(data, str):
        return load(data)
    if isinstance(data, TensorDataset) and len(data.tensors) == 2:
        return _Pair(_as_given(*data.tensors))
    if isinstance(data, TorchDataset):
        return DataLoader(data, batch_size=batch_size, shuffle=True)
    if isinstance(data, (tuple, list)) and len(data) == 2:
        return _Pair(_as_given(*data))
    raise TypeError(
        f"data is {type(data).__name__}: give a Dataset, a data set's name, a pair (inputs, labels), or a torch "
        "DataLoader."
    )


def _as_given(inputs: Any, labels: Any) -> Dataset:
    values, shape = inputs_of(inputs)
    told = as_array(labels)
    if told.dtype.kind in "OUS":
        raise ValueError(
            f"labels are text, such as {str(told.ravel()[0])!r}; Dataset.from_arrays(inputs, labels) gives "
            "classes numbers, and scales inputs."
        )
    numeric = told.dtype.kind == "f"
    found = answers_of(told, task="regression") if numeric else None
    examples = Examples(values, found.labels if found else told.astype(np.int64).reshape(-1))
    targets = found.targets if found else ()
    classes = () if numeric else tuple(map(str, range(int(examples.labels.max()) + 1)))
    return Dataset("arrays", examples, examples, shape, classes, "", "", targets, Scaling.NONE)


def _fitting(model: nn.Module, examples: Examples, given: Dataset | _Pair) -> Batches:
    data = given.data if isinstance(given, _Pair) else given
    return fitted(Batches.of(examples, data, model), model, data, exactly=data.numeric or data is given)


def _batches(
    given: Dataset | _Pair, share: float, model: nn.Module, rng: np.random.Generator
) -> tuple[Batches, Batches | None]:
    train = (given.data if isinstance(given, _Pair) else given).train
    if share == 0:
        return _fitting(model, train, given), None
    train, held = train.split(share, rng=rng)
    return _fitting(model, train, given), _fitting(model, held, given)


def _loaded(
    loader: DataLoader[Any], share: float, model: nn.Module, rng: np.random.Generator
) -> tuple[Loaded, Loaded | None]:
    held = None
    _, count = lengths(loader)
    if share > 0:
        ordered(loader)  # which says so where nothing can be held out
        numbers = Examples(np.zeros((count, 1)), np.arange(count))
        kept, judged = numbers.split(share, rng=rng)
        held = Loaded(ordered(loader, judged.labels), model)
        loader = ordered(loader, kept.labels)
    elif is_plain(loader):
        loader = ordered(loader)
    train = Loaded(loader, model)
    require_outputs(model, train)
    return train, held
