"""The kernels in operations that every transform of PyTorch knows: `torch.func`, `vmap`, forward-mode derivatives.

A number an edge and row is held at once, which the other kernels avoid: B * E numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels.backend import Backend, Gradients, Wanted
from gossamer.nn.structure import Structure


def forward(
    structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation
) -> tuple[Tensor, Tensor]:
    """Compute y = activation(x Wᵀ + b), and the argument of the activation or y itself."""
    inputs_E, outputs_E = _ends(structure, x_BI.device)
    z_BO = _sums(x_BI.index_select(1, inputs_E) * w_E, outputs_E, structure.out_features)
    if bias_O is not None:
        z_BO = z_BO + bias_O
    y_BO = activation(z_BO)
    return y_BO, z_BO if activation.needs_input else y_BO


def backward(
    structure: Structure,
    dy_BO: Tensor,
    x_BI: Tensor,
    w_E: Tensor,
    kept_BO: Tensor,
    activation: Activation,
    wanted: Wanted,
) -> Gradients:
    """Gradients of the input (B, I), the weights (E,) and the bias (O,), those that are wanted."""
    inputs_E, outputs_E = _ends(structure, dy_BO.device)
    dz_BO = dy_BO if activation == IDENTITY else dy_BO * activation.derivative(kept_BO)
    dz_BE = dz_BO.index_select(1, outputs_E)
    return (
        _sums(dz_BE * w_E, inputs_E, structure.in_features) if wanted[0] else None,
        (dz_BE * x_BI.index_select(1, inputs_E)).sum(0) if wanted[1] else None,
        dz_BO.sum(0) if wanted[2] else None,
    )


def _ends(structure: Structure, device: torch.device) -> tuple[Tensor, Tensor]:
    """Input and output of each edge, (E,)."""
    indptr, indices = structure.checked().tensors(device)[:2]
    return indices.long(), torch.repeat_interleave(indptr.diff().long())


def _sums(values_BE: Tensor, places_E: Tensor, size: int) -> Tensor:
    return values_BE.new_zeros(values_BE.shape[0], size).index_add(1, places_E, values_BE)


def _serves(x: Tensor) -> bool:
    return x.is_floating_point()


GATHERED = Backend("gathered", _serves, forward, backward)
