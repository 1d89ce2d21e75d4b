"""Layers that share one weight: they have one topology, and are rewired as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import nn

from gossamer.errors import RewiringError
from gossamer.nn import SparseLayer


def tied(model: nn.Module, chosen: Mapping[str, SparseLayer]) -> dict[str, tuple[SparseLayer, ...]]:
    """All layers of a model that hold the weight of each chosen layer, itself first.

    A weight that several chosen layers hold stands under the first one's name.

    Raises:
        RewiringError: another module holds the weight too, so that its shape must not change.
    """
    holders: dict[int, list[tuple[str, nn.Module]]] = {}
    for name, module in model.named_modules():
        for parameter in module.parameters(recurse=False):
            holders.setdefault(id(parameter), []).append((name, module))
    groups: dict[int, str] = {}
    for name, layer in chosen.items():
        groups.setdefault(id(layer.weight), name)
    return {name: _layers(name, holders[weight]) for weight, name in groups.items()}


def require_one_topology_each(groups: Mapping[str, Sequence[SparseLayer]]) -> None:
    """Check that layers that share a weight have equal junctions.

    Raises:
        RewiringError: some have not, so that an edge of one is no edge of the other.
    """
    for name, (first, *others) in groups.items():
        junction = first.topology() if others else None
        if any(other.topology() != junction for other in others):
            raise RewiringError(f"layer {name!r} shares its weight with one of another topology; tie equal ones.")


def _layers(name: str, holders: Iterable[tuple[str, nn.Module]]) -> tuple[SparseLayer, ...]:
    found = []
    for other, module in holders:
        if not isinstance(module, SparseLayer):
            raise RewiringError(
                f"the weight of layer {name!r} is held by {other!r} too, which is {type(module).__name__} and no "
                "sparse layer: it cannot be rewired."
            )
        found.append(module)
    return tuple(found)
