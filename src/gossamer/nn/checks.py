"""What tensors must be before a kernel follows their pointers. The junction checks itself (`gossamer.nn.structure`)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from gossamer.nn.structure import Checked, Structure, remember


def check(structure: Structure, x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse tensors that do not describe a layer.

    Raises:
        ValueError: shapes, devices or indices that do not fit.
        TypeError: dtypes other than int32 for arrays and one floating dtype for the rest.
    """
    if len(structure.arrays) not in (1, 2) or min(structure.in_features, structure.out_features) < 1:
        raise ValueError(f"{len(structure.arrays)} arrays do not describe a junction: 2, or 1 of a rotated one, do.")
    if x.dim() != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; (batch, in_features) is needed.")
    fits(structure, x, weight, bias)
    remember(structure)


def unwritten(structure: Structure, checked: Checked) -> None:
    """Refuse a backward pass through a junction that was written since the forward pass.

    Raises:
        RuntimeError: as autograd says of any other tensor.
    """
    if structure.last is checked and structure.is_current:
        return
    try:
        found = structure.read()
    except (TypeError, ValueError):
        found = None
    if found != checked.junction:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: the "
            f"buffers of a sparse layer held {checked.junction!r} in the forward pass and hold {found!r} now."
        )
    structure.keep(checked)


def fits(structure: Structure, x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse inputs and parameters that do not fit a junction; see `check` for what is raised."""
    if x.dim() == 0 or x.shape[-1] != structure.in_features:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; its last dimension must be in_features={structure.in_features}."
        )
    parameters_fit(structure, x, weight, bias)


def require_tensor(x: Any) -> None:
    """Refuse inputs that are no tensor, such as NumPy arrays.

    Raises:
        TypeError: the message says how to make one.
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"x is {type(x).__name__}; a tensor like the weights is needed: "
            "torch.as_tensor(x, dtype=layer.weight.dtype)."
        )


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
