"""Gradients of a whole network without a graph.

At one per cent of the edges autograd is a good part of a step (`benchmarks/training_step.py`). Where a network is
nothing but sparse layers, who feeds whom is known beforehand: forward, loss and backward are then three native calls.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from gossamer.nn.kernels import native
from gossamer.nn.linear import SparseLinear
from gossamer.nn.operators import traced
from gossamer.nn.sequential import Sequential, stackable, unobserved
from gossamer.nn.stack import check, serves

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""A scalar out of a network's outputs and the targets."""


def backpropagate(model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion) -> tuple[float, Tensor]:
    """Add the gradients of criterion(model(x), targets) to `.grad` of every parameter, as `loss.backward()` does.

    Faster for a `gossamer.nn.Sequential` of nothing but sparse layers, behind modules without parameters: autograd is
    left out, and for a plain `torch.nn.CrossEntropyLoss` of class labels the loss is one native call too. Hooks, other
    modules, other devices, autocast, an input that wants a gradient: everything else takes the ordinary way.

    Args:
        model: takes `x`.
        x: inputs, (B, I) for the fast way.
        targets: what `criterion` compares with.
        criterion: gives a scalar; it must not hang on parameters of `model`.

    Returns:
        The loss, and the model's outputs, detached.

    Raises:
        ValueError: shapes that do not fit.
        TypeError: dtypes that differ.
        IndexError: a label that is no class, as from `torch.nn.functional.cross_entropy`.

    >>> import gossamer as gs
    >>> full = gs.Bipartite.from_mask([[1, 1], [1, 1]])
    >>> model = gs.nn.mlp(gs.Topology([full]))
    >>> loss, outputs = backpropagate(model, torch.ones(3, 2), torch.tensor([0, 1, 0]), nn.CrossEntropyLoss())
    >>> model[0].weight.grad.shape, outputs.shape
    (torch.Size([4]), torch.Size([3, 2]))
    """
    split = _split(model) if torch.is_grad_enabled() and not traced(x) and not x.requires_grad else None
    if split is None:
        return _ordinary(model, x, targets, criterion)
    before, sparse = split
    with torch.no_grad():
        for module in before:
            x = module(x)
    if not serves(x):
        return _ordinary(Sequential(*sparse), x, targets, criterion)
    layers = [layer.described() for layer in sparse]
    check(x, layers)
    with torch.no_grad():
        outputs, last, between = native.stack_forward(layers, x, keep=True)
    loss, gradient = _loss(outputs, targets, criterion)
    parameters = [parameter for layer in sparse for parameter in (layer.weight, layer.bias)]
    wanted = [False, *(parameter is not None and parameter.requires_grad for parameter in parameters)]
    with torch.no_grad():
        found = native.stack_backward(layers, gradient, x, (last, between), wanted)
        for parameter, new in zip(parameters, found[1:], strict=True):
            if parameter is None or new is None:
                continue
            if parameter.grad is None:
                parameter.grad = new
            else:
                parameter.grad += new
    return loss, outputs


def _ordinary(model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion) -> tuple[float, Tensor]:
    outputs = model(x)
    loss = criterion(outputs, targets)
    loss.backward()
    return loss.item(), outputs.detach()


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


def _loss(outputs: Tensor, targets: Tensor, criterion: Criterion) -> tuple[float, Tensor]:
    """The loss, and its gradient for the outputs."""
    if type(criterion) is nn.CrossEntropyLoss and _simple(criterion, outputs, targets):
        with contextlib.suppress(ValueError):  # labels that are no classes: PyTorch knows one that it skips
            return native.cross_entropy(outputs, targets, criterion.label_smoothing)
    leaf = outputs.detach().requires_grad_()
    loss = criterion(leaf, targets)
    return loss.item(), torch.autograd.grad(loss, leaf)[0]


def _simple(criterion: nn.CrossEntropyLoss, outputs: Tensor, targets: Tensor) -> bool:
    usual = criterion.weight is None and criterion.reduction == "mean" and unobserved(criterion)
    labels = type(targets) is Tensor and targets.dtype is torch.int64 and targets.is_cpu and targets.is_contiguous()
    return usual and labels and targets.shape == outputs.shape[:1] and len(targets) > 0
