"""Edges that go because others did: those of neurons left without an input or without an output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gossamer.rewiring.keys import Mask
from gossamer.rewiring.view import LayerView


class Repair(Protocol):
    """Removes more edges."""

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask]) -> list[Mask]:
        """Which edges of each layer stay; a subset of `kept`."""


@dataclass(frozen=True, slots=True)
class KeepDead:
    """Removes nothing."""

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask]) -> list[Mask]:
        """`kept`."""
        return list(kept)


@dataclass(frozen=True, slots=True)
class RemoveDead:
    """Removes the edges into neurons that no edge leaves and out of neurons that no edge enters, until none is left.

    Two layers are taken to be joined if they follow one another in the model and their widths fit. A layer that would
    lose its last edge is left as it was.

    References:
        Zhang, Zhao, Wu, Muscoloni, Cannistraci, "Epitopological learning and Cannistraci-Hebb network shape
        intelligence brain-inspired theory for ultra-sparse advantage in deep learning", ICLR 2024 (removal of inactive
        neurons and incomplete paths).
    """

    def __call__(self, views: Sequence[LayerView], kept: Sequence[Mask]) -> list[Mask]:
        """Which edges of each layer stay."""
        live = list(kept)
        changed = True
        while changed:
            changed = False
            for number in range(len(views) - 1):
                before, after = views[number], views[number + 1]
                if before.out_features != after.in_features:
                    continue
                entering = _degree(before.outputs, live[number], before.out_features)
                leaving = _degree(after.inputs, live[number + 1], after.in_features)
                useful = (entering > 0) & (leaving > 0)
                pair = live[number] & useful[before.outputs], live[number + 1] & useful[after.inputs]
                if not (pair[0].any() and pair[1].any()):
                    continue
                changed |= bool((pair[0] != live[number]).any() or (pair[1] != live[number + 1]).any())
                live[number], live[number + 1] = pair
        return live


def _degree(ends: NDArray[np.int64], live: Mask, neurons: int) -> NDArray[np.int64]:
    return np.bincount(ends[live], minlength=neurons)
