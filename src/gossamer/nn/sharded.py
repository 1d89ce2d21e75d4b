"""Weights that lie in parts on several processes: the `DTensor`s that `fully_shard` (FSDP2) makes of parameters.

A forward pass sees whole plain tensors, which FSDP gathers for it. Between the steps a parameter is a `DTensor` whose
shape is that of the whole. What must see all edges at once asks for `whole`, on every rank; what writes, writes its own
part. A tensor that is not sharded is whole, and is its own part.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor


def is_sharded(tensor: Tensor | None) -> bool:
    """Whether a tensor lies in parts on several processes; the module of such tensors is imported only if somebody did.

    >>> is_sharded(torch.ones(3))
    False
    """
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor, plain; every rank must ask."""
    if not is_sharded(tensor):
        return tensor
    sharded: Any = tensor.detach()
    found: Tensor = sharded.full_tensor()
    return found


def part(tensor: Tensor) -> Tensor:
    """What of a tensor lies here; it shares memory."""
    if not is_sharded(tensor):
        return tensor
    sharded: Any = tensor.detach()
    found: Tensor = sharded.to_local()
    return found


def spread_like(values: Tensor, like: Tensor) -> Tensor:
    """A plain tensor that all ranks have, in parts as another one is; no rank asks another."""
    if not is_sharded(like):
        return values
    from torch.distributed.tensor import DTensor, Replicate

    placed: Any = like
    everywhere = [Replicate() for _ in placed.placements]
    whole_one = DTensor.from_local(values, placed.device_mesh, everywhere, run_check=False)
    spread: Tensor = whole_one.redistribute(placements=placed.placements)
    return spread


def own_places(tensor: Tensor) -> range:
    """Which places of a vector (E,) lie here."""
    found = part(spread_like(torch.arange(len(tensor), device=tensor.device), tensor))
    return range(int(found[0]), int(found[-1]) + 1) if len(found) else range(0)


@torch.no_grad()
def write(target: Tensor, values: Tensor) -> None:
    """Put a plain tensor that all ranks have into another one, in place."""
    part(target).copy_(part(spread_like(values, target)))
