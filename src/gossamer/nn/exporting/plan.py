"""What is exported of a model: steps with their arrays, before they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gossamer.errors import ExportError


@dataclass(slots=True, eq=False)
class Made:
    """One step: what JSON says of it, its arrays, and the steps whose values it takes (None: the network's input).

    Args:
        op: the operation, a key of `gossamer.runtime.operations.READERS`.
        fields: its other settings.
        arrays: by name; numbers are float32.
        of: filled in when it is placed.
    """

    op: str
    fields: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    of: tuple[Made | None, ...] = ()


def numbers(name: str, tensor: Tensor) -> NDArray[np.float32]:
    """A tensor as the file holds it.

    Raises:
        ExportError: numbers that float32 cannot hold, or a tensor without values.
    """
    if tensor.is_meta or not tensor.is_floating_point():
        raise ExportError(f"{name} is {tensor.dtype} on {tensor.device}; real numbers are needed.")
    exact = tensor.detach().to("cpu", torch.float64)
    found = exact.to(torch.float32)
    if not torch.equal(torch.isfinite(found), torch.isfinite(exact)):
        raise ExportError(f"{name} has numbers up to {exact.abs().max():.3g}, which float32 cannot hold.")
    array: NDArray[np.float32] = found.numpy().copy()
    return array


def packed(steps: list[Made], labels: list[Any] | None) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The plan and the arrays of a file."""
    place = {id(step): number + 1 for number, step in enumerate(steps)}
    listed: list[dict[str, Any]] = []
    tensors: dict[str, NDArray[Any]] = {}
    for number, step in enumerate(steps):
        of = [0 if source is None else place[id(source)] for source in step.of]
        listed.append({"op": step.op, "of": of, **step.fields})
        tensors |= {f"{number}.{name}": narrow(array) for name, array in step.arrays.items()}
    plan: dict[str, Any] = {"steps": listed}
    return plan if labels is None else plan | {"labels": labels}, tensors


def narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Indices in as few bytes as hold them; other arrays as they are."""
    if array.dtype.kind not in "iu" or not array.size:
        return array
    return array.astype(np.uint16 if int(array.max()) < 1 << 16 else np.int32)
