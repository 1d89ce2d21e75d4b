"""How much of the space of edges a training has visited."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.rewiring.keys import Keys

MAX_TRACKED_PLACES = 1 << 31
"""Above this the bits of one layer would take more than 256 MiB: the layer is not tracked."""


class Explored:
    """The places of one layer that ever held an edge, one bit each.

    Args:
        places: I * O.
        keys: the edges to begin with.
    """

    def __init__(self, places: int, keys: Keys) -> None:
        self.places = places
        self.count = 0
        self.bits = np.zeros(-(-places // 8) if places <= MAX_TRACKED_PLACES else 0, dtype=np.uint8)
        self.visit(keys)

    @property
    def is_tracked(self) -> bool:
        """Whether the layer is small enough."""
        return self.places <= MAX_TRACKED_PLACES

    def visit(self, keys: Keys) -> None:
        """Mark places."""
        if not self.is_tracked:
            return
        if native.extension is not None:
            self.count += native.extension.marked(self.bits, np.ascontiguousarray(keys))
            return
        byte, bit = keys >> 3, np.left_shift(1, keys & 7).astype(np.uint8)
        is_new = (self.bits[byte] & bit) == 0
        np.bitwise_or.at(self.bits, byte[is_new], bit[is_new])
        self.count += int(is_new.sum())

    def load(self, bits: NDArray[np.uint8]) -> None:
        """Take on the bits of another."""
        self.bits = bits.copy()
        self.count = int(np.unpackbits(bits).sum())
