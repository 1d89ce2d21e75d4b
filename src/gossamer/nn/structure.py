"""A junction as the tensors that the kernels read."""

from __future__ import annotations

import weakref
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from gossamer.topology import Bipartite, Junction, Rotated
from gossamer.topology.transpose import transpose

ROWS = ("indptr", "indices")
COLUMNS = ("column_indptr", "column_outputs", "column_edges")
OFFSETS = ("offsets",)

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Structure:
    """The integers of one junction, int32 tensors on one device.

    Args:
        in_features: inputs I.
        out_features: outputs O.
        arrays: of a bipartite junction `indptr` (O + 1,), `indices` (E,), and the same edges sorted by input:
            `column_indptr` (I + 1,), `column_outputs` (E,), `column_edges` (E,): 12 bytes an edge, the last two for the
            gradient of the input. Of a rotated junction `offsets` (k,) alone.

    Attributes:
        notes: what was made of it (`Memo`); no part of its value.
    """

    in_features: int
    out_features: int
    arrays: tuple[Tensor, ...]
    notes: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        structure = cls(junction.in_features, junction.out_features, tensors)
        _JUNCTIONS.keep(structure, junction)
        return structure

    def junction(self) -> Junction:
        """The junction: the one that the structure was made of, or made of the arrays and checked if they changed."""
        return _JUNCTIONS.of(self)

    def __reduce__(self) -> tuple[type[Structure], tuple[int, int, tuple[Tensor, ...]]]:
        return Structure, (self.in_features, self.out_features, self.arrays)  # notes are not for copies

    def _made(self) -> Junction:
        arrays = [array.cpu().numpy() for array in self.arrays]
        if self.rotated:
            return Rotated(arrays[0], in_features=self.in_features, out_features=self.out_features)
        return Bipartite(arrays[0], arrays[1], in_features=self.in_features)


State: TypeAlias = list[tuple[int, int]]
"""How often arrays were written to, and where they are."""


class Memo(Generic[_Made]):
    """What was made of structures, as long as their arrays live, stay where they are, and nobody writes to them.

    Args:
        make: makes it.
    """

    def __init__(self, make: Callable[[Structure], _Made]) -> None:
        self._make = make
        self._known: MutableMapping[Tensor, tuple[tuple[int, int], State, list[weakref.ref[Tensor]], _Made]]
        self._known = WeakIdKeyDictionary()

    def of(self, structure: Structure) -> _Made:
        """What was made of a structure, or is now."""
        state = _state(structure)
        note = structure.notes.get(self)
        if note is not None and note[0] == state:
            noted: _Made = note[1]
            return noted
        found = self._known.get(structure.arrays[0])
        if found is not None and found[:2] == (_sizes(structure), state) and _are(structure.arrays, found[2]):
            made = found[3]
        else:
            made = self._make(structure)
        self.keep(structure, made)
        return made

    def keep(self, structure: Structure, made: _Made) -> None:
        """Remember what was made of a structure."""
        state = _state(structure)
        self._known[structure.arrays[0]] = (_sizes(structure), state, list(map(weakref.ref, structure.arrays)), made)
        structure.notes[self] = (state, made)


_JUNCTIONS: Memo[Junction] = Memo(Structure._made)


def _state(structure: Structure) -> State:
    # tensors of inference mode do not count their versions
    return [(-1 if array.is_inference() else array._version, array.data_ptr()) for array in structure.arrays]


def _sizes(structure: Structure) -> tuple[int, int]:
    return structure.in_features, structure.out_features


def _are(arrays: tuple[Tensor, ...], seen: list[weakref.ref[Tensor]]) -> bool:
    return len(seen) == len(arrays) and all(reference() is array for array, reference in zip(arrays, seen, strict=True))
