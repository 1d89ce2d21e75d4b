"""Which edges go: frozen functions of a layer and a fraction, answering which edges stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from gossamer import native
from gossamer.rewiring.keys import Mask
from gossamer.rewiring.view import Floats, LayerView


class Drop(Protocol):
    """Chooses edges to drop."""

    @property
    def random(self) -> bool:
        """Whether it draws."""

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay, shape (E,)."""


def keep_largest(scores: Floats, count: int, *, magnitudes: bool = False) -> Mask:
    """Mark the `count` largest scores, or those of largest magnitude, none of them NaN; of equal ones the first."""
    if count <= 0 or count >= len(scores):
        return np.full(len(scores), count > 0)
    kept = np.empty(len(scores), dtype=np.bool_)
    if _is_native(scores):
        native.extension.largest(np.ascontiguousarray(scores), magnitudes, count, kept.view(np.uint8))
        return kept
    scores = np.abs(scores) if magnitudes else scores
    lowest = smallest(scores, len(scores) - count)
    np.greater(scores, lowest, out=kept)
    kept[np.flatnonzero(scores == lowest)[: count - np.count_nonzero(kept)]] = True
    return kept


def smallest(values: Floats, k: int) -> Any:
    """The k-th smallest of values without NaN, counted from 0.

    >>> float(smallest(np.array([3.0, -1.0, 2.0]), 1))
    2.0
    """
    if _is_native(values):
        return values.dtype.type(native.extension.smallest(np.ascontiguousarray(values), k))
    return np.partition(values, k)[k]


def _is_native(values: Floats) -> bool:
    return native.extension is not None and values.dtype in (np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class DropSmallest:
    """Drops the int(fraction * E) edges of smallest |w|."""

    random = False

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay."""
        return keep_largest(view.weight, view.num_edges - int(fraction * view.num_edges), magnitudes=True)


@dataclass(frozen=True, slots=True)
class DropNearestZero:
    """Drops the share of the positive weights nearest 0 and the same share of the negative ones, as SET's code does.

    With the weights v sorted, p negative ones before and the first positive one at q, what stays is strictly below
    v[int((1 - fraction) p)] or strictly above v[int(min(n - 1, q + fraction (n - q)))]; weights of exactly 0 go.
    A fraction of 0 drops nothing [departure: the code drops the smallest positive weight even then].

    References:
        Mocanu et al., "Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
        network science", Nature Communications 9, 2018, and its code.
    """

    random = False

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay."""
        w, n = view.weight, view.num_edges
        if fraction == 0 or n == 0:
            return np.ones(n, dtype=np.bool_)
        if _is_native(w):
            kept = np.empty(n, dtype=np.bool_)
            native.extension.far_from_zero(
                np.ascontiguousarray(w), fraction, kept.view(np.uint8), torch.get_num_threads()
            )
            return kept
        p, q = np.count_nonzero(w < 0), n - np.count_nonzero(w > 0)
        below, above = min(n - 1, int((1 - fraction) * p)), int(min(n - 1, q + fraction * (n - q)))
        return np.asarray((w < min(smallest(w, below), 0)) | (w > max(smallest(w, above), 0)))


@dataclass(frozen=True, slots=True)
class DropLeastSalient:
    """Drops the int(fraction * E) edges of smallest |w| + `weight_of_gradient` * |dL/dw|.

    References:
        Yuan et al., "MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge", NeurIPS 2021.
    """

    weight_of_gradient: float = 1.0
    random = False

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay."""
        scores = np.abs(view.weight) + self.weight_of_gradient * np.abs(view.require_gradient())
        return keep_largest(scores, view.num_edges - int(fraction * view.num_edges))


@dataclass(frozen=True, slots=True)
class DropBeyondInitial:
    """Drops the least salient edges beyond the number that the layer began with.

    Args:
        weight_of_gradient: see `DropLeastSalient`.
    """

    weight_of_gradient: float = 1.0
    random = False

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay."""
        scores = np.abs(view.weight) + self.weight_of_gradient * np.abs(view.require_gradient())
        return keep_largest(scores, view.initial_edges)


@dataclass(frozen=True, slots=True)
class DropSoftly:
    """Keeps E - int(fraction * E) edges, drawn without replacement in proportion to |w|^T, where T rises from 1 to 3.

    T = 1 + 2 min(1, t / until): the choice hardens with time. The draw is by exponential clocks: an edge rings at
    rate |w|^T, the first to ring stay.

    Args:
        until: the step at which T is 3.

    References:
        Zhang et al., arXiv 2501.19107, 2025 (CHTs, link removal).
        Efraimidis, Spirakis, "Weighted random sampling with a reservoir", Information Processing Letters 97, 2006.
    """

    until: int
    random = True

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay."""
        hardness = 1 + 2 * min(1.0, view.step / self.until)
        with np.errstate(divide="ignore"):
            log_rates = hardness * np.log(np.abs(view.weight).astype(np.float64))
        rings = np.log(rng.standard_exponential(view.num_edges)) - log_rates
        return keep_largest(-rings, view.num_edges - int(fraction * view.num_edges))


@dataclass(frozen=True, slots=True)
class KeepAll:
    """Drops nothing."""

    random = False

    def __call__(self, view: LayerView, fraction: float, *, rng: np.random.Generator) -> Mask:
        """Which edges stay: all."""
        return np.ones(view.num_edges, dtype=np.bool_)
