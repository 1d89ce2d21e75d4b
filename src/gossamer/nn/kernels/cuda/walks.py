"""The integers that programs follow: a junction between groups, by outputs and by inputs, on a device."""

from __future__ import annotations

from functools import cache, partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gossamer.nn.structure import Checked, Memo
from gossamer.topology import Bipartite, Grouped
from gossamer.topology.grouped import compact
from gossamer.topology.transpose import transpose

GROUPS_FROM = 16
"""Neurons of a group, on either side, from which products of matrices serve: the least that tensor cores take."""

CHUNKS = {True: 64, False: 32}
"""Weights of an output whose gradients one program makes, of groups and of arbitrary edges: measured on an H200."""


class Side(NamedTuple):
    """The junction between groups by those whose sums are made: outputs forward, inputs back.

    Args:
        own: neurons of a group whose sums are made.
        other: neurons of a group that they are joined to.
        indptr: where each group's edges begin, (groups + 1,).
        neighbours: the group at the other end of each edge.
        places: back, where each edge's weights begin in the layer's vector; forward they follow from `indptr`.
        leads: back, how far the weights of an edge's outputs lie apart.
        aligned: what divides the numbers of weights that lie together, 1 to 16.
    """

    own: int
    other: int
    indptr: Tensor
    neighbours: Tensor
    places: Tensor | None
    leads: Tensor | None
    aligned: int

    @property
    def groups(self) -> int:
        """How many groups of sums there are."""
        return len(self.indptr) - 1


class Walk(NamedTuple):
    """Both sides, and the rows in chunks of equal size for the gradient of the weights.

    Args:
        grouped: whether edges are those between groups, which are walked by products of matrices.
        chunk: weights of a row in a chunk.
        rows: the group of each chunk.
        starts: which of the neurons that the group is joined to is the chunk's first.
    """

    grouped: bool
    forward: Side
    back: Side
    chunk: int
    rows: Tensor
    starts: Tensor


def walk_of(checked: Checked, device: torch.device) -> Walk:
    """What programs follow on a device, made when it is first asked for."""
    return _memo(device).of(checked)


@cache
def _memo(device: torch.device) -> Memo[Walk]:
    return Memo(partial(_walk, device=device))


def _walk(checked: Checked, device: torch.device) -> Walk:
    junction = checked.junction
    if not isinstance(junction, Bipartite):
        junction = Bipartite(junction.indptr, junction.indices, in_features=junction.in_features)
    base, (g, h) = _between_groups(junction)
    lengths = np.diff(base.indptr).astype(np.int64)
    columns = transpose(base)
    grouped = max(g, h) > 1
    rows, starts = _chunks(lengths * h, CHUNKS[grouped])
    firsts = np.repeat(base.indptr[:-1].astype(np.int64), lengths)
    places = firsts * (g * h) + (np.arange(base.num_edges) - firsts) * h

    def put(array: NDArray[np.integer]) -> Tensor:
        return torch.tensor(array, dtype=torch.int32, device=device)

    with torch.inference_mode(False):
        forward = Side(g, h, put(base.indptr), put(base.indices), None, None, _power_of_two(lengths * h))
        leads = put(np.repeat(lengths * h, lengths)[columns.edges]) if grouped else None
        behind = put(columns.indptr), put(columns.outputs), put(places[columns.edges]), leads
        back = Side(h, g, *behind, _power_of_two(np.array([h])))
        return Walk(grouped, forward, back, CHUNKS[grouped], put(rows), put(starts))


def _between_groups(junction: Bipartite) -> tuple[Bipartite, tuple[int, int]]:
    """The junction between groups, and how many outputs and inputs a group has; itself if groups are small."""
    found = compact(junction)
    if isinstance(found, Grouped) and max(found.group) >= GROUPS_FROM:
        return found.base, found.group
    return junction, (1, 1)


def _chunks(lengths: NDArray[np.int64], chunk: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of these lengths cut into chunks: the row of each, and where in it the chunk starts."""
    counts = -(-lengths // chunk)
    rows = np.repeat(np.arange(len(lengths)), counts)
    return rows, (np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)) * chunk


def _power_of_two(numbers: NDArray[np.int64]) -> int:
    """The largest one that divides them all, up to 16."""
    return int(np.gcd.reduce(numbers, initial=16))
