"""Whether a model takes the examples and answers with what they need."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from gossamer.training.data import Dataset
from gossamer.training.feeds import Batches, Feed

_MISFIT = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)


def fitted(batches: Batches, model: nn.Module, data: Dataset, *, exactly: bool) -> Batches:
    """The batches in the shape that the model takes: flat (B, I), or as `data.shape` says, such as (B, 1, 28, 28).

    Raises:
        ValueError: the model takes neither, or its outputs do not fit the classes or numbers of the data.
    """
    shape, outputs = _first_taken(model, batches.take(slice(0, 1))[0], data.shape)
    _require(outputs, data, exactly=exactly)
    return dataclasses.replace(batches, shape=shape)


def taken(model: nn.Module, inputs: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Inputs (N, I) in the shape that the model takes: flat, or (N, *shape).

    Raises:
        ValueError: the model takes neither.
    """
    found, _ = _first_taken(model, inputs[:1], shape)
    return inputs.view(-1, *found) if found else inputs


def _first_taken(model: nn.Module, one: Tensor, shape: tuple[int, ...]) -> tuple[tuple[int, ...], Tensor]:
    """The shape of an input, () for flat, and the outputs for it."""
    failures = []
    for tried in [()] if len(shape) == 1 else [(), shape]:
        x = one.view(-1, *tried) if tried else one
        try:
            return tried, _judged(model, x)
        except _MISFIT as error:
            failures.append(f"{tuple(x.shape)}: {error}")
    raise ValueError(f"the model {type(model).__name__} cannot take inputs of shape {'; nor '.join(failures)}")


def require_outputs(model: nn.Module, feed: Feed) -> None:
    """Check the first batch of a loader: one row of outputs for each example; numbers for numbers.

    Raises:
        ValueError: the outputs do not fit the labels.
    """
    x, y = next(iter(feed.batches()))
    found = _judged(model, x[:1])
    if found.ndim != 2 or (feed.numeric and found.shape[1] != y.shape[1]):
        wanted = (1, y.shape[1]) if feed.numeric else "(1, classes)"
        raise ValueError(f"the model's outputs for one example have shape {tuple(found.shape)}; {wanted} is needed.")


@torch.no_grad()
def _judged(model: nn.Module, x: Tensor) -> Tensor:
    training = model.training
    model.eval()
    try:
        outputs = model(x)
    finally:
        model.train(training)
    if not isinstance(outputs, Tensor):
        raise TypeError(f"the model's output is {type(outputs).__name__}; a tensor (B, outputs) is needed.")
    return outputs


def _require(outputs: Tensor, data: Dataset, *, exactly: bool) -> None:
    shape, wanted = tuple(outputs.shape), (1, data.num_outputs)
    if shape == wanted or (not exactly and len(shape) == 2 and shape[0] == 1 and shape[1] >= wanted[1]):
        return
    what = "number to tell" if data.numeric else "class"
    hint = "" if exactly or data.numeric else "; if the labels are numbers to tell, give them as floats"
    raise ValueError(
        f"the model's outputs for one example have shape {shape}; {data.name} needs {wanted}, "
        f"one for each {what}{hint}."
    )
