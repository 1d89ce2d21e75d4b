"""A junction as the tensors that the kernels read."""

from __future__ import annotations

import weakref
from collections.abc import MutableMapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from gossamer.topology import Bipartite, Junction, Rotated
from gossamer.topology.transpose import transpose

ROWS = ("indptr", "indices")
COLUMNS = ("column_indptr", "column_outputs", "column_edges")
OFFSETS = ("offsets",)

_MADE_OF: MutableMapping[Tensor, tuple[list[tuple[weakref.ref[Tensor], int]], Junction]] = WeakIdKeyDictionary()
"""By a structure's first array: all its arrays and their versions when the junction was known, and the junction."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The integers of one junction, int32 tensors on one device.

    Args:
        in_features: inputs I.
        out_features: outputs O.
        arrays: of a bipartite junction `indptr` (O + 1,), `indices` (E,), and the same edges sorted by input:
            `column_indptr` (I + 1,), `column_outputs` (E,), `column_edges` (E,): 12 bytes an edge, the last two for the
            gradient of the input. Of a rotated junction `offsets` (k,) alone.
    """

    in_features: int
    out_features: int
    arrays: tuple[Tensor, ...]

    @property
    def rotated(self) -> bool:
        """Whether the junction is described by offsets."""
        return len(self.arrays) == 1

    @property
    def num_edges(self) -> int:
        """Edges E."""
        return self.in_features * len(self.arrays[0]) if self.rotated else len(self.arrays[1])

    @classmethod
    def of(cls, junction: Junction, device: torch.device | str | None = None) -> Structure:
        """Put a junction's integers on a device."""
        if isinstance(junction, Rotated):
            arrays: tuple[np.ndarray[tuple[int, ...], np.dtype[np.int32]], ...] = (junction.offsets,)
        else:
            arrays = (junction.indptr, junction.indices, *transpose(junction))
        tensors = tuple(torch.tensor(array, dtype=torch.int32, device=device) for array in arrays)
        return cls(junction.in_features, junction.out_features, tensors)._known_as(junction)

    def junction(self) -> Junction:
        """The junction: the one that the structure was made of, or made of the arrays and checked if they changed."""
        found = _MADE_OF.get(self.arrays[0])
        if found is not None and self._is_made_of(*found):
            return found[1]
        arrays = [array.cpu().numpy() for array in self.arrays]
        if self.rotated:
            junction: Junction = Rotated(arrays[0], in_features=self.in_features, out_features=self.out_features)
        else:
            junction = Bipartite(arrays[0], arrays[1], in_features=self.in_features)
        self._known_as(junction)
        return junction

    def _known_as(self, junction: Junction) -> Structure:
        _MADE_OF[self.arrays[0]] = ([(weakref.ref(array), array._version) for array in self.arrays], junction)
        return self

    def _is_made_of(self, seen: list[tuple[weakref.ref[Tensor], int]], junction: Junction) -> bool:
        same = len(seen) == len(self.arrays) and all(
            reference() is array and version == array._version
            for array, (reference, version) in zip(self.arrays, seen, strict=True)
        )
        return same and (junction.in_features, junction.out_features) == (self.in_features, self.out_features)
