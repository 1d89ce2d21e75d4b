"""Convolutions become layers of live taps, and dense again."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from gossamer.nn.conversion.swaps import SWAPS, LinearSwap, bias_of, place
from gossamer.nn.convolution import SparseConv1d, SparseConv2d
from gossamer.nn.kernels.convolution import places
from gossamer.nn.layer import SparseLayer
from gossamer.nn.window import window_of
from gossamer.topology import Junction


class ConvolutionSwap(LinearSwap):
    """`torch.nn.Conv1d` or `Conv2d`: the matrix of its weights is (O, C / groups * kernel).

    Args:
        dense: the class.
        sparse: its twin.
    """

    folds = False

    def __init__(self, dense: type[nn.Conv1d | nn.Conv2d], sparse: type[SparseConv2d]) -> None:
        self._dense, self._sparse, self._axes = dense, sparse, sparse._axes

    def refusal(self, module: nn.Module) -> str | None:
        """What a linear layer is refused for, padding that is not zeros, and windows that are not symmetric."""
        reason = super().refusal(module)
        if reason is not None:
            return reason
        given: Any = module
        if given.padding_mode != "zeros":
            return f"pads by {given.padding_mode!r}, and zeros are known"
        try:
            window_of(self._axes, given.kernel_size, given.stride, given.padding, given.dilation, given.groups)
        except ValueError as error:
            return f"has a window without a sparse twin ({str(error).rstrip('.')})"
        return None

    def is_plain(self, module: nn.Module) -> bool:
        """Whether it computes what its class does."""
        return type(module).forward is self._dense.forward

    def weight(self, module: nn.Module) -> Tensor:
        """(O, C / groups * kernel)."""
        return super().weight(module).flatten(1)

    def mask(self, module: nn.Module) -> Tensor | None:
        """The same of the mask."""
        mask = super().mask(module)
        return None if mask is None else mask.flatten(1)

    def kernel(self, module: nn.Module) -> tuple[int, ...]:
        """Its kernel's sizes."""
        return cast(tuple[int, ...], module.kernel_size)

    def sparse(self, module: nn.Module, junction: Junction, activation: nn.Module | None) -> SparseLayer:
        """A layer of its taps."""
        with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and written over
            layer = self._sparse.of(cast(nn.Conv2d, module), junction, activation=activation)
        bias = bias_of(module)
        with torch.no_grad():
            layer.weight.copy_(self.weight(module).reshape(-1)[places(layer.structure)])
            if bias is not None:
                layer.bias.copy_(bias)  # type: ignore[union-attr]
        return layer

    def dense(self, layer: SparseLayer) -> nn.Module:
        """A convolution with zeros where there is no tap."""
        taps = cast(SparseConv2d, layer)
        own = slice(2 - self._axes, None)
        window = taps.window
        dense: Any = nn.utils.skip_init(
            self._dense,
            taps.in_channels,
            taps.out_channels,
            window.kernel[own],
            stride=window.stride[own],
            padding=window.padding[own],
            dilation=window.dilation[own],
            groups=window.groups,
            bias=taps.bias is not None,
            **place(taps.weight),
        )
        with torch.no_grad():
            dense.weight.copy_(taps.dense_weight())
            if taps.bias is not None:
                dense.bias.copy_(taps.bias)
        return cast(nn.Module, dense)


SWAPS[nn.Conv1d] = ConvolutionSwap(nn.Conv1d, SparseConv1d)
SWAPS[nn.Conv2d] = ConvolutionSwap(nn.Conv2d, SparseConv2d)
