"""The gradient of a layer with respect to weights that it does not have, in blocks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gossamer import native
from gossamer.rewiring.keys import Keys
from gossamer.rewiring.topk import RunningTopK

BLOCK_PLACES = 1 << 20
"""Gradients held at a time: 4 MiB in float32, which stay in a processor's cache."""


class MissingGradient:
    """dL/dW[j, i] = sum over b of dz[b, j] x[b, i], for every place (j, i), from a layer's own inputs x and dz.

    Args:
        passes: (age, x (B, I), dz (B, O)) of each pass through the layer, on one device; `age` is how many optimiser
            steps ago it was.
        group: neighbouring outputs that are one; a place's score is then the sum of its gradients' magnitudes, and its
            key that of a layer of groups.
    """

    def __init__(self, passes: Sequence[tuple[int, Tensor, Tensor]], group: int = 1) -> None:
        self._passes, self._group = tuple(passes), group
        _, x, dz = (parts if len(parts) > 1 else parts[0] for parts in zip(*passes, strict=True))
        x, dz = (torch.cat(parts) if isinstance(parts, tuple) else parts for parts in (x, dz))
        exact = x.dtype if x.dtype == torch.float64 else torch.float32
        self._x_BI, self._dz_OB = x.to(exact), dz.to(exact).t()

    def faded(self, decay: float) -> MissingGradient:
        """The sum in which a pass that is `age` steps old counts decay^age."""
        return MissingGradient([(age, x, dz * decay**age) for age, x, dz in self._passes], self._group)

    def in_groups(self, group: int) -> MissingGradient:
        """The same for groups of neighbouring outputs, of which there is a whole number."""
        return MissingGradient(self._passes, group)

    def is_finite(self) -> bool:
        """Whether no input and no gradient is infinite or NaN."""
        return _is_finite(self._x_BI) and _is_finite(self._dz_OB)

    @property
    def shape(self) -> tuple[int, int]:
        """(O, I)."""
        return self._dz_OB.shape[0], self._x_BI.shape[1]

    def magnitudes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum over the batch of |x| of each input (I,), and of |dz| of each output (O,)."""
        sums = self._x_BI.abs().sum(0), self._dz_OB.abs().sum(1)
        return tuple(each.double().cpu().numpy() for each in sums)  # type: ignore[return-value]

    def at(self, keys: Keys) -> NDArray[np.float64]:
        """The gradient (n,) of the places `keys` (n,) alone: n B multiply-adds."""
        outputs, inputs = np.divmod(keys, self.shape[1])
        x_IB, dz_OB = self._x_BI.t().contiguous(), self._dz_OB.contiguous()
        found = np.empty(len(keys))
        step = max(1, BLOCK_PLACES // x_IB.shape[1])
        for start in range(0, len(keys), step):
            part = slice(start, start + step)
            rows, columns = (torch.from_numpy(ends[part]).to(x_IB.device) for ends in (outputs, inputs))
            found[part] = (dz_OB[rows] * x_IB[columns]).sum(1).double().cpu().numpy()
        return found

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """The gradient (r, I) of a few whole groups of outputs at a time, and the number of the first output."""
        outputs, inputs = len(self._dz_OB), self._x_BI.shape[1]
        rows = max(1, BLOCK_PLACES // inputs // self._group) * self._group
        for start in range(0, outputs, rows):
            yield start, self._dz_OB[start : start + rows] @ self._x_BI

    def scores(self, excluded: Keys) -> Iterator[tuple[int, Tensor]]:
        """The magnitude of the gradient (r / group, I) block by block, -inf at the ascending keys `excluded`."""
        for first, gradient in self.blocks():
            scores, start = gradient.abs_(), first // self._group
            if self._group > 1:
                scores = scores.view(-1, self._group, scores.shape[1]).sum(1)
            rows, inputs = scores.shape
            low, high = np.searchsorted(excluded, [start * inputs, (start + rows) * inputs])
            held = torch.from_numpy(excluded[low:high] - start * inputs).to(scores.device)
            scores.view(-1).index_fill_(0, held, float("-inf"))
            yield start, scores

    def largest(self, count: int, excluded: Keys) -> Keys:
        """The `count` places of largest magnitude outside `excluded`, ascending; ties go to the lower key."""
        if self._group == 1 and native.extension is not None and self._x_BI.is_cpu and self._x_BI.numel():
            return self._largest(count, excluded)
        best = RunningTopK(count)
        for start, scores in self.scores(excluded):
            best.offer(scores.view(-1), first=start * scores.shape[1])
        return best.places()

    def _largest(self, count: int, excluded: Keys) -> Keys:
        """The same in one native pass, which keeps no gradient that is too small."""
        x, dz = _described(self._x_BI), _described(self._dz_OB.t())
        places = np.empty(min(count, x[0].shape[1] * dz[0].shape[1]), dtype=np.int64)
        wide, held = self._x_BI.dtype == torch.float64, np.ascontiguousarray(excluded)
        found = native.extension.largest_missing(wide, x[1], dz[1], held, places, torch.get_num_threads())
        return places[:found]


def _is_finite(matrix: Tensor) -> bool:
    """Whether each number is, or the sum of all, which implies it."""
    flat = matrix if matrix.is_contiguous() else matrix.t()
    if native.extension is None or not flat.is_cpu or not flat.is_contiguous() or flat.is_neg():
        return bool(torch.isfinite(matrix.sum()))
    return bool(native.extension.are_finite(flat.reshape(-1).numpy(), torch.get_num_threads()))


def _described(x: Tensor) -> tuple[Tensor, tuple[int, int, int, int, int]]:
    """A matrix without a negative bit or overlapping strides, and how the extension is told of it."""
    x = x.resolve_neg()
    (rows, columns), (down, across) = x.shape, x.stride()
    return x, (x.data_ptr(), rows, columns, down, across)
