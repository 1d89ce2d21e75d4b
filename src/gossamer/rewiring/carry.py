"""Moves what belongs to edges (weights, gradients, an optimiser's state) along when the edges move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.errors import RewiringError
from gossamer.nn.observers import has_version
from gossamer.nn.sharded import spread_like, whole
from gossamer.rewiring.keys import followed


@dataclass(frozen=True, eq=False)
class Source:
    """Which old edge each new edge is.

    Args:
        numbers: of old edges, or -1, (E',).
        device: where tensors of them are wanted.
    """

    numbers: NDArray[np.int64]
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (a frozen value)

    @cached_property
    def places(self) -> Tensor:
        """The old edges, int64 (E',); 0 for new ones."""
        return torch.from_numpy(np.maximum(self.numbers, 0)).to(self.device)

    @cached_property
    def fresh(self) -> Tensor:
        """Which edges are new, int64."""
        return torch.from_numpy(np.flatnonzero(self.numbers < 0)).to(self.device)

    def to(self, device: torch.device) -> Source:
        """The same on a device."""
        return self if device == self.device else Source(self.numbers, device)


def carried(values: Tensor, source: Source, fill: float = 0.0) -> Tensor:
    """The values (E,) of edges in their new order (E',), `fill` for new edges.

    >>> carried(torch.tensor([1.0, 2.0]), Source(np.array([1, -1])))
    tensor([2., 0.])
    """
    if not len(values):
        return values.new_full((len(source.numbers),), fill)
    if is_plain(values):
        return torch.from_numpy(followed(values.detach().numpy(), source.numbers, fill))
    return values.index_select(0, source.places).index_fill_(0, source.fresh, fill)


def is_plain(values: Tensor) -> bool:
    """Whether its numbers can be had as an array's."""
    known = type(values) in (Tensor, nn.Parameter) and values.dtype in (torch.float32, torch.float64)
    return known and values.is_cpu and values.dim() == 1 and values.is_contiguous() and not values.is_neg()


def carried_state(state: Mapping[str, Any], source: Source, shape: torch.Size, fills: Mapping[str, float]) -> Any:
    """A copy of one parameter's optimiser state in which every tensor of the parameter's `shape` follows its edges.

    Tensors of other shapes, numbers and the like stay; dicts, lists and tuples are searched at any depth.
    """

    def follow(value: Any, name: str) -> Any:
        if isinstance(value, Tensor):
            if value.shape != shape or value.is_sparse:
                return value
            return spread_like(carried(whole(value), source.to(value.device), fills.get(name, 0.0)), value)
        if isinstance(value, Mapping):
            return {key: follow(part, str(key)) for key, part in value.items()}
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)(follow(part, name) for part in value)
        return value

    return follow(dict(state), "")


def put(target: Any, value: Any) -> Any:
    """A value, in the tensors of `target` wherever these have room for it: who knows their addresses need not look."""
    if isinstance(value, Mapping):
        before = target if isinstance(target, Mapping) else {}
        return {key: put(before.get(key), part) for key, part in value.items()}
    if value is target or not (isinstance(value, Tensor) and type(target) is Tensor is type(value)):
        return value
    if value.shape != target.shape or value.dtype is not target.dtype or not has_version(target):
        return value
    if target.device != value.device or not target.is_contiguous():
        return value
    with torch.no_grad():
        target.copy_(value)
    return target


def fill_values(group: Mapping[str, Any]) -> dict[str, float]:
    """State that a new edge starts with where it is not 0: what these optimisers begin with themselves.

    Adagrad's sum begins at `initial_accumulator_value`, Rprop's step size at the learning rate.
    """
    if group.get("initial_accumulator_value"):
        return {"sum": float(group["initial_accumulator_value"])}
    if "etas" in group and "step_sizes" in group:
        return {"step_size": float(group["lr"])}
    return {}


def group_of(parameter: nn.Parameter, optimizer: torch.optim.Optimizer, name: str) -> dict[str, Any]:
    """The parameter group that holds a layer's weight.

    Raises:
        RewiringError: none does, or the optimiser keeps all parameters' state in one vector.
    """
    if isinstance(optimizer, torch.optim.LBFGS):
        raise RewiringError("LBFGS keeps one history of all parameters together; edges cannot be told apart in it.")
    for group in optimizer.param_groups:
        if any(held is parameter for held in group["params"]):
            return group
    raise RewiringError(
        f"the optimiser does not hold the weight of layer {name!r}; pass model.parameters() of this very model to it."
    )


def momentum_of(state: Mapping[str, Any]) -> Tensor | None:
    """The running mean of the gradient that SGD ("momentum_buffer") or the Adam family ("exp_avg") keeps."""
    for name in ("momentum_buffer", "exp_avg"):
        found = state.get(name)
        if isinstance(found, Tensor):
            return found
    return None
