"""The kernels in C++: float32 and float64 on the CPU, several times faster than the PyTorch ones.

Activations are feature-major: a (B, features) tensor with strides (1, B), so that an edge is one product of two
contiguous vectors of the batch. Inputs of any layout are taken; results are feature-major.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gossamer.nn.activations import Activation
from gossamer.nn.kernels.backend import Backend, Gradients, Wanted
from gossamer.nn.structure import Structure

try:
    import gossamer._native as _native
except ImportError:  # built without a compiler
    _native = None  # type: ignore[assignment]


def serves(x: Tensor) -> bool:
    """Whether these kernels can work on `x`: a plain float32 or float64 tensor on the CPU."""
    return _native is not None and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)


def forward(
    structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation
) -> tuple[Tensor, Tensor]:
    """Compute y = activation(x Wᵀ + b), and what the gradient of the activation needs: its argument, or y itself."""
    batch, O = x_BI.shape[0], structure.out_features
    x = _one_unit_stride(x_BI)
    y_OB = x_BI.new_empty((O, batch))
    z_OB = torch.empty_like(y_OB) if activation.needs_input else None
    _native.linear_forward(
        x.dtype == torch.float64,
        *_addresses(structure),
        batch,
        x.data_ptr(),
        x.stride(1),
        x.stride(0),
        w_E.data_ptr(),
        0 if bias_O is None else bias_O.data_ptr(),
        y_OB.data_ptr(),
        0 if z_OB is None else z_OB.data_ptr(),
        activation.kind,
        activation.slope,
        torch.get_num_threads(),
    )
    return y_OB.t(), (y_OB if z_OB is None else z_OB).t()


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
    batch = dy_BO.shape[0]
    x, dy = _one_unit_stride(x_BI), _one_unit_stride(dy_BO)
    dx = x.new_empty((structure.in_features, batch)) if wanted[0] else None
    dw = torch.empty_like(w_E) if wanted[1] else None
    db = x.new_empty(structure.out_features) if wanted[2] else None
    _native.linear_backward(
        x.dtype == torch.float64,
        *_addresses(structure),
        batch,
        x.data_ptr(),
        x.stride(1),
        x.stride(0),
        dy.data_ptr(),
        dy.stride(1),
        dy.stride(0),
        w_E.data_ptr(),
        kept_BO.data_ptr(),
        0 if dx is None else dx.data_ptr(),
        0 if dw is None else dw.data_ptr(),
        0 if db is None else db.data_ptr(),
        activation.kind,
        activation.slope,
        torch.get_num_threads(),
    )
    return None if dx is None else dx.t(), dw, db


def _addresses(structure: Structure) -> tuple[int, int, int, list[int], int]:
    arrays = [array.data_ptr() for array in structure.arrays]
    offsets = len(structure.arrays[0]) if structure.rotated else 0
    return structure.in_features, structure.out_features, structure.num_edges, arrays, offsets


def _one_unit_stride(x: Tensor) -> Tensor:
    return x if 1 in x.stride() and min(x.stride()) > 0 else x.contiguous()


NATIVE = Backend("native", serves, forward, backward)
