"""The layer as registered operators, for `torch.compile`, `torch.export` and other tracers.

`gossamer::linear` and `gossamer::linear_backward` take the junction's arrays as tensors. Anybody can call them, so all
that they are given is checked (`gossamer.nn.checks`): a wrong index must not become a wild pointer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from gossamer.nn.activations import Activation, Kind
from gossamer.nn.checks import check
from gossamer.nn.kernels import best_for
from gossamer.nn.structure import Structure

_JUNCTION = "Tensor[] arrays, int in_features, int out_features, int activation, float slope"

torch.library.define("gossamer::linear", f"(Tensor x, Tensor weight, Tensor? bias, {_JUNCTION}) -> (Tensor, Tensor)")
torch.library.define(
    "gossamer::linear_backward",
    f"(Tensor dy, Tensor x, Tensor weight, Tensor kept, {_JUNCTION}, bool[] wanted) -> (Tensor, Tensor, Tensor)",
)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None, structure: Structure, activation: Activation) -> Tensor:
    """The operator, called with values."""
    arrays, sizes = list(structure.arrays), (structure.in_features, structure.out_features)
    y: Tensor = torch.ops.gossamer.linear(x, weight, bias, arrays, *sizes, int(activation.kind), activation.slope)[0]
    return y


@torch.library.impl("gossamer::linear", "CompositeExplicitAutograd")
def _linear(
    x: Tensor, weight: Tensor, bias: Tensor | None, arrays: Sequence[Tensor], I: int, O: int, kind: int, slope: float
) -> tuple[Tensor, Tensor]:
    structure, activation = Structure(I, O, tuple(arrays)), Activation(Kind(kind), slope)
    check(structure, x, weight, bias)
    y, kept = best_for(x).forward(structure, x, weight.contiguous(), bias, activation)
    return _fresh(y), _fresh(kept) if activation.needs_input else y.new_empty(0)


def _fresh(y: Tensor) -> Tensor:
    """Contiguous, and no view: an operator's outputs are its own."""
    return y.contiguous() if y._base is None else y.clone(memory_format=torch.contiguous_format)


@torch.library.impl("gossamer::linear_backward", "CompositeExplicitAutograd")
def _linear_backward(
    dy: Tensor,
    x: Tensor,
    weight: Tensor,
    kept: Tensor,
    arrays: Sequence[Tensor],
    I: int,
    O: int,
    kind: int,
    slope: float,
    wanted: Sequence[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    structure, activation = Structure(I, O, tuple(arrays)), Activation(Kind(kind), slope)
    check(structure, x, weight, None)
    if kind == Kind.IDENTITY:
        kept = dy
    if dy.shape != (len(x), O) or kept.shape != dy.shape or len(wanted) != 3:
        raise ValueError(f"dy {tuple(dy.shape)}, kept {tuple(kept.shape)} and wanted {wanted} do not fit.")
    if dy.dtype != x.dtype or kept.dtype != x.dtype or dy.device != x.device or kept.device != x.device:
        raise TypeError(f"dy {dy.dtype} and kept {kept.dtype} must be like x: {x.dtype} on {x.device}.")
    flags = (wanted[0], wanted[1], wanted[2])
    found = best_for(x).backward(structure, dy, x, weight.contiguous(), kept, activation, flags)
    dx, dw, db = (x.new_empty(0) if gradient is None else _fresh(gradient) for gradient in found)
    return dx, dw, db


@torch.library.register_fake("gossamer::linear")  # type: ignore[untyped-decorator]
def _linear_fake(
    x: Tensor, weight: Tensor, bias: Tensor | None, arrays: Sequence[Tensor], I: int, O: int, kind: int, slope: float
) -> tuple[Tensor, Tensor]:
    y = x.new_empty(x.shape[0], O)
    needs_input = Activation(Kind(kind), slope).needs_input
    return y, torch.empty_like(y) if needs_input else x.new_empty(0)


@torch.library.register_fake("gossamer::linear_backward")  # type: ignore[untyped-decorator]
def _linear_backward_fake(
    dy: Tensor,
    x: Tensor,
    weight: Tensor,
    kept: Tensor,
    arrays: Sequence[Tensor],
    I: int,
    O: int,
    kind: int,
    slope: float,
    wanted: Sequence[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    dx = x.new_empty(x.shape[0], I) if wanted[0] else x.new_empty(0)
    dw = torch.empty_like(weight, memory_format=torch.contiguous_format) if wanted[1] else x.new_empty(0)
    return dx, dw, x.new_empty(O if wanted[2] else 0)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, weight, bias, arrays, *ctx.rest = inputs
    y, argument = output
    ctx.mark_non_differentiable(argument)
    ctx.has_bias = bias is not None
    ctx.save_for_backward(x, weight, argument if argument.numel() or not y.numel() else y, *arrays)


def _gradient(ctx: Any, dy: Tensor, _: Tensor) -> tuple[Any, ...]:
    x, weight, kept, *arrays = ctx.saved_tensors
    wanted = [ctx.needs_input_grad[0], ctx.needs_input_grad[1], ctx.has_bias and ctx.needs_input_grad[2]]
    found = torch.ops.gossamer.linear_backward(dy, x, weight, kept, arrays, *ctx.rest, wanted)
    dx, dw, db = (gradient if want else None for gradient, want in zip(found, wanted, strict=True))
    return dx, dw, db, [None] * len(arrays), None, None, None, None


torch.library.register_autograd("gossamer::linear", _gradient, setup_context=_setup)


@register_flop_formula(torch.ops.gossamer.linear)
def _linear_flops(x: torch.Size, weight: torch.Size, *_: Any, **__: Any) -> int:
    return 2 * x[0] * weight[0]


@register_flop_formula(torch.ops.gossamer.linear_backward)
def _linear_backward_flops(dy: torch.Size, x: torch.Size, weight: torch.Size, *rest: Any, **__: Any) -> int:
    wanted = rest[-1]
    return 2 * x[0] * weight[0] * (bool(wanted[0]) + bool(wanted[1]))
