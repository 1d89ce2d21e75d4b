"""The arithmetic of a sparse layer, without modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels import pytorch
from gossamer.nn.structure import Structure


def sparse_linear(
    x: Tensor, weight: Tensor, bias: Tensor | None, *, structure: Structure, activation: Activation = IDENTITY
) -> Tensor:
    """activation(x Wᵀ + b), where W has `weight` on the edges of a junction and nothing elsewhere.

    Args:
        x: inputs, shape (..., I), any strides.
        weight: one number an edge, shape (E,), in edge order; its gradient has the same shape.
        bias: shape (O,), or None.
        structure: the junction.
        activation: applied to the sum.

    Returns:
        Shape (..., O), stored feature by feature: strides (1, B) for a (B, O) result.

    Raises:
        ValueError: shapes that do not fit the junction.
        TypeError: x, weight and bias of different or non-floating dtypes.
    """
    _check(x, weight, bias, structure)
    x_BI = x.reshape(-1, structure.in_features)
    y_BO: Tensor = _SparseLinear.apply(x_BI, weight, bias, structure, activation)  # type: ignore[no-untyped-call]
    return y_BO.view(*x.shape[:-1], structure.out_features) if x.dim() != 2 else y_BO


class _SparseLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, structure: Structure, activation: Activation
    ) -> Tensor:
        z = pytorch.forward(structure, x, weight)
        if bias is not None:
            z = z + bias
        y = activation(z)
        ctx.structure, ctx.activation, ctx.has_bias = structure, activation, bias is not None
        ctx.save_for_backward(x, weight, z if activation.needs_input else y)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, kept = ctx.saved_tensors
        structure = ctx.structure
        dz = dy if ctx.activation is IDENTITY else dy * ctx.activation.derivative(kept)
        dx = pytorch.input_gradient(structure, dz, weight) if ctx.needs_input_grad[0] else None
        dw = pytorch.weight_gradient(structure, dz, x) if ctx.needs_input_grad[1] else None
        db = dz.sum(0) if ctx.needs_input_grad[2] else None
        return dx, dw, db, None, None


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, structure: Structure) -> None:
    if x.dim() == 0 or x.shape[-1] != structure.in_features:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; its last dimension must be in_features={structure.in_features}."
        )
    if weight.shape != (structure.num_edges,):
        raise ValueError(f"weight has shape {tuple(weight.shape)}; the junction has ({structure.num_edges},) edges.")
    if bias is not None and bias.shape != (structure.out_features,):
        raise ValueError(f"bias has shape {tuple(bias.shape)}; the junction has ({structure.out_features},) outputs.")
    for name, tensor in (("x", x), ("weight", weight), ("bias", bias)):
        if tensor is not None and (tensor.dtype != weight.dtype or not tensor.is_floating_point()):
            raise TypeError(
                f"{name} has dtype {tensor.dtype}, weight has {weight.dtype}; one floating dtype is needed."
            )
