"""A whole training step in one native call.

At one per cent of the edges autograd, the loss and the optimiser are most of a step (`benchmarks/training_step.py`).
Where a network is nothing but sparse layers, who feeds whom is known beforehand: forward, cross-entropy, backward and
update are then one call, in which each thread takes its part of the batch through all layers and back.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version
from torch.nn.modules.module import _has_any_global_hook
from torch.optim import optimizer as torch_optimizer

from gossamer.nn.kernels import native
from gossamer.nn.linear import SparseLinear
from gossamer.nn.operators import check, traced
from gossamer.nn.sequential import Sequential, stackable, unobserved
from gossamer.nn.stack import serves

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""A scalar out of a network's outputs and the targets."""

_OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)

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
            TypeError: dtypes that differ.
            IndexError: a label that is no class, as from `torch.nn.functional.cross_entropy`.
        """
        split = _split(self._model) if self._usual(x, targets) and _known(self._optimizer) else None
        if split is None:
            return self._ordinary(self._model, x, targets)
        before, layers = split
        with torch.no_grad():
            for module in before:
                x = module(x)
        if self._plan is None or not self._plan.holds(layers, self._optimizer):
            self._plan = _Plan.of(layers, self._optimizer)
        if self._plan is not None and self._plan.takes(x, targets):
            with contextlib.suppress(ValueError):  # labels that are no classes: PyTorch knows one that it skips
                smoothing = self._criterion.label_smoothing  # type: ignore[attr-defined]
                return self._plan.run(x, targets, smoothing, self._optimizer)
        return self._ordinary(Sequential(*layers), x, targets)

    def _usual(self, x: Tensor, targets: Tensor) -> bool:
        """Whether inputs, targets and criterion are of the kind that one call serves."""
        criterion = self._criterion
        if type(criterion) is not nn.CrossEntropyLoss or criterion._buffers["weight"] is not None:
            return False
        labels = type(targets) is Tensor and targets.dtype is torch.int64 and targets.is_cpu and targets.is_contiguous()
        plain = native.built() and torch.is_grad_enabled() and not x.requires_grad and not traced(x)
        return labels and plain and criterion.reduction == "mean" and unobserved(criterion)

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

    width: int  # features of the inputs
    dtype: torch.dtype
    objects: list[object]
    numbers: list[int]
    gradients: list[tuple[nn.Parameter, Tensor | None]]  # of all that the optimiser knows; frozen ones have none
    native: native.Plan

    @classmethod
    def of(cls, layers: list[SparseLinear], optimizer: torch.optim.Optimizer) -> _Plan | None:
        """A plan, if the optimiser updates the layers' parameters and nothing else, and has begun to."""
        example = layers[0].weight
        parameters = [p for layer in layers for p in layer._parameters.values() if p is not None]
        wells: dict[Tensor | None, Tensor] = {
            p: torch.empty_like(p, requires_grad=False) for p in parameters if p.requires_grad
        }
        updated = [[p for p in group["params"] if p.requires_grad] for group in optimizer.param_groups]
        shared = len(set(parameters)) < len(parameters)
        if shared or not all(_like(p, example) for p in parameters):
            return None
        if wells.keys() != {p for group in updated for p in group}:
            return None
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
        plan = native.Plan([layer.described() for layer in layers], of_layers, groups)
        gradients = [(p, wells.get(p)) for group in optimizer.param_groups for p in group["params"]]
        return cls(layers[0].in_features, example.dtype, *_fingerprint(layers, optimizer), gradients, plan)

    def holds(self, layers: list[SparseLinear], optimizer: torch.optim.Optimizer) -> bool:
        """Whether all is where it was."""
        objects, numbers = _fingerprint(layers, optimizer)
        same = len(objects) == len(self.objects) and all(map(operator.is_, objects, self.objects))
        return same and numbers == self.numbers

    def takes(self, x: Tensor, labels: Tensor) -> bool:
        """Whether inputs and labels fit."""
        return serves(x) and x.dtype is self.dtype and x.shape[1] == self.width and labels.shape == x.shape[:1] != (0,)

    def run(
        self, x: Tensor, labels: Tensor, smoothing: float, optimizer: torch.optim.Optimizer
    ) -> tuple[float, Tensor]:
        """One step. ValueError: a label is no class."""
        found = self.native.run(x, labels, smoothing, [_rates(group) for group in optimizer.param_groups])
        for parameter, gradient in self.gradients:
            if parameter.grad is not gradient:
                parameter.grad = gradient
        increment_version([parameter for parameter, gradient in self.gradients if gradient is not None])
        optimizer._opt_called = True  # type: ignore[attr-defined]  # schedulers ask whether there was a step
        return found


def _fingerprint(layers: list[SparseLinear], optimizer: torch.optim.Optimizer) -> tuple[list[object], list[int]]:
    """What a plan hangs on: objects that must be the same, and numbers that must be equal. Made at every step."""
    parameters: list[Tensor | None] = []
    buffers: list[Tensor | None] = []
    states: list[object] = []
    others: list[object] = []
    for layer in layers:
        parameters += layer._parameters.values()
        buffers += layer._buffers.values()
        others += (layer, layer.activation)
    for group in optimizer.param_groups:
        others.append(group.get("momentum", 0) != 0)
        others += group["params"]
        for p in group["params"]:
            states += optimizer.state.get(p, {}).values()
    weights = [p for p in parameters if p is not None]
    tensors = [
        *weights,
        *(array for array in buffers if array is not None),
        *(kept for kept in states if type(kept) is Tensor),
    ]
    numbers = [*map(Tensor.data_ptr, tensors), *map(Tensor.numel, weights)]
    numbers += [array._version for array in buffers if array is not None]
    numbers += [p.requires_grad for p in weights]
    return others + tensors, numbers


def _split(model: nn.Module) -> tuple[list[nn.Module], list[SparseLinear]] | None:
    """Modules without parameters, and sparse layers behind them, if a model is that and nobody looks inside."""
    if type(model) is not Sequential or not unobserved(model) or _has_any_global_hook():
        return None
    modules = [module for module in model._modules.values() if type(module) is not nn.Identity]
    first = next((number for number, module in enumerate(modules) if type(module) is SparseLinear), None)
    if first is None:
        return None
    before, sparse = modules[:first], modules[first:]
    if any(next(module.parameters(), None) is not None for module in before if module is not None):
        return None
    if not all(stackable(module) and all(map(_unwatched, module._parameters.values())) for module in sparse):
        return None
    return before, sparse  # type: ignore[return-value]


def _unwatched(parameter: Tensor | None) -> bool:
    return parameter is None or not (
        parameter._backward_hooks or getattr(parameter, "_post_accumulate_grad_hooks", None)
    )


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
