"""A junction as the tensors that the kernels read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gossamer.topology import Bipartite, Junction, Rotated
from gossamer.topology.transpose import transpose

ROWS = ("indptr", "indices")
COLUMNS = ("column_indptr", "column_outputs", "column_edges")
OFFSETS = ("offsets",)


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
        return cls(junction.in_features, junction.out_features, tensors)

    def junction(self) -> Junction:
        """The junction, checked again."""
        arrays = [array.cpu().numpy() for array in self.arrays]
        if self.rotated:
            return Rotated(arrays[0], in_features=self.in_features, out_features=self.out_features)
        return Bipartite(arrays[0], arrays[1], in_features=self.in_features)
