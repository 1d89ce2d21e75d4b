"""What an update did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gossamer.rewiring.keys import Keys


@dataclass(frozen=True, eq=False, slots=True)
class Moved:
    """The edges of one layer that went and came, as ascending keys.

    An edge that went and came back as a new one is in both.
    """

    removed: Keys
    added: Keys

    @property
    def is_nothing(self) -> bool:
        """Whether no edge moved."""
        return not len(self.removed) and not len(self.added)


@dataclass(frozen=True, slots=True)
class Update:
    """The numbers of one update.

    Args:
        step: the optimiser step that it followed, counted from 1.
        edges: edges of the rewired layers afterwards.
        places: their places, live or empty.
        removed: edges that went, a layer.
        added: edges that came, a layer.
    """

    step: int
    edges: int
    places: int
    removed: tuple[int, ...]
    added: tuple[int, ...]

    @classmethod
    def of(cls, step: int, places: int, moved: Sequence[Moved], counts: Sequence[int]) -> Self:
        """Count."""
        return cls(
            step=step,
            edges=sum(counts),
            places=places,
            removed=tuple(len(each.removed) for each in moved),
            added=tuple(len(each.added) for each in moved),
        )

    @property
    def sparsity(self) -> float:
        """Share of empty places, 0 to 1."""
        return 1 - self.edges / self.places
