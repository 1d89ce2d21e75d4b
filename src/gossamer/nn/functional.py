"""The arithmetic of a sparse layer, without modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gossamer.nn import checks, operators
from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels import Backend, best_for
from gossamer.nn.kernels.pytorch import PYTORCH
from gossamer.nn.observers import traced
from gossamer.nn.structure import Structure


def sparse_linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    structure: Structure,
    activation: Activation = IDENTITY,
    backend: Backend | None = None,
) -> Tensor:
    """activation(x Wᵀ + b), where W has `weight` on the edges of a junction and nothing elsewhere.

    Under autocast the layer computes in the dtype of its weights. Differentiable twice (the second time by the PyTorch
    kernels).

    Args:
        x: inputs, shape (..., I), any strides.
        weight: one number an edge, shape (E,), in edge order; its gradient has the same shape.
        bias: shape (O,), or None.
        structure: the junction.
        activation: applied to the sum.
        backend: None for the native kernels where they serve, else PyTorch's.

    Returns:
        Shape (..., O), stored feature by feature: strides (1, B) for a (B, O) result.

    Raises:
        ValueError: shapes that do not fit the junction, tensors on different devices.
        TypeError: x, weight and bias of different or non-floating dtypes, or not served by the backend.
    """
    if x.device.type != "meta" and torch.is_autocast_enabled(x.device.type):
        x = x.to(weight.dtype)
    checks.fits(structure, x, weight, bias)
    flat = x if x.dim() == 2 else x.reshape(-1, structure.in_features)
    if traced(flat):
        y = operators.linear(flat, weight, bias, structure, activation)
    else:
        chosen = best_for(flat) if backend is None else backend
        if not chosen.serves(flat):
            raise TypeError(f"backend {chosen.name!r} does not serve x of dtype {x.dtype} on {x.device}.")
        y = _SparseLinear.apply(flat, weight, bias, structure, activation, chosen)  # type: ignore[no-untyped-call]
    return y if x.dim() == 2 else y.view(*x.shape[:-1], structure.out_features)


class _SparseLinear(torch.autograd.Function):
    """The eager path: the same as the registered operator, with less between the call and the kernel."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        structure: Structure,
        activation: Activation,
        backend: Backend,
    ) -> Tensor:
        w = weight if weight.is_contiguous() else weight.contiguous()
        y, kept = backend.forward(structure, x, w, bias, activation)
        ctx.rest = structure, activation, backend
        ctx.save_for_backward(x, w, bias, kept)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, kept = ctx.saved_tensors
        structure, activation, backend = ctx.rest
        if torch.is_grad_enabled():  # a second derivative is wanted: what was kept must hang on the inputs
            backend = PYTORCH
            _, kept = PYTORCH.forward(structure, x, weight, bias, activation)
        gradients = backend.backward(structure, dy, x, weight, kept, activation, ctx.needs_input_grad[:3])
        return *gradients, None, None, None
