"""What a step in one call reads and writes, and whether all of it is still so."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from gossamer.native import extension
from gossamer.nn import optimizers
from gossamer.nn.chain import Chain, Link, chain_of, quiet_modules
from gossamer.nn.checks import check
from gossamer.nn.criteria import Criterion, loss_of
from gossamer.nn.kernels import Backend
from gossamer.nn.kernels.backend import Course, GradientBuffers, Group, Layer, Pass, Samples, Steps
from gossamer.nn.layer import OF_TOPOLOGY, SparseLayer
from gossamer.nn.observers import (
    MODULE_HOOKS,
    OPTIMIZER_HOOKS,
    PARAMETER_HOOKS,
    SCALED,
    VERSION,
    PassObserver,
    global_hooks,
    has_version,
    pass_observers,
    tell_schedulers,
)
from gossamer.nn.sequential import Sequential
from gossamer.nn.stack import serves
from gossamer.nn.structure import Structure
from gossamer.nn.watch import Watch


@dataclass(frozen=True, slots=True, eq=False)
class StepPlan:
    """Addresses of all that a step reads and writes, and what they were taken of."""

    chain: Chain
    stack: Sequential
    width: int  # features of the inputs
    outputs: int
    dtype: torch.dtype
    moving: list[bool]  # of each group whether it has momentum
    gradients: list[tuple[nn.Parameter, Tensor | None]]  # of all that the optimiser knows; frozen ones have none
    labels: bool  # whether targets are classes
    drops: bool  # whether there is dropout between the layers
    watch: Watch  # of all but the topologies
    topologies: Watch
    steps: Steps

    @classmethod
    def of(cls, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: Criterion) -> StepPlan | None:
        """A plan, if the model is a chain, and the optimiser updates its parameters and nothing else, and has begun."""
        chain = chain_of(model)
        if chain is None or not optimizers.known(optimizer):
            return None
        layers = [link.layer for link in chain.links]
        first, last = layers[0].structure, layers[-1].structure
        example = layers[0].weight
        loss = loss_of(criterion, example, last.out_features)
        trained = _trained(chain, optimizer)
        if loss is None or not trained or chain.backend.steps is None:
            return None
        buffers: dict[Tensor | None, Tensor] = {p: torch.empty_like(p, requires_grad=False) for p in trained}
        for structure, weight, bias, _ in layers:
            check(structure, example.new_empty(0, structure.in_features), weight, bias)
        groups = _groups(optimizer, buffers, chain.backend)
        if groups is None or _overlap([tensor for group in groups for row in group.updated for tensor in row]):
            return None
        own = [link.module._parameters for link in chain.links]
        of_layers = [GradientBuffers(buffers.get(each["weight"]), buffers.get(each["bias"])) for each in own]
        return cls(
            chain=chain,
            stack=Sequential(*chain.rest),
            width=first.in_features,
            outputs=last.out_features,
            dtype=example.dtype,
            moving=optimizers.moving(optimizer),
            gradients=[(p, buffers.get(p)) for group in optimizer.param_groups for p in group["params"]],
            labels=loss.labels,
            drops=any(link.dropout is not None for link in chain.links),
            watch=_watch(chain, optimizer, criterion, list(buffers.values())),
            topologies=_watch_topologies(chain),
            steps=chain.backend.steps(layers, of_layers, groups, loss),
        )

    def holds(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether all tensors are where they were, and nothing is observed."""
        return self.watch.holds() and self.topologies.holds() and self.moving == optimizers.moving(optimizer)

    def following(self, optimizer: torch.optim.Optimizer) -> StepPlan | None:
        """The plan for the topologies of now, if nothing but these has changed: as rules that keep counts leave it.

        Raises:
            InvalidTopologyError: a layer's buffers hold no junction.
        """
        if not self.watch.holds() or self.moving != optimizers.moving(optimizer):
            return None
        before = self.chain
        links = [_followed(link) for link in before.links]
        chain = Chain(before.containers, before.before, before.rest, links, before.backend)
        layers = [link.layer for link in links]
        known = self.stack, self.width, self.outputs, self.dtype, self.moving, self.gradients, self.labels, self.drops
        return StepPlan(chain, *known, self.watch, _watch_topologies(chain), self.steps.following(layers))

    def takes(self, x: Tensor, targets: Tensor) -> bool:
        """Whether inputs and targets fit."""
        if not serves(x, self.chain.backend) or x.dtype is not self.dtype:
            return False
        batch, width = x.shape
        shape, dtype = ((batch,), torch.int64) if self.labels else ((batch, self.outputs), self.dtype)
        return width == self.width and targets.dtype is dtype and targets.shape == shape and batch > 0

    def run(
        self, samples: Samples, course: Course, optimizer: torch.optim.Optimizer
    ) -> tuple[list[float], list[Tensor]]:
        """Take steps; see `gossamer.nn.kernels.backend.Steps` for what is returned and raised."""
        looking = self.looking()
        links = self.chain.links
        rooms = {number: _room(links[number].layer, samples.inputs, number) for number in looking}
        if rooms:
            samples = samples._replace(passes=[rooms.get(number) for number in range(len(links))])
        found = self.steps.run(samples, course)
        for parameter, gradient in self.gradients:
            if parameter.grad is not gradient:
                parameter.grad = gradient
        increment_version([parameter for parameter, gradient in self.gradients if gradient is not None])
        tell_schedulers(optimizer)
        for number, room in rooms.items():
            for observer in looking[number]:
                observer.saw(samples.inputs if room.inputs is None else room.inputs, room.gradient)
        return found

    def looking(self) -> dict[int, list[PassObserver]]:
        """Who looks at what passes through which link."""
        return {n: pass_observers(link.module) for n, link in enumerate(self.chain.links) if link.module._forward_hooks}


