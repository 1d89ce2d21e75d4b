"""The arithmetic of a sparse layer, without modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gossamer.nn import checks, operators
from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels import Backend, best_for, dense, gathered
from gossamer.nn.kernels.layout import apart_from, laid_out_like
from gossamer.nn.kernels.pytorch import PYTORCH
from gossamer.nn.observers import traced, transformed
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

    Under autocast all three are cast, as `nn.functional.linear` casts them (weights of float64 stay, and `x` becomes
    like them). bfloat16 and float16 are summed in float32. Differentiable twice (the second time by the PyTorch
    kernels), and by forward mode, `torch.func` and `vmap` (by gathering a number an edge and row).
    `torch.onnx.export` writes a scatter of the weights into a dense matrix, which runtimes fold, and a dense product.

    Args:
        x: inputs, shape (..., I), any strides.
        weight: one number an edge, shape (E,), in edge order; its gradient has the same shape.
        bias: shape (O,), or None.
        structure: the junction.
        activation: applied to the sum.
        backend: None for the native kernels where they serve, on CUDA Triton's, else PyTorch's.

    Returns:
        Shape (..., O): contiguous, but for an eager input that is stored feature by feature (strides (1, B)), whose
        output is too; feature-major tensors pass from layer to layer without copies.

    Raises:
        ValueError: shapes that do not fit the junction, tensors on different devices.
        TypeError: x, weight and bias of different or non-floating dtypes, or not served by the backend.
    """
    checks.require_tensor(x)
    if x.device.type != "meta" and torch.is_autocast_enabled(x.device.type):
        x, weight, bias = _cast(x, weight, bias)
    checks.fits(structure, x, weight, bias)
    flat = x if x.dim() == 2 else x.reshape(-1, structure.in_features)
    if torch.onnx.is_in_onnx_export():
        y = dense.exported(structure, flat, weight, bias, activation)
    elif traced(flat):
        y = operators.linear(flat, weight, bias, structure, activation)
    elif transformed():
        y = gathered.forward(structure, flat, weight, bias, activation)[0]
    else:
        chosen = best_for(flat) if backend is None else backend
        if not chosen.serves(flat):
            why = f": {chosen.why_not(flat)}" if chosen.why_not else ""
            raise TypeError(f"backend {chosen.name!r} does not serve x of dtype {x.dtype} on {x.device}{why}.")
        y = _SparseLinear.apply(flat, weight, bias, structure, activation, chosen)  # type: ignore[no-untyped-call]
    return y if x.dim() == 2 else y.view(*x.shape[:-1], structure.out_features)


def _cast(x: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Of one dtype: autocast's, or float64 if the weights are."""
    chosen = weight.dtype if weight.dtype is torch.float64 else torch.get_autocast_dtype(x.device.type)
    return x.to(chosen), weight.to(chosen), None if bias is None else bias.to(chosen)


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
        ctx.rest = structure, structure.checked(), activation, backend
        y, kept = backend.forward(structure, x, weight.contiguous(), bias, activation)
        saved = kept if any(ctx.needs_input_grad) and activation != IDENTITY else None
        ctx.save_for_backward(x, weight, bias, saved)
        return apart_from(saved, laid_out_like(x, y))

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, kept = ctx.saved_tensors
        structure, checked, activation, backend = ctx.rest
        checks.unwritten(structure, checked)
        wanted = ctx.needs_input_grad[:3]
        if torch.is_grad_enabled():  # a second derivative is wanted: what was kept must hang on the inputs
            backend = gathered.GATHERED if transformed(dy) else PYTORCH
            _, kept = backend.forward(structure, x, weight, bias, activation)
        elif transformed(dy):  # many gradients at once
            backend = gathered.GATHERED
        kept = dy if kept is None else kept
        gradients = backend.backward(structure, dy, x, weight.contiguous(), kept, activation, wanted)
        return *gradients, None, None, None
