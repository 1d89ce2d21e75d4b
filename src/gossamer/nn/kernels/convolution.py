"""Sparse convolutions: native kernels for float32 on the CPU, PyTorch's dense convolution for everything else.

Shapes: `x` (B, C, H, W), `y` (B, O, H', W'), `w_E` one weight a tap in the edge order of a junction of taps, whose
inputs are the places (channel of the group, row, column) of a kernel, as in `nn.Conv2d.weight.reshape(O, -1)`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from gossamer.nn.kernels.backend import Gradients, Wanted
from gossamer.nn.kernels.dense import constant_places
from gossamer.nn.structure import Checked, Memo, Structure
from gossamer.tuning import in_use

if TYPE_CHECKING:
    import gossamer._native as _native
else:
    from gossamer.native import extension as _native

Pair = tuple[int, int]


class Sizes(NamedTuple):
    """Channels, height and width of an image."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Window:
    """How a kernel is moved over an image; heights first.

    Args:
        kernel: size of the kernel.
        stride: steps from output to output.
        padding: zeros on either side.
        dilation: steps from tap to tap.
        groups: channels in and out are cut into so many; each output reads its own.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def output(self, image: Sizes) -> Pair:
        """Height and width of the output; below 1 where the kernel is larger than the padded image."""
        sizes = zip((image.height, image.width), self.kernel, self.stride, self.padding, self.dilation, strict=True)
        height, width = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)
        return height, width


@functools.lru_cache(maxsize=256)
def output(window: Window, image: tuple[int, ...]) -> Pair:
    """`Window.output` of images of (C, H, W), remembered: layers meet few sizes, and ask at every call."""
    return window.output(Sizes(*image))


def serves(x: Tensor) -> bool:
    """Whether the native kernels can work on `x`: a plain float32 batch on the CPU, with at least one image."""
    return _native is not None and x.is_cpu and x.dtype is torch.float32 and x.numel() > 0


def taps(checked: Checked, window: Window, image: tuple[int, ...]) -> _native.Taps:
    """Where each tap of a junction reads in images of one size (C, H, W), made once.

    Raises:
        ValueError: a junction that is none of taps of this window, or sizes beyond what int32 counts.
    """
    return _memo(window, image).of(checked)


def forward(live: _native.Taps, window: Window, x: Tensor, w_E: Tensor, bias_O: Tensor | None) -> Tensor:
    """The convolution over live taps: contiguous `x` and `w_E` to contiguous y."""
    y = x.new_empty((x.shape[0], live.outputs, *output(window, x.shape[1:])))
    if y.numel():
        _native.convolution_forward(
            live, x.shape[0], x.data_ptr(), w_E.data_ptr(), _address(bias_O), y.data_ptr(), torch.get_num_threads()
        )
    return y


def backward(live: _native.Taps, dy: Tensor, x: Tensor, w_E: Tensor, wanted: Wanted) -> Gradients:
    """Gradients of the input, the weights (E,) and the bias (O,), those that are wanted; all tensors contiguous."""
    dx = (torch.empty_like(x) if live.covers else torch.zeros_like(x)) if wanted[0] else None
    dw = torch.empty_like(w_E) if wanted[1] else None
    db = x.new_empty(live.outputs) if wanted[2] else None
    gradients = (_address(dx), _address(dw) if w_E.numel() else 0, _address(db))
    _native.convolution_backward(
        live, x.shape[0], x.data_ptr(), dy.data_ptr(), w_E.data_ptr(), gradients, torch.get_num_threads()
    )
    return dx, dw, db


def dense_weight(structure: Structure, window: Window, w_E: Tensor) -> Tensor:
    """The kernel (O, C / groups, height, width) with zeros where there is no tap; differentiable."""
    O, I = structure.out_features, structure.in_features
    return w_E.new_zeros(O * I).index_put((places(structure),), w_E).view(O, -1, *window.kernel)


def places(structure: Structure) -> Tensor:
    """The number of each tap's place in the flattened kernel, (E,) int64."""
    if torch.onnx.is_in_onnx_export():
        return constant_places(structure)
    if structure.rotated:
        indptr, indices = structure.checked().tensors(structure.arrays[0].device)[:2]
    else:
        indptr, indices = structure.arrays  # as they are: in a traced call they are inputs of the graph
    outputs, counts = torch.arange(structure.out_features, device=indptr.device), indptr.diff()
    if structure.group == 1:
        rows = torch.repeat_interleave(outputs, counts, output_size=structure.num_edges)
        return rows * structure.in_features + indices
    starts, counts = (each.repeat_interleave(structure.group) for each in (indptr[:-1], counts))
    rows = torch.repeat_interleave(outputs, counts, output_size=structure.num_edges)
    within = torch.arange(structure.num_edges, device=indptr.device) - (counts.cumsum(0) - counts)[rows]
    return rows * structure.in_features + indices[starts[rows] + within]


def dense_forward(structure: Structure, window: Window, x: Tensor, w_E: Tensor, bias_O: Tensor | None) -> Tensor:
    """The same by PyTorch's convolution: any device and dtype, differentiable as often as one likes."""
    kernel = dense_weight(structure, window, w_E)
    return conv2d(x, kernel, bias_O, window.stride, window.padding, window.dilation, window.groups)


def dense_backward(
    structure: Structure, window: Window, dy: Tensor, x: Tensor, w_E: Tensor, wanted: Wanted
) -> Gradients:
    """The gradients by PyTorch's convolution, themselves differentiable."""
    kernel = dense_weight(structure, window, w_E)
    rest = (window.stride, window.padding, window.dilation)
    dx, dk, _ = torch.ops.aten.convolution_backward(
        dy, x, kernel, None, *rest, False, [0, 0], window.groups, [wanted[0], wanted[1], False]
    )
    dw = dk.reshape(-1)[places(structure)] if wanted[1] else None
    return dx if wanted[0] else None, dw, dy.sum((0, 2, 3)) if wanted[2] else None


@functools.lru_cache(maxsize=256)
def _memo(window: Window, image: tuple[int, ...]) -> Memo[_native.Taps]:
    return Memo(functools.partial(_taps, window, image))


def _taps(window: Window, image: tuple[int, ...], checked: Checked) -> _native.Taps:
    in_use()  # thresholds of this machine, before anything depends on them
    indptr, indices = checked.junction.indptr, checked.junction.indices
    channels, height, width = image
    sizes = (channels, height, width, checked.junction.out_features, window.groups)
    shape = (window.kernel, window.stride, window.padding, window.dilation)
    return _native.taps(sizes, *shape, indptr.ctypes.data, indices.ctypes.data, len(indices))


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()