def _followed(link: Link) -> Link:
    if not isinstance(link.module, SparseLayer):
        return link
    _, weight, bias, activation = link.layer  # whose memory is watched
    return Link(link.module, Layer(link.module.structure, weight, bias, activation), link.dropout)


def _room(layer: Layer, x: Tensor, number: int) -> Pass:
    """A place for what passes through a layer; the first one's inputs are at hand."""
    batch, structure = x.shape[0], layer.structure
    exact = torch.float64 if x.dtype is torch.float64 else torch.float32
    inputs = x.new_empty(structure.in_features, batch, dtype=exact).t() if number else None
    return Pass(inputs, x.new_empty(structure.out_features, batch, dtype=exact).t())


def _trained(chain: Chain, optimizer: torch.optim.Optimizer) -> list[nn.Parameter] | None:
    """Parameters that change, if they are all that the optimiser changes, and each has a place of its own."""
    parameters = [p for link in chain.links for p in link.module._parameters.values() if p is not None]
    shared = len(set(parameters)) < len(parameters)
    if shared or not all(optimizers.like(p, parameters[0], chain.backend) for p in parameters):
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


def _watch(chain: Chain, optimizer: torch.optim.Optimizer, criterion: Criterion, gradients: list[Tensor]) -> Watch:
    """What a plan hangs on."""
    watch = Watch()
    for hooks in global_hooks():
        watch.values(hooks)  # they were found to be none, or none that acts
    for container in chain.containers:
        watch.values(container._modules)
    modules = list(quiet_modules(chain))
    tensors = list(gradients)
    if isinstance(criterion, nn.Module):
        modules.append(criterion)
        for held in (criterion._buffers, criterion._parameters, criterion._modules):
            watch.values(held)
        tensors += [buffer for buffer in criterion._buffers.values() if buffer is not None]
    for module in modules:
        watch.values(vars(module), but=OF_TOPOLOGY if isinstance(module, SparseLayer) else frozenset())
        _watch_hooks(watch, module)
    tensors += [tensor for link in chain.links for tensor in _watch_layer(watch, link.module)]
    for tensor in (*tensors, *_watch_optimizer(watch, optimizer)):
        watch.attributes(tensor, "dtype")
        for method in (Tensor.data_ptr, Tensor.numel, Tensor.is_contiguous):
            watch.result(method, tensor)
    return watch


def _watch_hooks(watch: Watch, module: nn.Module) -> None:
    """Watch that a module has no hooks, or a sparse layer none but such as a step tells what they look for."""
    for name in MODULE_HOOKS:
        hooks = getattr(module, name)
        if name == "_forward_hooks" and isinstance(module, SparseLayer):
            watch.kind(hooks, PassObserver)
        else:
            watch.empty(hooks)


def _watch_layer(watch: Watch, layer: nn.Module) -> list[Tensor]:
    """Watch a layer; the tensors whose memory counts."""
    for parameter in layer._parameters.values():
        if parameter is not None:
            watch.attributes(parameter, "requires_grad", *PARAMETER_HOOKS)
            # a hook that was removed leaves an empty dictionary, to which the next one is added
            left = (getattr(parameter, name, None) for name in PARAMETER_HOOKS)
            watch.empty(*(hooks for hooks in left if hooks is not None))
    for held in (layer._parameters, layer._buffers):
        watch.values(held)
    return [parameter for parameter in layer._parameters.values() if parameter is not None]


def _watch_topologies(chain: Chain) -> Watch:
    """What changes where edges do, and nothing else."""
    watch = Watch()
    for link in chain.links:
        if isinstance(link.module, SparseLayer):
            _watch_structure(watch, link.layer.structure)
    return watch


def _watch_structure(watch: Watch, structure: Structure) -> None:
    for array in structure.arrays:
        watch.result(Tensor.data_ptr, array)
        if has_version(array):
            watch.result(VERSION, array)
    for pair in structure.pairs:
        watch.result(extension.alike, pair)


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
