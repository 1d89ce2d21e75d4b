"""What tensors must be before a kernel follows their pointers.

Arrays of a junction are checked when they are first met or have changed.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from gossamer.nn.structure import Structure

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
