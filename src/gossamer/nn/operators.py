"""The layer as registered operators, for `torch.compile`, `torch.export` and whoever else traces.

`gossamer::linear` and `gossamer::linear_backward` take the junction's arrays as tensors. Anybody can call them, so
arrays are checked when they are first met or have changed: a wrong index must not become a wild pointer.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C import _len_torch_dispatch_stack
from torch.utils.weak import WeakIdKeyDictionary

from gossamer.nn.activations import Activation, Kind
from gossamer.nn.kernels import best_for
from gossamer.nn.structure import Structure

_JUNCTION = "Tensor[] arrays, int in_features, int out_features, int activation, float slope"

torch.library.define("gossamer::linear", f"(Tensor x, Tensor weight, Tensor? bias, {_JUNCTION}) -> (Tensor, Tensor)")
torch.library.define(
    "gossamer::linear_backward",
    f"(Tensor dy, Tensor x, Tensor weight, Tensor kept, {_JUNCTION}, bool[] wanted) -> (Tensor, Tensor, Tensor)",
)


def traced(x: Tensor) -> bool:
    """Whether somebody is recording what happens to `x`: it then must meet an operator, not a pointer."""
    return (
        torch.compiler.is_compiling()
        or type(x) not in (Tensor, torch.nn.Parameter)
        or x.is_meta
        or _len_torch_dispatch_stack() > 0
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
    return y, kept if activation.needs_input else y.new_empty(0)


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
    if dy.shape != (len(x), O) or (kept.shape != dy.shape and kind != Kind.IDENTITY) or len(wanted) != 3:
        raise ValueError(f"dy {tuple(dy.shape)}, kept {tuple(kept.shape)} and wanted {wanted} do not fit.")
    if dy.dtype != x.dtype or kept.dtype != x.dtype or dy.device != x.device or kept.device != x.device:
        raise TypeError(f"dy {dy.dtype} and kept {kept.dtype} must be like x: {x.dtype} on {x.device}.")
    flags = (wanted[0], wanted[1], wanted[2])
    rows = kept if kept.t().is_contiguous() else kept.t().contiguous().t()
    found = best_for(x).backward(structure, dy, x, weight.contiguous(), rows, activation, flags)
    dx, dw, db = (x.new_empty(0) if gradient is None else gradient for gradient in found)
    return dx, dw, db


@torch.library.register_fake("gossamer::linear")  # type: ignore[untyped-decorator]
def _linear_fake(
    x: Tensor, weight: Tensor, bias: Tensor | None, arrays: Sequence[Tensor], I: int, O: int, kind: int, slope: float
) -> tuple[Tensor, Tensor]:
    y = x.new_empty((O, x.shape[0])).t()
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
    dx = x.new_empty((I, x.shape[0])).t() if wanted[0] else x.new_empty(0)
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


_MET: MutableMapping[Tensor, int] = WeakIdKeyDictionary()
"""Arrays that have been checked, and the version that was."""


def check(structure: Structure, x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse tensors that do not describe a layer.

    Raises:
        ValueError: shapes, devices or indices that do not fit.
        TypeError: dtypes other than int32 for arrays and one floating dtype for the rest.
    """
    if len(structure.arrays) not in (1, 5) or min(structure.in_features, structure.out_features) < 1:
        raise ValueError(f"{len(structure.arrays)} arrays do not describe a junction: 5, or 1 of a rotated one, do.")
    for array in structure.arrays:
        if array.dtype != torch.int32 or array.dim() != 1 or not array.is_contiguous() or array.device != x.device:
            raise TypeError(
                f"an array is {array.dtype}, {array.dim()}-d on {array.device}; int32, 1-d, like x is needed."
            )
    if x.dim() != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; (batch, in_features) is needed.")
    fits(structure, x, weight, bias)
    if any(_MET.get(array) != array._version for array in structure.arrays):
        _check_indices(structure)
        _MET.update((array, array._version) for array in structure.arrays)


def fits(structure: Structure, x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse inputs and parameters that do not fit a junction; see `check` for what is raised."""
    if x.dim() == 0 or x.shape[-1] != structure.in_features:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; its last dimension must be in_features={structure.in_features}."
        )
    parameters_fit(structure, x, weight, bias)


def parameters_fit(structure: Structure, x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse parameters that do not fit a junction or are not like `x`; see `check` for what is raised."""
    if weight.dim() != 1 or weight.shape[0] != structure.num_edges:
        raise ValueError(f"weight has shape {tuple(weight.shape)}; the junction has ({structure.num_edges},) edges.")
    if bias is not None and (bias.dim() != 1 or bias.shape[0] != structure.out_features):
        raise ValueError(f"bias has shape {tuple(bias.shape)}; the junction has ({structure.out_features},) outputs.")
    if x.dtype != weight.dtype or not x.is_floating_point() or (bias is not None and bias.dtype != x.dtype):
        found = f"x {x.dtype}, weight {weight.dtype}, bias {None if bias is None else bias.dtype}"
        raise TypeError(f"one floating dtype is needed, not {found}.")
    if x.device != weight.device or x.device != structure.arrays[0].device:
        places = f"x on {x.device}, weight on {weight.device}, junction on {structure.arrays[0].device}"
        raise ValueError(f"one device is needed, not {places}.")


def _check_indices(structure: Structure) -> None:
    I, O, E = structure.in_features, structure.out_features, structure.num_edges
    if structure.rotated:
        structure.junction()
        return
    starts, inputs, column_starts, outputs, edges = structure.arrays
    for name, array, size in (("indptr", starts, O), ("column_indptr", column_starts, I)):
        ends = array.shape[0] == size + 1 and array[0] == 0 and array[-1] == E
        if not ends or (array.diff() < 0).any():
            raise ValueError(f"{name} must rise from 0 to {E} in {size + 1} entries.")
    for name, array, size in (("indices", inputs, I), ("column_outputs", outputs, O), ("column_edges", edges, E)):
        if array.shape[0] != E or (E and (array.min() < 0 or array.max() >= size)):
            raise ValueError(f"{name} must hold {E} numbers from 0 to {size - 1}.")
