"""The kernels in PyTorch: any device and dtype, differentiable twice, no dense matrix. The oracle of the others.

Shapes: `x_BI` inputs, `y_BO` outputs, `w_E` weights in edge order. Activations are kept feature by feature
(`x_IB`, contiguous), so that an edge is one product of two contiguous vectors.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels.backend import Backend, Gradients, Wanted
from gossamer.nn.structure import Structure

BLOCK = 1 << 22
"""Numbers that the gradient of the weights holds at once."""


def forward(
    structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation
) -> tuple[Tensor, Tensor]:
    """Compute y = activation(x Wᵀ + b), and the argument of the activation or y itself."""
    z_BO = product(structure, x_BI, w_E)
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
    dz_BO = dy_BO if activation == IDENTITY else dy_BO * activation.derivative(kept_BO)
    return (
        input_gradient(structure, dz_BO, w_E) if wanted[0] else None,
        weight_gradient(structure, dz_BO, x_BI) if wanted[1] else None,
        dz_BO.sum(0) if wanted[2] else None,
    )


def product(structure: Structure, x_BI: Tensor, w_E: Tensor) -> Tensor:
    """Compute y[b, j] = sum of w[e] * x[b, i] over the edges e from i to j; (B, O), features contiguous last."""
    indptr, indices = structure.checked().tensors(x_BI.device)[:2]
    return _gather_sum(x_BI.t().contiguous(), indices, indptr, w_E).t()


def input_gradient(structure: Structure, dy_BO: Tensor, w_E: Tensor) -> Tensor:
    """Compute dx[b, i] = sum of w[e] * dy[b, j] over the edges e from i to j; (B, I)."""
    _, _, indptr, outputs, edges = structure.checked().tensors(dy_BO.device)
    return _gather_sum(dy_BO.t().contiguous(), outputs, indptr, w_E[edges]).t()


def weight_gradient(structure: Structure, dy_BO: Tensor, x_BI: Tensor) -> Tensor:
    """Compute dw[e] = sum of dy[b, j] * x[b, i] over b; (E,), in blocks of bounded memory."""
    indptr, indices = structure.checked().tensors(x_BI.device)[:2]
    x_IB, dy_OB = x_BI.t().contiguous(), dy_BO.t().contiguous()
    step = max(1, BLOCK // max(1, x_IB.shape[1]))
    blocks = []
    for start in range(0, len(indices), step):
        edges = torch.arange(start, min(start + step, len(indices)), dtype=torch.int32, device=indices.device)
        outputs = torch.searchsorted(indptr, edges, right=True) - 1
        blocks.append((dy_OB[outputs] * x_IB[indices[start : start + step]]).sum(1))
    return torch.cat(blocks) if blocks else dy_BO.new_zeros(0)


def _gather_sum(rows: Tensor, indices: Tensor, indptr: Tensor, weights: Tensor) -> Tensor:
    return embedding_bag(indices, rows, indptr, mode="sum", per_sample_weights=weights, include_last_offset=True)


def _serves(x: Tensor) -> bool:
    return x.is_floating_point()


PYTORCH = Backend("pytorch", _serves, forward, backward)
