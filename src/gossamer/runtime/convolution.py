"""Convolutions over live taps, by the native kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from gossamer import native
from gossamer.errors import TopologyFileError
from gossamer.runtime.step import Floats, Step
from gossamer.topology import Bipartite
from gossamer.topology.files import described
from gossamer.tuning import in_use

_REMEMBERED = 8
"""Sizes of images whose places are kept."""


class Convolution:
    """Images (B, C, H, W) to (B, O, H', W'); sequences (B, C, L) to (B, O, L').

    Args:
        step: what the file says of it.

    Raises:
        TopologyFileError: a junction that has other taps than the window.
    """

    def __init__(self, step: Step) -> None:
        self.axes = step.integer("axes", low=1, high=2)
        self.channels = step.integer("in_channels", low=1)
        self.groups = step.integer("groups", low=1)
        sizes = [step.integers(name, 2, low=low) for name, low in _WINDOW.items()]
        self.kernel, self.stride, self.padding, self.dilation = sizes
        kind = step.fields["junction"]
        junction = described(kind, f"{step.number}", step.tensors) if isinstance(kind, dict) else None
        if not isinstance(junction, Bipartite):
            raise TopologyFileError(f"{step.label} has junction={kind!r}; one of kind 'bipartite' is needed.")
        self.rows = junction
        taps, rest = divmod(self.channels * self.kernel[0] * self.kernel[1], self.groups)
        if rest or self.channels % self.groups or junction.in_features != taps or self.outputs % self.groups:
            raise TopologyFileError(
                f"{step.label}: a junction of {junction.in_features} x {self.outputs} does not fit in_channels="
                f"{self.channels}, groups={self.groups} and a kernel of {self.kernel}."
            )
        self.weight = step.numbers("weight", (junction.num_edges,))
        self.bias = step.optional("bias", (self.outputs,))
        self._batched = step.flag("batched")
        self._taps: dict[tuple[int, int], Any] = {}

    @property
    def outputs(self) -> int:
        """Channels of the output."""
        return self.rows.out_features

    def __call__(self, x: Floats, threads: int) -> Floats:
        """One image, or a batch of them."""
        single = x.ndim == self.axes + 1 and not self._batched
        if not (single or x.ndim == self.axes + 2) or x.shape[-1 - self.axes] != self.channels:
            axes = ", ".join(("batch", "channels", "height", "width")[: self.axes + 2])
            raise ValueError(f"x has shape {x.shape}; a convolution here reads ({axes}) of {self.channels} channels.")
        batch, own = 1 if single else len(x), x.shape[-self.axes :]
        images = np.ascontiguousarray(x).reshape(batch, self.channels, *((1,) * (2 - self.axes)), *own)
        size = images.shape[2], images.shape[3]
        y = np.empty((images.shape[0], self.outputs, *self._output(size)), np.float32)
        if y.size:
            self._run(images, size, y, threads)
        return y.reshape(*x.shape[: -1 - self.axes], self.outputs, *y.shape[4 - self.axes :])

    def _run(self, images: Floats, size: tuple[int, int], y: Floats, threads: int) -> None:
        bias = 0 if self.bias is None else self.bias.ctypes.data
        addresses = images.ctypes.data, self.weight.ctypes.data, bias, y.ctypes.data
        native.extension.convolution_forward(self._places(size), images.shape[0], *addresses, threads)

    def _places(self, size: tuple[int, int]) -> Any:
        """Where each tap reads in images of a size."""
        if size not in self._taps:
            if native.extension is None:
                raise RuntimeError(
                    "convolutions need the native kernels, and this Gossamer was installed without them."
                )
            if len(self._taps) == _REMEMBERED:
                self._taps.pop(next(iter(self._taps)))
            in_use()  # thresholds of this machine, before anything depends on them
            sizes = (self.channels, *size, self.outputs, self.groups)
            window = self.kernel, self.stride, self.padding, self.dilation
            indptr, indices = self.rows.indptr, self.rows.indices
            self._taps[size] = native.extension.taps(
                sizes, *window, indptr.ctypes.data, indices.ctypes.data, len(indices)
            )
        return self._taps[size]

    def _output(self, size: tuple[int, int]) -> tuple[int, int]:
        shape = zip(size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        height, width = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in shape)
        if height < 1 or width < 1:
            raise ValueError(f"images of {size} are smaller than a kernel of {self.kernel} that is moved over them.")
        return height, width


_WINDOW = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1}
