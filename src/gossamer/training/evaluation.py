"""How good a model is on examples, and what it answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.training.data import Dataset, load
from gossamer.training.data.columns import chosen_columns, column_names, inputs_of
from gossamer.training.feeds import Feed, place_of
from gossamer.training.layout import taken
from gossamer.training.losses import Loss, loss_for
from gossamer.training.material import Data, judging_feed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BATCH = 1024


@dataclass(frozen=True, slots=True, repr=False)
class Metrics:
    """How good a model is. What a task has no answer to is NaN.

    Args:
        loss: mean over the examples; of a data set's numbers in units of their deviation.
        accuracy: fraction of examples whose largest output is the right one, 0 to 1.
        rmse: of numbers to tell: root of the mean squared error, in the data's own units.
        mae: the same: mean absolute error.
        r2: the same: the share of the variance explained, at most 1; 0 is what the mean would be worth. The mean over
            several numbers; NaN where one of them does not vary.

    >>> Metrics(0.5, 0.75)
    Metrics(loss=0.5, accuracy=0.75)
    """

    loss: float
    accuracy: float = math.nan
    rmse: float = math.nan
    mae: float = math.nan
    r2: float = math.nan

    def __repr__(self) -> str:
        known = ((each.name, getattr(self, each.name)) for each in fields(self))
        return f"Metrics({', '.join(f'{name}={value:.6g}' for name, value in known if not math.isnan(value))})"


@torch.no_grad()
def outputs_of(model: nn.Module, feed: Feed) -> tuple[Tensor, Tensor]:
    """The outputs (N, C) of the model in evaluation mode, and the labels; its mode is put back afterwards."""
    training = model.training
    model.eval()
    try:
        parts = [(model(x), y) for x, y in feed.batches()]
    finally:
        model.train(training)
    return torch.cat([each for each, _ in parts]), torch.cat([each for _, each in parts])


def measure(model: nn.Module, feed: Feed, loss: Loss) -> Metrics:
    """Loss and metrics of the model in evaluation mode."""
    outputs, labels = outputs_of(model, feed)
    value = float(loss(outputs, labels))
    if feed.numeric:
        return Metrics(value, **_of_numbers(outputs.double().cpu(), labels.double().cpu(), feed.unit))
    return Metrics(value, int((outputs.argmax(1) == labels).sum()) / len(labels))


def evaluate(model: nn.Module, data: Data, loss: Loss | None = None) -> Metrics:
    """Loss and metrics of the model on the test examples, in evaluation mode.

    Args:
        model: takes inputs (B, ...), gives (B, C).
        data: a `Dataset` or its name: its test examples are used, scaled by its training examples. Of a pair (inputs,
            labels) or a `DataLoader` all examples are used, as they are.
        loss: as in training; if None, cross-entropy of classes and the mean squared error of numbers.

    Raises:
        TypeError: `data` is something else.
        ValueError: the model does not fit the data, or the loss does not.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 1], [0, 1]])]))
    >>> 0 <= evaluate(model, ([[0.5, 1.0], [2.0, 0.0]], [0, 1])).accuracy <= 1
    True
    """
    feed = judging_feed(model, data)
    return measure(model, feed, loss_for(loss, numeric=feed.numeric))


def predict(model: nn.Module, inputs: ArrayLike | Dataset | str, data: Dataset | str | None = None) -> NDArray[Any]:
    """What the model answers, in evaluation mode: class numbers (N,), or numbers (N, K), or (N,) if K is 1.

    Args:
        model: takes inputs (B, ...), gives (B, C).
        inputs: what `Dataset.from_arrays` takes; or a data set or its name, whose test inputs are meant.
        data: the data set that the model was trained on: inputs are scaled as its inputs were, and numbers are in its
            units. Columns of a table are found by their names, and others left out. If None, inputs are taken as they
            are; one output is then a number, and more are classes.

    Raises:
        ValueError: inputs of another shape than the data's, or without a column of theirs.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 0], [0, 1]])]))
    >>> torch.nn.init.ones_(model[0].weight).shape
    torch.Size([2])
    >>> predict(model, [[1.0, 0.0], [0.0, 2.0]])
    array([0, 1])
    """
    how = load(inputs) if isinstance(inputs, str) else inputs
    known = load(data) if isinstance(data, str) else data
    if isinstance(how, Dataset):
        known = how if known is None else known
        how = how.test.inputs
    if known is not None and known.features and column_names(how):
        how = chosen_columns(how, known.features)
    values = inputs_of(how)
    if known is not None and values.values.shape[1] != known.num_features:
        raise ValueError(f"inputs have {values.values.shape[1]} features; {known.name} has {known.num_features}.")
    shape = values.shape if known is None else known.shape
    outputs = _outputs(model, values.values, shape, known)
    if known.numeric if known else outputs.shape[1] == 1:
        mean, deviation = known.target_scaling if known else (0.0, 1.0)
        numbers: NDArray[Any] = outputs * deviation + mean
        return numbers[:, 0] if numbers.shape[1] == 1 else numbers
    classes: NDArray[Any] = outputs.argmax(axis=1)
    return classes


@torch.no_grad()
def _outputs(model: nn.Module, values: NDArray[Any], shape: tuple[int, ...], data: Dataset | None) -> NDArray[Any]:
    """(N, C) of the model in evaluation mode, as float64."""
    device, dtype = place_of(model)
    mean, deviation = (torch.as_tensor(each, device=device) for each in (data.scaling if data else (0.0, 1.0)))
    x = ((torch.tensor(values, device=device) - mean) / deviation).to(dtype)
    x = taken(model, x, shape)
    training = model.training
    model.eval()
    try:
        parts = [model(part) for part in x.split(_BATCH)]
    finally:
        model.train(training)
    return torch.cat(parts).reshape(len(x), -1).double().cpu().numpy()


def _of_numbers(outputs: Tensor, labels: Tensor, unit: Tensor) -> dict[str, float]:
    errors = (outputs - labels) * unit
    variance = ((labels - labels.mean(0)) * unit).square().mean(0)
    explained = 1 - errors.square().mean(0) / variance
    explained[variance == 0] = math.nan
    return {
        "rmse": float(errors.square().mean().sqrt()),
        "mae": float(errors.abs().mean()),
        "r2": float(explained.mean()),
    }
