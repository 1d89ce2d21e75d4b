"""A whole training step in one native call.

At one per cent of the edges autograd, the loss and the optimiser are most of a step (`benchmarks/training_step.py`).
Where a network is nothing but sparse layers, who feeds whom is known beforehand: forward, cross-entropy, backward and
update are then one call, in which each thread takes its part of the batch through all layers and back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version
from torch.nn.modules import module as torch_module
from torch.nn.modules.module import _has_any_global_hook
from torch.optim import optimizer as torch_optimizer

from gossamer.nn.kernels import native
from gossamer.nn.linear import SparseLinear
from gossamer.nn.operators import check, traced
from gossamer.nn.sequential import Sequential, stackable, unobserved
from gossamer.nn.stack import serves
from gossamer.nn.watch import Watch

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""A scalar out of a network's outputs and the targets."""

_OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)

_GLOBAL_HOOKS = (
    torch_module._global_forward_hooks,
    torch_module._global_forward_pre_hooks,
    torch_module._global_backward_hooks,
    torch_module._global_backward_pre_hooks,
)

_PARAMETER_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")

_UNKNOWN = ("maximize", "differentiable", "capturable", "amsgrad")
"""Options of theirs that are left to PyTorch."""


class TrainingStep:
    """Training steps of a model: `optimizer.zero_grad()`, the loss and its `backward()`, `optimizer.step()`.

    One native call for a `gossamer.nn.Sequential` of nothing but sparse layers, behind modules without parameters, with
    a plain `torch.nn.CrossEntropyLoss` of class labels and `torch.optim.SGD`, `Adam` or `AdamW`. Everything else takes
    PyTorch's way: the first step, hooks on modules, parameters or the optimiser, other layers, losses, optimisers,
    devices, autocast, inputs that want gradients. The results are the same, up to rounding.

    What a loop of one's own would find is there afterwards: gradients in `.grad` (the next step writes over them), the
    optimiser's state, new versions of the parameters. Between two steps anything may change: rates, the topology,
    parameters, hooks, modules.

    Args:
        model: takes inputs, gives what `criterion` takes.
        optimizer: of the model's parameters.
        criterion: gives a scalar out of outputs and targets.

    Raises:
        TypeError: arguments of another type.

    References:
        The arithmetic is that of `torch.optim` and `torch.nn.CrossEntropyLoss`.

    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 1], [1, 1]])]))
    >>> step = TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    >>> loss, outputs = step(torch.ones(3, 2), torch.tensor([0, 1, 0]))
    >>> outputs.shape
    torch.Size([3, 2])
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: Criterion) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model is {type(model).__name__}; a torch.nn.Module is needed.")
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(f"optimizer is {type(optimizer).__name__}; a torch.optim.Optimizer is needed.")
        if not callable(criterion):
            raise TypeError(f"criterion is {type(criterion).__name__}; a function of outputs and targets is needed.")
        self._model, self._optimizer, self._criterion = model, optimizer, criterion
        self._plan: _Plan | None = None

    def __call__(self, x: Tensor, targets: Tensor) -> tuple[float, Tensor]:
        """Take one step.

        Args:
            x: inputs, (B, I) for the fast way.
            targets: what the criterion compares with.

        Returns:
            The loss, and the model's outputs, detached; both from before the update.

        Raises:
            ValueError: shapes that do not fit.
            TypeError: dtypes that differ, inputs that are no tensor.
            IndexError: a label that is no class, as from `torch.nn.functional.cross_entropy`.
        """
        if not isinstance(x, Tensor):
            raise TypeError(f"x is {type(x).__name__}; a torch.Tensor is needed.")
        if not _plain(x, targets):
            return self._ordinary(self._model, x, targets)
        plan = self._plan
        if plan is None or not plan.holds(self._optimizer):
            plan = self._plan = _Plan.of(self._model, self._optimizer, self._criterion)
        if plan is None:
            return self._ordinary(self._model, x, targets)
        if plan.before:
            with torch.no_grad():
                for module in plan.before:
                    x = module(x)
        if plan.takes(x, targets):
            with contextlib.suppress(ValueError):  # labels that are no classes: PyTorch knows one that it skips
                return plan.run(x, targets, self._optimizer)
        return self._ordinary(plan.stack, x, targets)

    def _ordinary(self, model: nn.Module, x: Tensor, targets: Tensor) -> tuple[float, Tensor]:
        self._optimizer.zero_grad()
        outputs = model(x)
        loss = self._criterion(outputs, targets)
        loss.backward()
        self._optimizer.step()
        return loss.item(), outputs.detach()


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Addresses of all that a step reads and writes, and what they were taken of."""

    before: list[nn.Module]
    stack: Sequential
    width: int  # features of the inputs
    dtype: torch.dtype
    moving: list[bool]  # of each group whether it has momentum
    gradients: list[tuple[nn.Parameter, Tensor | None]]  # of all that the optimiser knows; frozen ones have none
    smoothing: float
    watch: Watch
    native: native.Plan

    @classmethod
    def of(cls, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: Criterion) -> _Plan | None:
        """A plan, if the model is a stack, and the optimiser updates its parameters and nothing else, and has begun."""
        split = _split(model)
        if split is None or not _known(optimizer) or not _mean_cross_entropy(criterion) or not native.built():
            return None
        before, layers = split
        example = layers[0].weight
        parameters = [p for layer in layers for p in layer._parameters.values() if p is not None]
        updated = [[p for p in group["params"] if p.requires_grad] for group in optimizer.param_groups]
        shared = len(set(parameters)) < len(parameters)
        if shared or not all(_like(p, example) for p in parameters):
            return None
        trained = [p for p in parameters if p.requires_grad]
        if set(trained) != {p for group in updated for p in group}:
            return None
        wells: dict[Tensor | None, Tensor] = {p: torch.empty_like(p, requires_grad=False) for p in trained}
        for layer in layers:
            check(layer.structure, example.new_empty(0, layer.in_features), layer.weight, layer.bias)
        groups = []
        for group, own in zip(optimizer.param_groups, updated, strict=True):
            rows = [_row(p, wells[p], group, optimizer.state.get(p, {})) for p in own]
            begun = [row for row in rows if row is not None]
            if len(begun) < len(rows):
                return None
            groups.append(("betas" in group, begun))
        of_layers = [(wells.get(layer.weight), wells.get(layer.bias)) for layer in layers]
        return cls(
            before,
            Sequential(*layers),
            layers[0].in_features,
            example.dtype,
            _moving(optimizer),
            [(p, wells.get(p)) for group in optimizer.param_groups for p in group["params"]],
            criterion.label_smoothing,  # type: ignore[attr-defined]
            _watch(model, layers, optimizer, criterion),
            native.Plan([layer.described() for layer in layers], of_layers, groups),
        )

    def holds(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether all is where it was, and nobody has begun to look."""
        return self.watch.holds() and self.moving == _moving(optimizer)

    def takes(self, x: Tensor, labels: Tensor) -> bool:
        """Whether inputs and labels fit."""
        if not serves(x) or x.dtype is not self.dtype:
            return False
        batch, width = x.shape
        return width == self.width and labels.shape == (batch,) and batch > 0

    def run(self, x: Tensor, labels: Tensor, optimizer: torch.optim.Optimizer) -> tuple[float, Tensor]:
        """One step. ValueError: a label is no class."""
        found = self.native.run(x, labels, self.smoothing, [_rates(group) for group in optimizer.param_groups])
        for parameter, gradient in self.gradients:
            if parameter.grad is not gradient:
                parameter.grad = gradient
        increment_version([parameter for parameter, gradient in self.gradients if gradient is not None])
        optimizer._opt_called = True  # type: ignore[attr-defined]  # schedulers ask whether there was a step
        return found


def _plain(x: Tensor, targets: Tensor) -> bool:
    """Whether inputs and targets are of the kind that one call serves."""
    labels = type(targets) is Tensor and targets.dtype is torch.int64 and targets.is_cpu and targets.is_contiguous()
    return labels and not x.requires_grad and not traced(x) and torch.is_grad_enabled()


def _mean_cross_entropy(criterion: Criterion) -> bool:
    """Whether a criterion is what the kernels compute, and nobody looks at it."""
    if type(criterion) is not nn.CrossEntropyLoss:
        return False
    return criterion.weight is None and criterion.reduction == "mean" and unobserved(criterion)


def _moving(optimizer: torch.optim.Optimizer) -> list[bool]:
    return [group.get("momentum", 0) != 0 for group in optimizer.param_groups]


def _watch(
    model: nn.Module, layers: list[SparseLinear], optimizer: torch.optim.Optimizer, criterion: Criterion
) -> Watch:
    """What a plan hangs on."""
    watch = Watch()
    watch.values(model._modules)
    watch.values(vars(criterion)["_buffers"])
    watch.items(vars(criterion), "reduction", "label_smoothing")
    watch.empty(*_GLOBAL_HOOKS)
    assert isinstance(criterion, nn.Module)
    idle = [module for module in model._modules.values() if module is not None and _does_nothing(module)]
    for module in (model, criterion, *layers, *idle):
        hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
        watch.empty(*hooks)
        watch.items(vars(module), "forward")
    tensors: list[Tensor] = []
    for layer in layers:
        watch.items(vars(layer), "activation", "backend")
        for held in (layer._parameters, layer._buffers):
            watch.values(held)
            tensors += [tensor for tensor in held.values() if tensor is not None]
        for parameter in layer._parameters.values():
            if parameter is not None:
                watch.attributes(parameter, "requires_grad", *_PARAMETER_HOOKS)
                # a hook that was removed leaves an empty dictionary, to which the next one is added
                left = (getattr(parameter, name, None) for name in _PARAMETER_HOOKS)
                watch.empty(*(hooks for hooks in left if hooks is not None))
                watch.result(Tensor.numel, parameter)
    watch.items(vars(optimizer), "state", "param_groups", "step", "grad_scale", "found_inf")
    watch.empty(optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks)
    watch.empty(torch_optimizer._global_optimizer_pre_hooks, torch_optimizer._global_optimizer_post_hooks)
    watch.members(optimizer.param_groups)
    watch.values(optimizer.state)
    for group in optimizer.param_groups:
        watch.items(group, "params", *_UNKNOWN)
        watch.members(group["params"])
    for kept in optimizer.state.values():
        watch.values(kept)
        tensors += [tensor for tensor in kept.values() if type(tensor) is Tensor]
    for tensor in tensors:
        watch.result(Tensor.data_ptr, tensor)
    return watch


def _split(model: nn.Module) -> tuple[list[nn.Module], list[SparseLinear]] | None:
    """Modules without parameters, and sparse layers behind them, if a model is that and nobody looks inside."""
    if type(model) is not Sequential or not unobserved(model) or _has_any_global_hook():
        return None
    modules = [module for module in model._modules.values() if not _does_nothing(module)]
    first = next((number for number, module in enumerate(modules) if type(module) is SparseLinear), None)
    if first is None:
        return None
    before, sparse = modules[:first], modules[first:]
    if any(next(module.parameters(), None) is not None for module in before if module is not None):
        return None
    if not all(stackable(module) and all(map(_unwatched, module._parameters.values())) for module in sparse):
        return None
    return before, sparse  # type: ignore[return-value]


def _does_nothing(module: nn.Module | None) -> bool:
    return type(module) is nn.Identity and unobserved(module)


def _unwatched(parameter: Tensor | None) -> bool:
    return not any(getattr(parameter, name, None) for name in _PARAMETER_HOOKS)


def _known(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimiser does what the kernels do, and nobody looks at its steps."""
    if type(optimizer) not in _OPTIMIZERS or any(
        group.get(option) for group in optimizer.param_groups for option in _UNKNOWN
    ):
        return False
    step = vars(optimizer).get("step")  # a scheduler's notes that it was called; others may do anything
    return not (
        (step is not None and not hasattr(step, "_wrapped_by_lr_sched"))
        or optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
        or torch_optimizer._global_optimizer_pre_hooks
        or torch_optimizer._global_optimizer_post_hooks
        or getattr(optimizer, "grad_scale", None) is not None
        or getattr(optimizer, "found_inf", None) is not None
    )


def _row(p: Tensor, gradient: Tensor, group: dict[str, Any], state: dict[str, Any]) -> native.Updated | None:
    """What the kernels need to update a parameter, if the optimiser has made it already."""
    if "betas" in group:
        first, second, steps = (state.get(name) for name in ("exp_avg", "exp_avg_sq", "step"))
        counts = type(steps) is Tensor and steps.is_cpu and steps.dtype is torch.float32
        return (p, gradient, first, second, steps) if counts and _like(first, p) and _like(second, p) else None
    velocity = state.get("momentum_buffer") if group["momentum"] else None
    if group["momentum"] and not _like(velocity, p):
        return None
    return p, gradient, velocity, None, None


def _like(tensor: Tensor | None, other: Tensor) -> bool:
    """Whether the kernels may follow the pointer of one as they do that of the other."""
    if tensor is None or type(tensor) not in (Tensor, nn.Parameter):
        return False
    same = tensor.dtype is other.dtype and tensor.is_cpu and tensor.layout is torch.strided
    return same and tensor.is_contiguous() and native.serves(tensor)


def _rates(group: dict[str, Any]) -> list[float]:
    """What `native.Plan` takes, read anew at every step: schedulers change it."""
    if "betas" in group:
        rates = (group["lr"], *group["betas"], group["eps"], group["weight_decay"], group["decoupled_weight_decay"])
    else:
        rates = tuple(group[name] for name in ("lr", "momentum", "dampening", "weight_decay", "nesterov"))
    return list(map(float, rates))
