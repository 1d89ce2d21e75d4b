"""Sparse layers that follow one another, computed in one go.

Each thread carries a part of the batch through all of the layers, so that it stays in that core's cache, and autograd
sees one node instead of one a layer. Numbers are those of the layers one by one, up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY
from gossamer.nn.checks import parameters_fit, unwritten
from gossamer.nn.kernels.backend import Backend, Layer, Stacks
from gossamer.nn.kernels.gathered import GATHERED
from gossamer.nn.kernels.layout import apart_from, laid_out_like
from gossamer.nn.kernels.pytorch import PYTORCH
from gossamer.nn.observers import transformed


def serves(x: Tensor, backend: Backend) -> bool:
    """Whether a backend computes stacks of such inputs in one go: (B, I), without autocast."""
    return (
        x.dim() == 2
        and backend.stacks is not None
        and backend.serves(x)
        and not torch.is_autocast_enabled(x.device.type)
    )


def check(x: Tensor, layers: Sequence[Layer]) -> None:
    """Refuse layers that do not fit one another or `x` (B, I); see `sparse_stack` for what is raised."""
    width = x.shape[1]
    for structure, weight, bias, _ in layers:
        if width != structure.in_features:
            raise ValueError(f"{width} features come to a layer of in_features={structure.in_features}.")
        parameters_fit(structure, x, weight, bias)
        width = structure.out_features


def sparse_stack(x: Tensor, layers: Sequence[Layer], backend: Backend) -> Tensor:
    """The last output (B, O) of layers that feed one another.

    Differentiable twice (the second time by the PyTorch kernels).

    Args:
        x: inputs (B, I) that `serves` says yes to.
        layers: structure, weights (E,), bias (O,) or None, and activation of each.
        backend: computes stacks.

    Returns:
        Shape (B, O), stored feature by feature if `x` is, else contiguous.

    Raises:
        ValueError: shapes that do not fit, tensors on different devices, a backend that does not compute stacks.
        TypeError: different or non-floating dtypes.
    """
    if backend.stacks is None:
        raise ValueError(f"backend {backend.name!r} does not compute stacks.")
    check(x, layers)
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, *parameters)):
        y: Tensor = _SparseStack.apply(backend.stacks, layers, x, *parameters)  # type: ignore[no-untyped-call]
        return y
    return laid_out_like(x, backend.stacks.forward(_contiguous(layers), x, keep=False)[0])


def _contiguous(layers: Sequence[Layer]) -> list[Layer]:
    return [
        layer if layer.weight.is_contiguous() else layer._replace(weight=layer.weight.contiguous()) for layer in layers
    ]


class _SparseStack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stacks: Stacks, layers: Sequence[Layer], x: Tensor, *parameters: Tensor | None) -> Tensor:
        ctx.rest = stacks, [(structure, structure.last or structure.checked(), of) for structure, _, _, of in layers]
        y, last, between = stacks.forward(_contiguous(layers), x, keep=True)
        saved = None if layers[-1].activation == IDENTITY else last
        ctx.save_for_backward(x, saved, between, *parameters)
        return apart_from(saved, laid_out_like(x, y))

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, last, between, *parameters = ctx.saved_tensors
        stacks, rest = ctx.rest
        layers = []
        for number, (structure, checked, activation) in enumerate(rest):
            unwritten(structure, checked)
            layers.append(Layer(structure, parameters[2 * number], parameters[2 * number + 1], activation))
        wanted = ctx.needs_input_grad[2:]
        many = transformed(dy)
        if many or torch.is_grad_enabled():  # many gradients at once, or a second derivative is wanted
            return None, None, *_one_by_one(layers, dy, x, wanted, GATHERED if many else PYTORCH)
        kept = (dy if last is None else last, between)
        return None, None, *stacks.backward(_contiguous(layers), dy, x, kept, wanted)


def _one_by_one(
    layers: Sequence[Layer], dy: Tensor, x: Tensor, wanted: Sequence[bool], backend: Backend
) -> list[Tensor | None]:
    inputs, kepts = [x], []
    for structure, weight, bias, activation in layers:
        y, kept = backend.forward(structure, inputs[-1], weight, bias, activation)
        inputs.append(y)
        kepts.append(kept)
    found: list[Tensor | None] = []
    for number in reversed(range(len(layers))):
        structure, weight, _, activation = layers[number]
        wants = (number > 0 or wanted[0], wanted[2 * number + 1], wanted[2 * number + 2])
        dx, dw, db = backend.backward(structure, dy, inputs[number], weight, kepts[number], activation, wants)
        found = [dw, db, *found]
        if dx is not None:
            dy = dx
    return [dx, *found]
