"""A model as a chain of layers, if it is one: what may run as a single native call."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.nn.activations import IDENTITY, fusible
from gossamer.nn.kernels import Backend, best_for
from gossamer.nn.kernels.backend import Layer
from gossamer.nn.layer import SparseLayer
from gossamer.nn.observers import altered, any_module_observed, unobserved, unwatched
from gossamer.nn.sequential import Sequential, idle
from gossamer.nn.structure import Structure
from gossamer.topology import Bipartite

_LARGEST_HEAD = 1 << 18
"""Weights of a dense layer that is run as a full junction: larger ones are faster in PyTorch."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A layer with what follows it.

    Args:
        module: a sparse layer, or a small `torch.nn.Linear` behind one.
        layer: what the kernels need of it, with the activation behind it.
        dropout: between it and the next one.
    """

    module: nn.Module
    layer: Layer
    dropout: nn.Dropout | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A model as modules without parameters, and layers behind them.

    Args:
        containers: the model, and the `Sequential`s in it.
        before: what runs before the first layer.
        rest: all modules from the first layer on.
        links: the layers among these.
        backend: computes them.
    """

    containers: list[nn.Module]
    before: list[nn.Module]
    rest: list[nn.Module]
    links: list[Link]
    backend: Backend


def chain_of(model: nn.Module) -> Chain | None:
    """The parts of a model, if it has no others and is unobserved."""
    if any_module_observed():
        return None
    containers: list[nn.Module] = []
    modules = _flat(model, containers)
    first = None if modules is None else _first_layer(modules)
    if modules is None or first is None:
        return None
    before, rest = modules[:first], modules[first:]
    if any(next(module.parameters(), None) is not None for module in before):
        return None
    links: list[Link] = []
    backend = best_for(rest[0].weight)  # type: ignore[arg-type]
    for module in rest:
        longer = _with(module, links, backend)
        if longer is None:
            return None
        links = longer
    return None if links[-1].dropout is not None else Chain(containers, before, rest, links, backend)


def _first_layer(modules: list[nn.Module]) -> int | None:
    return next((number for number, module in enumerate(modules) if isinstance(module, SparseLayer)), None)


def _flat(module: nn.Module, containers: list[nn.Module]) -> list[nn.Module] | None:
    """The modules of nested `Sequential`s in their order, without those that do nothing; None if one is observed."""
    if type(module) not in (Sequential, nn.Sequential):
        return None if containers == [] else [module]
    if not unobserved(module) or altered(module):
        return None
    containers.append(module)
    flat: list[nn.Module] = []
    for each in module._modules.values():
        if each is None:
            return None
        found = [] if idle(each) else _flat(each, containers)
        if found is None:
            return None
        flat += found
    return flat


def _with(module: nn.Module, links: list[Link], backend: Backend) -> list[Link] | None:
    """The links with one more module, if there is a place for it."""
    sparse = isinstance(module, SparseLayer)
    if not unobserved(module, but_for_passes=sparse) or altered(module):
        return None
    if isinstance(module, SparseLayer):
        layer = module.stackable(backend) if backend.stacks is not None else None
        return None if layer is None or not _quiet(module) else [*links, Link(module, layer)]
    if type(module) is nn.Linear:
        head = _head(module, backend)
        return None if head is None or not _quiet(module) else [*links, Link(module, head)]
    *others, last = links
    if type(module) is nn.Dropout:
        if not module.training or module.p == 0:
            return links
        return None if last.dropout is not None else [*others, replace(last, dropout=module)]
    activation = fusible(module)
    if activation is None or last.dropout is not None or last.layer.activation != IDENTITY:
        return None
    return [*others, replace(last, layer=last.layer._replace(activation=activation))]


def _quiet(module: nn.Module) -> bool:
    return all(unwatched(parameter) for parameter in module._parameters.values())


def _head(module: nn.Linear, backend: Backend) -> Layer | None:
    """A dense layer as a full junction, if it is small and plain."""
    weight, bias = module._parameters.get("weight"), module._parameters["bias"]
    if weight is None or weight.numel() > _LARGEST_HEAD or not weight.is_contiguous() or not backend.serves(weight):
        return None
    if weight.shape != (module.out_features, module.in_features) or min(weight.shape) < 1:
        return None
    return Layer(_full(*weight.shape), weight.detach().view(-1), bias, IDENTITY)


@functools.lru_cache(maxsize=8)
def _full(outputs: int, inputs: int) -> Structure:
    return Structure.of(Bipartite.from_mask(np.ones((outputs, inputs), dtype=np.bool_)))


def masks(chain: Chain, x: Tensor) -> list[Tensor | None]:
    """What dropout multiplies each layer's outputs by, drawn as the modules would for inputs `x` (B, I)."""
    drawn: list[Tensor | None] = []
    for link in chain.links[:-1]:
        if link.dropout is None:
            drawn.append(None)
            continue
        batch, features = x.shape[0], link.layer.structure.out_features
        turned = x.stride(0) == 1 and not x.is_contiguous()  # then activations are, too, and draws follow the memory
        ones = torch.ones((features, batch)).t() if turned else torch.ones((batch, features))
        drawn.append(nn.functional.dropout(ones.to(x.dtype), link.dropout.p, training=True))
    return drawn


def quiet_modules(chain: Chain) -> Iterator[nn.Module]:
    """Everything whose attributes and hooks decide what the chain computes."""
    yield from chain.containers
    for container in chain.containers:
        yield from (each for each in container._modules.values() if each is not None and idle(each))
    yield from chain.rest
