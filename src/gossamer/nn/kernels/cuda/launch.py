"""Programs, called: which tiles, over which grid."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gossamer.nn.activations import Activation
from gossamer.nn.kernels.cuda.walks import Side, Walk

SHARE = 1024
"""Samples that one program sums the gradient of a weight over, at least: few weights are no reason for few programs."""

PROGRAMS = 512
"""Programs beyond which the batch is not shared out."""

_TILES_OF_BATCH = 65_535
"""What a grid's second axis takes."""

_TOGETHER = 512
"""Weights whose shares one program adds up."""


class Sums(NamedTuple):
    """What is made of sums, and where it goes.

    Args:
        y: activation(sums + bias), (B, O), of any strides.
        kept: the sums before the activation, stored as `y` is; None if they are not wanted.
        bias: shape (O,), or None.
        activation: applied to the sums.
    """

    y: Tensor
    kept: Tensor | None
    bias: Tensor | None
    activation: Activation


def sum_along(walk: Walk, x_BI: Tensor, w_E: Tensor, sums: Sums, *, back: bool) -> None:
    """Write w times x, activated: x are inputs, or going back the gradients of outputs."""
    tile = _tile(len(x_BI), 128 if walk.grouped else 512 // x_BI.element_size())
    most = _TILES_OF_BATCH * tile
    x_BI = by_feature(x_BI)
    for start in range(0, len(x_BI), most):
        part = slice(start, start + most)
        kept = None if sums.kept is None else sums.kept[part]
        _sum_part(walk, x_BI[part], w_E, sums._replace(y=sums.y[part], kept=kept), tile, back)


def _sum_part(walk: Walk, x_BI: Tensor, w_E: Tensor, sums: Sums, tile: int, back: bool) -> None:
    programs, (y, kept, bias, activation) = _programs(), sums
    side = walk.back if back else walk.forward
    numbers = x_BI, w_E, w_E if bias is None else bias, y, y if kept is None else kept
    along = side.indptr, side.neighbours, side.indptr if side.places is None else side.places
    sizes = len(x_BI), x_BI.stride(1), y.stride(1), y.stride(0), float(activation.slope)
    said: dict[str, Any] = {
        "BACK": back, "BIASED": bias is not None, "KEPT": kept is not None, "KIND": int(activation.kind),
        "INTERPRETED": programs.INTERPRETED, "B": tile,
    }  # fmt: skip
    tiles = -(-len(x_BI) // tile)
    with torch.cuda.device_of(x_BI):
        if walk.grouped:
            leads = side.indptr if side.leads is None else side.leads
            said |= _matrices(side, x_BI, _inner(side, x_BI), stages=2)
            grid = side.groups * -(-side.own // _members(side)), tiles
            programs.group_sums[grid](*numbers, *along, leads, *sizes, **said)
        else:
            programs.row_sums[side.groups, tiles](*numbers, *along, *sizes, **said, K=4, num_warps=1)


def weight_gradient(walk: Walk, dy_BO: Tensor, x_BI: Tensor, edges: int) -> Tensor:
    """The gradient of the weights, (E,): a sum over the batch, in shares that follow from the sizes alone."""
    side, programs, batch = walk.forward, _programs(), len(x_BI)
    if edges == 0 or batch == 0:
        return x_BI.new_zeros(edges)
    x_BI, dy_BO = by_feature(x_BI), by_feature(dy_BO)
    tile = _tile(batch, 64 if walk.grouped else 32)
    across = len(walk.rows) * (-(-side.own // _members(side)) if walk.grouped else 1)
    share = -(-batch // max(1, min(PROGRAMS // across, batch // SHARE)))
    share = -(-share // tile) * tile
    shares = -(-batch // share)
    dw = torch.empty(shares, edges, dtype=x_BI.dtype if shares == 1 else torch.float32, device=x_BI.device)
    tensors = (dy_BO, x_BI, dw, walk.rows, walk.starts, side.indptr, side.neighbours)
    sizes = (batch, share, edges, dy_BO.stride(1), x_BI.stride(1))
    said = {"INTERPRETED": programs.INTERPRETED, "B": tile}
    with torch.cuda.device_of(x_BI):
        if walk.grouped:
            matrices = _matrices(side, x_BI, walk.chunk, stages=2 if x_BI.element_size() > 2 else 4)
            programs.group_gradient[across, shares](*tensors, *sizes, **said, **matrices)
        else:
            programs.row_gradient[across, shares](*tensors, *sizes, **said, K=walk.chunk, num_warps=2)
        if shares == 1:
            return dw[0]
        total = torch.empty(edges, dtype=x_BI.dtype, device=x_BI.device)
        programs.share_sums[(-(-edges // _TOGETHER),)](
            dw, total, edges, shares, INTERPRETED=programs.INTERPRETED, E=_TOGETHER, num_warps=4
        )
    return total


def by_feature(x: Tensor) -> Tensor:
    """The same matrix (B, features), the samples of a feature side by side."""
    return x if x.stride(0) == 1 else x.t().contiguous().t()


def _tile(batch: int, most: int) -> int:
    """Samples of a tile: a power of two, at least what tensor cores take."""
    return min(most, max(16, 1 << (batch - 1).bit_length()))


def _members(side: Side) -> int:
    """Neurons of a group in a tile, likewise."""
    return min(128, max(16, 1 << (side.own - 1).bit_length()))


def _inner(side: Side, x: Tensor) -> int:
    """Weights of a neuron at a time: two lines of memory, or fewer, so that they are of one group."""
    widest = 128 // x.element_size()
    return 32 if side.other >= 16 and side.other % widest else widest


def _matrices(side: Side, x: Tensor, inner: int, *, stages: int) -> dict[str, Any]:
    """How products of matrices are made, `inner` weights of a neuron at a time, `stages` of them on their way.

    What is loaded beforehand stays below 99 KiB, the least of any processor's shared memory from Ampere on. Four warps,
    two stages for the steps of a sum and four over the batch did best on an H200, for groups of 16 to 128 in bfloat16.
    """
    members = _members(side)
    return {
        "OWN": side.own, "OTHER": side.other, "ALIGNED": side.aligned, "G": members, "K": inner,
        "PRECISION": _precision(), "num_warps": 8 if members > 64 and x.element_size() > 2 else 4, "num_stages": stages,
    }  # fmt: skip


def _precision() -> str:
    """Of float32 products: three of TF32, near float32's own, unless PyTorch was told that one is enough."""
    return "tf32x3" if torch.get_float32_matmul_precision() == "highest" else "tf32"


def _programs() -> ModuleType:
    from gossamer.nn.kernels.cuda import _programs

    return _programs
