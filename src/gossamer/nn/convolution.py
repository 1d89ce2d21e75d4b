"""Convolutions whose weights are live taps: one number an (output, channel, row, column) that is there."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import unfold

from gossamer.nn import checks
from gossamer.nn.activations import IDENTITY
from gossamer.nn.initialization import Initialization
from gossamer.nn.kernels import convolution as kernels
from gossamer.nn.kernels.convolution import Window
from gossamer.nn.layer import SparseLayer
from gossamer.nn.norms import refuse_norms
from gossamer.nn.observers import traced, transformed
from gossamer.nn.structure import Structure
from gossamer.nn.window import window_of
from gossamer.topology import Bipartite, Junction


def sparse_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, *, structure: Structure, window: Window) -> Tensor:
    """The convolution of images with live taps only.

    Float32 on the CPU takes the native kernels, which cost what their taps cost. Everything else (other dtypes and
    devices, traced calls, second derivatives) takes PyTorch's dense convolution with zeros for missing taps.

    Args:
        x: images, shape (B, C, H, W).
        weight: one number a tap, shape (E,), in edge order of the junction.
        bias: shape (O,), or None.
        structure: the junction of taps: its C / groups * kernel inputs are places of a kernel.
        window: how the kernel is moved.

    Returns:
        Shape (B, O, H', W'), contiguous from the native kernels.

    Raises:
        ValueError: shapes that do not fit.
        TypeError: different or non-floating dtypes.
    """
    if x.device.type != "meta" and torch.is_autocast_enabled(x.device.type):
        x = x.to(weight.dtype)
    _fits(structure, window, x)
    checks.parameters_fit(structure, x, weight, bias)
    if traced(x) or traced(weight) or transformed() or not kernels.serves(x):
        return kernels.dense_forward(structure, window, x, weight, bias)
    y: Tensor = _Convolution.apply(x, weight, bias, structure, window)  # type: ignore[no-untyped-call]
    return y


def _fits(structure: Structure, window: Window, x: Tensor) -> None:
    channels = structure.in_features * window.groups // (window.kernel[0] * window.kernel[1])
    if x.dim() != 4 or x.shape[1] != channels:
        raise ValueError(f"x has shape {tuple(x.shape)}; (batch, {channels} channels, height, width) is needed.")
    if min(kernels.output(window, x.shape[1:])) < 1:
        raise ValueError(f"images of {tuple(x.shape[2:])} are smaller than the kernel of {window}.")


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, structure: Structure, window: Window
    ) -> Tensor:
        images, w_E = x.contiguous(), weight.contiguous()
        checked = structure.checked()
        live = kernels.taps(checked, window, x.shape[1:])
        y = kernels.forward(live, window, images, w_E, None if bias is None else bias.contiguous())
        ctx.rest = live, structure, checked, window, (*images.shape, *y.shape)
        ctx.save_for_backward(images, weight)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        live, structure, checked, window, sizes = ctx.rest
        checks.unwritten(structure, checked)
        checks.parameters_fit(structure, x, weight, None)  # memory may have been swapped under either
        if (*x.shape, *dy.shape) != sizes or dy.dtype != x.dtype:
            raise ValueError(f"x is {tuple(x.shape)} and dy {tuple(dy.shape)} now; both were {sizes} before.")
        wanted = ctx.needs_input_grad[:3]
        if torch.is_grad_enabled() or traced(dy) or transformed(dy):  # a second derivative, or many gradients at once
            found = kernels.dense_backward(structure, window, dy, x, weight, wanted)
        else:
            found = kernels.backward(live, dy.contiguous(), x, weight.contiguous(), wanted)
        return *found, None, None


class SparseConv2d(SparseLayer):
    """A 2-d convolution that stores and computes its live taps only.

    Its topology is a junction of taps: input (c * height + row) * width + column of the kernel is joined to output o
    iff that tap is there, so that `junction.to_mask()` is laid out like `nn.Conv2d.weight.reshape(O, -1)`. It is read,
    saved, measured, rewired and pruned like any junction; `channel_graph()` forgets the places.

    Args:
        junction: the taps: in_channels / groups * kernel inputs, out_channels outputs.
        in_channels: channels C of an image.
        kernel_size: a number, or height and width.
        stride: likewise.
        padding: likewise, or "same" (with stride 1 and kernels of odd extent) or "valid". Zeros are padded.
        dilation: likewise.
        groups: divides channels in and out; each output reads the channels of its group.
        bias: whether outputs have a bias.
        activation: folded into the layer, as in `SparseLinear`; or None.
        initialization: how the weights begin; fans count live taps.
        device: where the parameters live.
        dtype: of the parameters; float32 on the CPU is what the native kernels serve.

    Raises:
        ValueError: a junction of other widths than channels and kernel make.
        TypeError: `junction` is not one, or a size is no whole number.

    Shapes: input (B, C, H, W) or (C, H, W); output likewise with O channels; `weight` (E,).

    >>> import gossamer as gs, numpy as np
    >>> taps = gs.generators.erdos_renyi(3 * 3 * 3, 8, 54, rng=np.random.default_rng(0))
    >>> layer = SparseConv2d(taps, in_channels=3, kernel_size=3, padding=1)
    >>> layer(torch.ones(2, 3, 16, 16)).shape, layer.weight.shape
    (torch.Size([2, 8, 16, 16]), torch.Size([54]))
    """

    _axes = 2

    def __init__(
        self,
        junction: Junction,
        in_channels: int,
        kernel_size: int | tuple[int, ...],
        *,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        activation: nn.Module | None = None,
        initialization: Initialization | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        window = window_of(self._axes, kernel_size, stride, padding, dilation, groups)
        super().__init__(
            junction, bias, activation=activation, initialization=initialization, device=device, dtype=dtype
        )
        self.window = window
        self.in_channels = in_channels
        self._require_taps(junction)

    @property
    def out_channels(self) -> int:
        """Channels O of the output."""
        return self.out_features

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, O, H', W'); (C, H, W) to (O, H', W')."""
        if self._modules or self._forward_pre_hooks:
            refuse_norms(self)
        y = self.sums(x)
        return y if self.activation == IDENTITY else self.activation(y)

    def sums(self, x: Tensor) -> Tensor:
        """What the activation is applied to."""
        structure = self.recorded() if traced(x) else self.structure
        y = sparse_conv2d(self._images(x), self.weight, self.bias, structure=structure, window=self.window)
        return self._as(x, y)

    def input_rows(self, x: Tensor) -> Tensor:
        """What each output position reads, (B * H' * W', I).

        Raises:
            ValueError: a grouped convolution, whose outputs do not read the same places.
        """
        window = self.window
        if window.groups > 1:
            raise ValueError(f"groups={window.groups}: gradients of missing taps are known for groups=1 only.")
        columns = unfold(self._images(x), window.kernel, window.dilation, window.padding, window.stride)
        return columns.transpose(1, 2).reshape(-1, self.in_features)

    def output_rows(self, y: Tensor) -> Tensor:
        """The outputs of each position, (B * H' * W', O)."""
        return self._images(y).permute(0, 2, 3, 1).reshape(-1, self.out_features)

    def channel_graph(self) -> Bipartite:
        """Which channel reaches which output by any tap: a junction of `in_channels` inputs."""
        inputs, outputs = self.topology().edges()
        window = self.window
        channels = inputs // (window.kernel[0] * window.kernel[1])
        each = self.in_channels // window.groups
        channels = channels + outputs // (self.out_features // window.groups) * each
        pairs = np.unique(outputs.astype(np.int64) * self.in_channels + channels)
        return Bipartite.from_edges(
            pairs % self.in_channels,
            pairs // self.in_channels,
            in_features=self.in_channels,
            out_features=self.out_features,
        )

    @classmethod
    def of(cls, dense: nn.Conv1d | nn.Conv2d, junction: Junction, *, activation: nn.Module | None = None) -> Self:
        """The layer with the weights that a dense convolution has on a junction's taps, and its bias.

        Raises:
            ValueError: padding other than zeros, or a junction that does not fit.
        """
        if dense.padding_mode != "zeros":
            raise ValueError(f"padding_mode={dense.padding_mode!r} is not known here; 'zeros' is.")
        weight = dense.weight.detach()
        layer = cls(
            junction,
            dense.in_channels,
            dense.kernel_size,
            stride=dense.stride,
            padding=dense.padding,
            dilation=dense.dilation,
            groups=dense.groups,
            bias=dense.bias is not None,
            activation=activation,
            device=weight.device,
            dtype=weight.dtype,
        )
        with torch.no_grad():
            layer.weight.copy_(weight.reshape(-1)[kernels.places(layer.structure)])
            if layer.bias is not None and dense.bias is not None:
                layer.bias.copy_(dense.bias)
        return layer

    def dense_weight(self) -> Tensor:
        """The kernel of the dense convolution that computes the same, with zeros where there is no tap."""
        size = self.window.kernel[2 - self._axes :]
        return kernels.dense_weight(self.structure, self.window, self.weight.detach()).reshape(
            self.out_features, -1, *size
        )

    def extra_repr(self) -> str:
        """Channels, window and taps."""
        own = slice(2 - self._axes, None)
        window = self.window
        parts = [f"{self.in_channels}, {self.out_features}, kernel_size={window.kernel[own]}"]
        defaults = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
        parts += [
            f"{name}={getattr(window, name)[own]}" for name, usual in defaults.items() if getattr(window, name) != usual
        ]
        parts += [f"groups={window.groups}"] if window.groups > 1 else []
        density = self.weight.numel() / self.places
        return ", ".join(
            [*parts, f"num_edges={self.weight.numel()}, density={density:.4g}, bias={self.bias is not None}"]
        )

    def _images(self, x: Tensor) -> Tensor:
        checks.require_tensor(x)
        if x.dim() == self._axes + 1:
            x = x.unsqueeze(0)
        if x.dim() != self._axes + 2:
            raise ValueError(f"x has shape {tuple(x.shape)}; (batch, channels) and {self._axes} sizes are needed.")
        return x if self._axes == 2 else x.unsqueeze(2)

    def _as(self, x: Tensor, y: Tensor) -> Tensor:
        y = y if self._axes == 2 else y.squeeze(2)
        return y.squeeze(0) if x.dim() == self._axes + 1 else y

    def _require_taps(self, junction: Junction) -> None:
        window, C, O = self.window, self.in_channels, junction.out_features
        if not isinstance(C, int) or C < 1 or C % window.groups or O % window.groups:
            raise ValueError(f"groups={window.groups} must divide in_channels={C} and the {O} outputs.")
        needed = C // window.groups * window.kernel[0] * window.kernel[1]
        if junction.in_features != needed:
            raise ValueError(
                f"the junction has in_features={junction.in_features}; in_channels={C}, groups={window.groups} and a "
                f"kernel of {window.kernel[2 - self._axes :]} make {needed} taps an output."
            )


class SparseConv1d(SparseConv2d):
    """The same over sequences: input (B, C, L) or (C, L); the kernel's places are (channel, position).

    >>> import gossamer as gs, numpy as np
    >>> taps = gs.generators.constant_fan_in(4 * 5, 6, 3, rng=np.random.default_rng(0))
    >>> SparseConv1d(taps, in_channels=4, kernel_size=5, padding=2)(torch.ones(2, 4, 30)).shape
    torch.Size([2, 6, 30])
    """

    _axes = 1
