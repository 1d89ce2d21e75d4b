"""What a step in one call reads and writes, and whether all of it is still so."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from gossamer.native import extension
from gossamer.nn import optimizers
from gossamer.nn.checks import check
from gossamer.nn.kernels import Backend, best_for
from gossamer.nn.kernels.backend import GradientBuffers, Group, Layer, Steps
from gossamer.nn.layer import SparseLayer
from gossamer.nn.observers import (
    MODULE_ATTRIBUTES,
    MODULE_HOOKS,
    OPTIMIZER_HOOKS,
    PARAMETER_HOOKS,
    SCALED,
    VERSION,
    altered,
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
        if split is None or not optimizers.known(optimizer):
            return None
        if not _mean_cross_entropy(criterion, split.modules[-1].out_features):
            return None
        example = split.modules[0].weight
        trained = _trained(split.modules, optimizer, split.backend)
        if not trained or split.backend.steps is None:
            return None
        buffers: dict[Tensor | None, Tensor] = {p: torch.empty_like(p, requires_grad=False) for p in trained}
        for layer in split.layers:
            check(layer.structure, example.new_empty(0, layer.structure.in_features), layer.weight, layer.bias)
        groups = _groups(optimizer, buffers, split.backend)
        if groups is None or _overlap([tensor for group in groups for row in group.updated for tensor in row]):
            return None
        of_layers = [GradientBuffers(buffers.get(module.weight), buffers.get(module.bias)) for module in split.modules]
        return cls(
            before=split.before,
            stack=Sequential(*split.modules),
            backend=split.backend,
            width=split.modules[0].in_features,
            dtype=example.dtype,
            moving=optimizers.moving(optimizer),
            gradients=[(p, buffers.get(p)) for group in optimizer.param_groups for p in group["params"]],
            smoothing=criterion.label_smoothing,  # type: ignore[attr-defined]
            watch=_watch(model, split.modules, optimizer, criterion, list(buffers.values())),
            steps=split.backend.steps(split.layers, of_layers, groups),
        )

    def holds(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether all tensors are where they were, and nothing is observed."""
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
    """The parts of a model, if it has no others and is unobserved."""
    if type(model) is not Sequential or not unobserved(model) or altered(model) or any_module_observed():
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
    layers = [None if altered(module) else stackable(module, backend) for module in sparse]
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
    optimizer: torch.optim.Optimizer, buffers: dict[Tensor | None, Tensor], backend: Backend
) -> list[Group] | None:
    """What the optimiser changes, if it has made all its state."""
    groups = []
    for group in optimizer.param_groups:
        own = [p for p in group["params"] if p.requires_grad]
        rows = [optimizers.updated(p, buffers[p], group, optimizer.state.get(p, {}), backend) for p in own]
        begun = [row for row in rows if row is not None]
        if len(begun) < len(rows):
            return None
        groups.append(Group(optimizers.is_adam(group), begun))
    return groups


def _overlap(tensors: list[Tensor | None]) -> bool:
    """Whether two contiguous tensors share memory: they would be changed one after the other, not at once."""
    held = [tensor for tensor in tensors if tensor is not None and tensor.numel()]
    ends = sorted((tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes) for tensor in held)
    return any(end > start for (_, end), (start, _) in itertools.pairwise(ends))


_CRITERION = MODULE_ATTRIBUTES | {"reduction", "label_smoothing", "ignore_index"}
"""What `nn.CrossEntropyLoss` holds in PyTorch 2.13.0, with the buffer `weight`."""


def _mean_cross_entropy(criterion: Criterion, classes: int) -> bool:
    """Whether a criterion is what the kernels compute, and is unobserved."""
    if type(criterion) is not nn.CrossEntropyLoss or not vars(criterion).keys() <= _CRITERION:
        return False
    held = {**criterion._parameters, **criterion._modules, **criterion._buffers}
    plain = held == {"weight": None} and criterion.reduction == "mean" and 0 <= criterion.label_smoothing <= 1
    return plain and not 0 <= criterion.ignore_index < classes and unobserved(criterion)


def _watch(
    model: nn.Module,
    layers: list[SparseLayer],
    optimizer: torch.optim.Optimizer,
    criterion: Criterion,
    gradients: list[Tensor],
) -> Watch:
    """What a plan hangs on."""
    watch = Watch()
    watch.values(model._modules)
    watch.empty(*global_hooks())
    assert isinstance(criterion, nn.Module)
    quiet = [module for module in model._modules.values() if idle(module)]
    for module in (model, criterion, *layers, *quiet):
        assert module is not None
        watch.values(vars(module))
        watch.empty(*(getattr(module, name) for name in MODULE_HOOKS))
    for held in (criterion._buffers, criterion._parameters, criterion._modules):
        watch.values(held)
    tensors = [tensor for layer in layers for tensor in _watch_layer(watch, layer)]
    for tensor in (*tensors, *gradients, *_watch_optimizer(watch, optimizer)):
        watch.attributes(tensor, "dtype")
        for method in (Tensor.data_ptr, Tensor.numel, Tensor.is_contiguous):
            watch.result(method, tensor)
    return watch


def _watch_layer(watch: Watch, layer: SparseLayer) -> list[Tensor]:
    """Watch a layer; the tensors whose memory counts."""
    for parameter in layer._parameters.values():
        if parameter is not None:
            watch.attributes(parameter, "requires_grad", *PARAMETER_HOOKS)
            # a hook that was removed leaves an empty dictionary, to which the next one is added
            left = (getattr(parameter, name, None) for name in PARAMETER_HOOKS)
            watch.empty(*(hooks for hooks in left if hooks is not None))
    for held in (layer._parameters, layer._buffers):
        watch.values(held)
    structure = layer.structure
    for array in structure.arrays:
        watch.result(Tensor.data_ptr, array)
        if not array.is_inference():
            watch.result(VERSION, array)
    for pair in structure.pairs:
        watch.result(extension.alike, pair)
    return [parameter for parameter in layer._parameters.values() if parameter is not None]


def _watch_optimizer(watch: Watch, optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Watch an optimiser; the tensors whose memory counts."""
    watch.items(vars(optimizer), "state", "param_groups", "step", "zero_grad", *SCALED)
    watch.empty(*(getattr(optimizer, name) for name in OPTIMIZER_HOOKS))
    watch.values(optimizer.defaults)
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
