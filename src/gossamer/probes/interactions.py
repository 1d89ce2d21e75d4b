"""Sets of features and how strongly a network can combine them: what every detector of interactions returns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import require_int
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Features = tuple[int, ...]
"""A set of features, ascending."""

_WIDEST_MATRIX = 64
_DRAWN = 20
_LISTED = 8


@dataclass(frozen=True, eq=False, repr=False)
class Interactions(Finding, Mapping[Features, float]):
    """A mapping from sets of features to strengths of at least 0.

    With an `order` it holds every set of that many features, and stores those of positive strength alone; without one
    it holds the candidates of a detector of any order. Sets are looked up in any order of their features.

    Attributes:
        method: the detector's name.
        formula: what it computes; `equation` gives it too.
        features: number of features I.
        order: features in a set, or None for any number.
        members: (largest order, K) features of the stored sets, ascending in each; -1 before them where a set is
            smaller; sets in lexicographic order.
        strengths: (K,), positive.
        disconnected: features that no path joins to the output: every set that holds one has strength 0.

    >>> import gossamer as gs
    >>> found = gs.probes.nid([[[3.0, 2.0, 0.5], [0.1, 1.0, 1.0]], [[2.0, 1.0]]])
    >>> found[0, 1], found.top(2)
    (4.1, [((0, 1), 4.1), ((1, 2), 2.0)])
    """

    method: str
    formula: str
    features: int
    order: int | None
    members: NDArray[np.int32]
    strengths: NDArray[np.float64]
    disconnected: Features

    @property
    def equation(self) -> str:
        """What was computed."""
        return self.formula

    def __getitem__(self, features: Features) -> float:
        place = self._place(features)
        return 0.0 if place is None else float(self.strengths[place])

    def __iter__(self) -> Iterator[Features]:
        if self.order is not None:
            return itertools.combinations(range(self.features), self.order)
        return map(_set_of, self.members.T)

    def __len__(self) -> int:
        return len(self.strengths) if self.order is None else math.comb(self.features, self.order)

    def top(self, count: int = 10) -> list[tuple[Features, float]]:
        """The strongest sets of positive strength, strongest first, ties in lexicographic order.

        Args:
            count: how many, at least 1; fewer are returned where fewer are positive.
        """
        count = min(require_int("count", count, low=1), len(self.strengths))
        if count == 0:
            return []
        # All that tie with the last one compete for its place, so that order decides and not the partition.
        least = np.partition(self.strengths, len(self.strengths) - count)[len(self.strengths) - count]
        able = np.flatnonzero(self.strengths >= least)
        best = able[np.argsort(-self.strengths[able], kind="stable")[:count]]
        return [(_set_of(self.members[:, k]), float(self.strengths[k])) for k in best]

    def matrix(self) -> NDArray[np.float64]:
        """Symmetric (I, I) strengths of pairs, 0 on the diagonal.

        Raises:
            ValueError: the sets are no pairs.
        """
        if self.order != 2:
            raise ValueError(f"order={self.order}: only pairs, order=2, make a matrix.")
        matrix = np.zeros((self.features, self.features))
        matrix[*self.members] = self.strengths
        return matrix + matrix.T

    def record(self) -> dict[str, Number]:
        """Sizes, and the strongest three sets."""
        numbers: dict[str, Number] = {"method": self.method, "features": self.features}
        numbers["positive_sets"] = len(self.strengths)
        numbers["disconnected_features"] = len(self.disconnected)
        for rank, (features, strength) in enumerate(self.top(3), 1):
            numbers[f"top_{rank}"] = " ".join(map(str, features))
            numbers[f"top_{rank}_strength"] = strength
        return numbers

    def plot(self, ax: Axes | None = None) -> Axes:
        """A matrix of the pairs of up to 64 features, else bars of the strongest 20 sets."""
        ax = axes_or_new(ax)
        if self.order == 2 and self.features <= _WIDEST_MATRIX:
            image = ax.imshow(self.matrix(), cmap="Blues", vmin=0)
            ax.figure.colorbar(image, ax=ax, label="strength")
            ax.set(xlabel="feature", ylabel="feature")
        else:
            best = self.top(_DRAWN)[::-1]
            ax.barh([_shortened(features) for features, _ in best], [strength for _, strength in best])
            ax.set(xlabel="strength", ylabel="features")
        ax.set_title(f"Interactions ({self.method})")
        return ax

    def __repr__(self) -> str:
        kind = "any order" if self.order is None else f"order {self.order}"
        return f"<Interactions by {self.method}, {kind}: {len(self.strengths)} positive of {self.features} features>"

    def __eq__(self, other: object) -> bool:
        return Mapping.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]

    def _place(self, features: Any) -> int | None:
        """Where a set is stored; None for one of strength 0.

        Raises:
            KeyError: no set that this mapping holds.
        """
        try:
            wanted = tuple(sorted(int(feature) for feature in features))
        except (TypeError, ValueError):
            raise KeyError(features) from None
        legal = len(set(wanted)) == len(wanted) and all(0 <= feature < self.features for feature in wanted)
        if not legal or (self.order is not None and len(wanted) != self.order) or len(wanted) > len(self.members):
            raise KeyError(features)
        low, high = 0, len(self.strengths)
        for row, feature in zip(self.members, (-1,) * (len(self.members) - len(wanted)) + wanted, strict=True):
            found = np.searchsorted(row[low:high], [feature, feature + 1])
            low, high = low + int(found[0]), low + int(found[1])
        if low < high:
            return low
        if self.order is None:
            raise KeyError(features)
        return None


def _set_of(members: NDArray[np.int32]) -> Features:
    return tuple(int(feature) for feature in members if feature >= 0)


def _shortened(features: Features) -> str:
    """The features, or the ends of a long list with their number."""
    if len(features) <= _LISTED:
        return " ".join(map(str, features))
    return f"{features[0]} {features[1]} … {features[-1]} ({len(features)} features)"
