"""A layer so full that a dense product is faster: the weights are laid out densely for the length of one call.

The parameter and its gradient stay (E,). For layers of high density only; chosen by `gossamer.nn.kernels.choose`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels.backend import Backend, Gradients, Wanted
from gossamer.nn.structure import Structure


def forward(
    structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation
) -> tuple[Tensor, Tensor]:
    """Compute y = activation(x Wᵀ + b), and the argument of the activation or y itself."""
    z_BO = torch.nn.functional.linear(x_BI, _weight(structure, w_E), bias_O)
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
    dz_BO = dy_BO if activation == IDENTITY else dy_BO * activation.derivative(kept_BO)
    return (
        dz_BO @ _weight(structure, w_E) if wanted[0] else None,
        (dz_BO.t() @ x_BI).take(_places(structure, x_BI.device)) if wanted[1] else None,
        dz_BO.sum(0) if wanted[2] else None,
    )


def constant_places(structure: Structure) -> Tensor:
    """Where each edge is in the flattened dense matrix, as a constant of a graph: (E,) int64."""
    inputs, outputs = structure.junction().edges()
    return torch.tensor(outputs.astype(np.int64) * structure.in_features + inputs)


def exported(structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation) -> Tensor:
    """The same in operations that ONNX knows; the places of the edges are constants of the graph."""
    size = structure.out_features * structure.in_features
    flat = w_E.new_zeros(size).index_put((constant_places(structure),), w_E)
    return activation(torch.nn.functional.linear(x_BI, flat.view(structure.out_features, -1), bias_O))


def _places(structure: Structure, device: torch.device) -> Tensor:
    indptr, indices = structure.checked().tensors(device)[:2]
    outputs = torch.repeat_interleave(indptr.diff().long())
    return outputs * structure.in_features + indices


def _weight(structure: Structure, w_E: Tensor) -> Tensor:
    flat = w_E.new_zeros(structure.out_features * structure.in_features)
    return flat.put(_places(structure, w_E.device), w_E).view(structure.out_features, structure.in_features)


def _serves(x: Tensor) -> bool:
    return x.is_floating_point()


DENSE = Backend("dense", _serves, forward, backward)
