"""Moves what belongs to edges (weights, gradients, an optimiser's state) along when the edges move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.errors import RewiringError
from gossamer.nn.sharded import spread_like, whole


class Source(NamedTuple):
    """Which old edge each new edge is."""

    places: Tensor
    """Int64 (E',); anything for new edges."""
    fresh: Tensor
    """Which edges are new, int64."""

    @classmethod
    def of(cls, source: NDArray[np.int64]) -> Source:
        """Of numbers of old edges, or -1, (E',)."""
        fresh = np.flatnonzero(source < 0)
        return cls(torch.from_numpy(np.maximum(source, 0)), torch.from_numpy(fresh))

    def to(self, device: torch.device) -> Source:
        """The same on a device."""
        return Source(self.places.to(device), self.fresh.to(device))


def carried(values: Tensor, source: Source, fill: float = 0.0) -> Tensor:
    """The values (E,) of edges in their new order (E',), `fill` for new edges.

    >>> carried(torch.tensor([1.0, 2.0]), Source.of(np.array([1, -1])))
    tensor([2., 0.])
    """
    if not len(values):
        return values.new_full((len(source.places),), fill)
    return values.index_select(0, source.places).index_fill_(0, source.fresh, fill)


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
