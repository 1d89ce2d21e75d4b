"""One topology on all ranks of a data-parallel run: checked before every update, decided by rank 0, checked after."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from gossamer.errors import RewiringError
from gossamer.nn import SparseLayer
from gossamer.nn.sharded import is_sharded
from gossamer.rewiring.capture import Pass
from gossamer.rewiring.view import Change

T = TypeVar("T")


def is_parallel() -> bool:
    """Whether this process is one of several of an initialised process group."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def digest(layers: Iterable[SparseLayer]) -> str:
    """Name of the topologies of some layers."""
    names = " ".join(layer.topology().digest() for layer in layers)
    return hashlib.blake2b(names.encode(), digest_size=16).hexdigest()


def require_one_topology(layers: Iterable[SparseLayer], complaint: str | None) -> None:
    """Check that no rank has a complaint and that all ranks have one topology; all ranks raise the same error.

    Raises:
        RewiringError: a rank complains, or topologies differ.
    """
    mine = (complaint, "" if complaint else digest(layers))
    reports: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(reports, mine)
    for rank, (said, _) in enumerate(reports):
        if said:
            raise RewiringError(f"rank {rank}: {said}")
    names = [name for _, name in reports]
    if len(set(names)) > 1:
        listed = ", ".join(f"rank {rank}: {name[:8]}" for rank, name in enumerate(names))
        raise RewiringError(f"the ranks disagree about the topology ({listed}); load one checkpoint on all of them.")


def has_fixed_sizes(model: nn.Module, layers: Iterable[SparseLayer]) -> bool:
    """Whether a wrapper or `fully_shard` has laid out buckets for the numbers of edges that there are."""
    wrapped = any(isinstance(module, DistributedDataParallel) for module in model.modules())
    return wrapped or any(is_sharded(layer.weight) for layer in layers)


def require_same_sizes(layers: Mapping[str, SparseLayer], changes: Sequence[Change]) -> None:
    """Check that every layer keeps its number of edges.

    Raises:
        RewiringError: one does not: DistributedDataParallel and fully_shard lay out their buckets once, for the sizes
            they first saw.
    """
    for (name, layer), change in zip(layers.items(), changes, strict=True):
        before, after = layer.weight.numel(), len(change.source)
        if before != after:
            raise RewiringError(
                f"layer {name!r} is wrapped in DistributedDataParallel or fully_shard, and would go from {before} to "
                f"{after} edges; use a rule that keeps counts, or average_gradients(model) instead of the wrapper."
            )


def average_gradients(model: nn.Module) -> None:
    """Replace every parameter's gradient by its mean over all ranks: data parallelism without a wrapper.

    Gradients of sparse layers travel as (E,), and numbers of edges may change from step to step. Call between
    `backward()` and `optimizer.step()`.
    """
    for parameter in model.parameters():
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= dist.get_world_size()


def gather_passes(passes: dict[str, list[Pass]]) -> dict[str, list[Pass]]:
    """All ranks' passes on rank 0; on the others their own."""
    device = next((x.device for entries in passes.values() for _, x, _ in entries), torch.device("cpu"))
    mine = {name: [(step, x.cpu(), dz.cpu()) for step, x, dz in entries] for name, entries in passes.items()}
    is_first = dist.get_rank() == 0
    all_passes: list[Any] | None = [None] * dist.get_world_size() if is_first else None
    dist.gather_object(mine, all_passes, dst=0)
    if all_passes is None:
        return passes
    return {
        name: [(step, x.to(device), dz.to(device)) for ranks in all_passes for step, x, dz in ranks[name]]
        for name in passes
    }


def decided_by_first(decide: Callable[[], T]) -> T:
    """What rank 0 decides, on every rank; if it raises, every rank raises."""
    answer: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            answer[0] = decide()
        except Exception as error:  # every rank must hear of it, whatever it is; it is raised again below
            answer[1] = error
    dist.broadcast_object_list(answer, src=0)
    if answer[1] is not None:
        raise answer[1]
    decision: T = answer[0]
    return decision
