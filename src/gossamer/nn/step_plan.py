"""What a step in one call reads and writes, and whether all of it is still so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from gossamer.nn import optimizers
from gossamer.nn.checks import check
from gossamer.nn.kernels import Backend, best_for
from gossamer.nn.kernels.backend import Group, Layer, Steps, Wells
from gossamer.nn.layer import SparseLayer
from gossamer.nn.observers import (
    MODULE_HOOKS,
    OPTIMIZER_HOOKS,
    PARAMETER_HOOKS,
    SCALED,
    any_module_observed,
    global_hooks,
    tell_schedulers,
    unobserved,
    unwatched,
)
from gossamer.nn.sequential import Sequential, idle, stackable
from gossamer.nn.stack import serves
from gossamer.nn.watch import Watch

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""A scalar out of a network's outputs and the targets."""


@dataclass(frozen=True, slots=True, eq=False)
class StepPlan:
    """Addresses of all that a step reads and writes, and what they were taken of."""

    before: list[nn.Module]
    stack: Sequential
    backend: Backend
    width: int  # features of the inputs
    dtype: torch.dtype
    moving: list[bool]  # of each group whether it has momentum
    gradients: list[tuple[nn.Parameter, Tensor | None]]  # of all that the optimiser knows; frozen ones have none
    smoothing: float
    watch: Watch
    steps: Steps

    @classmethod
    def of(cls, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: Criterion) -> StepPlan | None:
        """A plan, if the model is a stack, and the optimiser updates its parameters and nothing else, and has begun."""
        split = _split(model)
        if split is None or not optimizers.known(optimizer) or not _mean_cross_entropy(criterion):
            return None
        example = split.modules[0].weight
        trained = _trained(split.modules, optimizer, split.backend)
        if trained is None or split.backend.steps is None:
            return None
        wells: dict[Tensor | None, Tensor] = {p: torch.empty_like(p, requires_grad=False) for p in trained}
        for layer in split.layers:
            check(layer.structure, example.new_empty(0, layer.structure.in_features), layer.weight, layer.bias)
        groups = _groups(optimizer, wells, split.backend)
        if groups is None:
            return None
        of_layers = [Wells(wells.get(module.weight), wells.get(module.bias)) for module in split.modules]
        return cls(
            before=split.before,
            stack=Sequential(*split.modules),
            backend=split.backend,
            width=split.modules[0].in_features,
            dtype=example.dtype,
            moving=optimizers.moving(optimizer),
            gradients=[(p, wells.get(p)) for group in optimizer.param_groups for p in group["params"]],
            smoothing=criterion.label_smoothing,  # type: ignore[attr-defined]
            watch=_watch(model, split.modules, optimizer, criterion),
            steps=split.backend.steps(split.layers, of_layers, groups),
        )

    def holds(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether all is where it was, and nobody has begun to look."""
        return self.watch.holds() and self.moving == optimizers.moving(optimizer)

    def takes(self, x: Tensor, labels: Tensor) -> bool:
        """Whether inputs and labels fit."""
        if not serves(x, self.backend) or x.dtype is not self.dtype:
            return False
        batch, width = x.shape
        return width == self.width and labels.shape == (batch,) and batch > 0

    def run(self, x: Tensor, labels: Tensor, optimizer: torch.optim.Optimizer) -> tuple[float, Tensor]:
        """One step. ValueError: a label is no class."""
        rates = [optimizers.rates(group) for group in optimizer.param_groups]
        found = self.steps.run(x, labels, self.smoothing, rates)
        for parameter, gradient in self.gradients:
            if parameter.grad is not gradient:
                parameter.grad = gradient
        increment_version([parameter for parameter, gradient in self.gradients if gradient is not None])
        tell_schedulers(optimizer)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """A model as modules without parameters, and sparse layers behind them."""

    before: list[nn.Module]
    modules: list[SparseLayer]
    layers: list[Layer]
    backend: Backend


def _split(model: nn.Module) -> _Split | None:
    """The parts of a model, if it has no others and nobody looks inside."""
    if type(model) is not Sequential or not unobserved(model) or any_module_observed():
        return None
    modules = [module for module in model._modules.values() if module is not None and not idle(module)]
    first = next((number for number, module in enumerate(modules) if isinstance(module, SparseLayer)), None)
    if first is None:
        return None
    before, sparse = modules[:first], [module for module in modules[first:] if isinstance(module, SparseLayer)]
    if len(before) + len(sparse) < len(modules):
        return None
    if any(next(module.parameters(), None) is not None for module in before):
        return None
    backend = best_for(sparse[0].weight)
    layers = [stackable(module, backend) for module in sparse]
    found = [layer for layer in layers if layer is not None]
    if len(found) < len(layers) or not all(unwatched(p) for module in sparse for p in module._parameters.values()):
        return None
    return _Split(before, sparse, found, backend)


def _trained(
    modules: list[SparseLayer], optimizer: torch.optim.Optimizer, backend: Backend
) -> list[nn.Parameter] | None:
    """Parameters that change, if they are all that the optimiser changes, and each has a place of its own."""
    parameters = [p for module in modules for p in module._parameters.values() if p is not None]
    shared = len(set(parameters)) < len(parameters)
    if shared or not all(optimizers.like(p, parameters[0], backend) for p in parameters):
        return None
    trained = [p for p in parameters if p.requires_grad]
    changed = {p for group in optimizer.param_groups for p in group["params"] if p.requires_grad}
    return trained if set(trained) == changed else None


def _groups(
    optimizer: torch.optim.Optimizer, wells: dict[Tensor | None, Tensor], backend: Backend
) -> list[Group] | None:
    """What the optimiser changes, if it has made all its state."""
    groups = []
    for group in optimizer.param_groups:
        own = [p for p in group["params"] if p.requires_grad]
        rows = [optimizers.updated(p, wells[p], group, optimizer.state.get(p, {}), backend) for p in own]
        begun = [row for row in rows if row is not None]
        if len(begun) < len(rows):
            return None
        groups.append(Group(optimizers.is_adam(group), begun))
    return groups


def _mean_cross_entropy(criterion: Criterion) -> bool:
    """Whether a criterion is what the kernels compute, and nobody looks at it."""
    if type(criterion) is not nn.CrossEntropyLoss:
        return False
    return criterion.weight is None and criterion.reduction == "mean" and unobserved(criterion)


def _watch(
    model: nn.Module, layers: list[SparseLayer], optimizer: torch.optim.Optimizer, criterion: Criterion
) -> Watch:
    """What a plan hangs on."""
    watch = Watch()
    watch.values(model._modules)
    watch.values(vars(criterion)["_buffers"])
    watch.items(vars(criterion), "reduction", "label_smoothing")
    watch.empty(*global_hooks())
    assert isinstance(criterion, nn.Module)
    quiet = [module for module in model._modules.values() if idle(module)]
    for module in (model, criterion, *layers, *quiet):
        assert module is not None
        watch.empty(*(getattr(module, name) for name in MODULE_HOOKS))
        watch.items(vars(module), "forward")
    tensors = [tensor for layer in layers for tensor in _watch_layer(watch, layer)]
    tensors += _watch_optimizer(watch, optimizer)
    for tensor in tensors:
        watch.result(Tensor.data_ptr, tensor)
    return watch


def _watch_layer(watch: Watch, layer: SparseLayer) -> list[Tensor]:
    """Watch a layer; the tensors whose addresses count."""
    watch.items(vars(layer), "activation", "backend")
    for parameter in layer._parameters.values():
        if parameter is not None:
            watch.attributes(parameter, "requires_grad", *PARAMETER_HOOKS)
            # a hook that was removed leaves an empty dictionary, to which the next one is added
            left = (getattr(parameter, name, None) for name in PARAMETER_HOOKS)
            watch.empty(*(hooks for hooks in left if hooks is not None))
            watch.result(Tensor.numel, parameter)
    tensors: list[Tensor] = []
    for held in (layer._parameters, layer._buffers):
        watch.values(held)
        tensors += [tensor for tensor in held.values() if tensor is not None]
    return tensors


def _watch_optimizer(watch: Watch, optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Watch an optimiser; the tensors whose addresses count."""
    watch.items(vars(optimizer), "state", "param_groups", "step", *SCALED)
    watch.empty(*(getattr(optimizer, name) for name in OPTIMIZER_HOOKS))
    watch.members(optimizer.param_groups)
    watch.values(optimizer.state)
    for group in optimizer.param_groups:
        watch.items(group, "params", *optimizers.LEFT)
        watch.members(group["params"])
    tensors: list[Tensor] = []
    for kept in optimizer.state.values():
        watch.values(kept)
        tensors += [tensor for tensor in kept.values() if type(tensor) is Tensor]
    return tensors
