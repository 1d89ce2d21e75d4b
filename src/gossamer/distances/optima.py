"""All optimal assignments at once: which rows may exchange columns, even where costs are known only as intervals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import kernels
from gossamer.topology import Junction

_TOLERANCE = 1e-9
_LARGEST_BLOCK = 8


class Costs(NamedTuple):
    """Lower and upper ends of a cost matrix, (O, O) each."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Blocks:
    """Neurons that may exchange partners: the block of each neuron of either network, and the size of each block."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def identity(cls, width: int) -> Self:
        """Every neuron is matched to its namesake."""
        return cls.matched(np.arange(width))

    @classmethod
    def matched(cls, match: NDArray[np.int64]) -> Self:
        """Neuron `j` of the first network is matched to `match[j]` of the second, and nothing else is possible."""
        second = np.empty_like(match)
        second[match] = np.arange(len(match))
        return cls(np.arange(len(match)), second, np.ones_like(match))

    @property
    def undetermined(self) -> int:
        """Neurons in blocks of more than one."""
        return int(self.sizes[self.sizes > 1].sum())


@final
@dataclass(frozen=True, eq=False)
class Optima:
    """The optimal assignments of a cost matrix.

    Attributes:
        low: the minimum's lower end (total cost).
        high: its upper end.
        match: an assignment that attains `low`, (O,).
        blocks: rows that may exchange columns.
        possible: [i, k]: row `i` may take the column of row `k`, (O, O).
    """

    low: float
    high: float
    match: NDArray[np.int64]
    blocks: Blocks
    possible: NDArray[np.bool_]

    def matches(self, most: int) -> list[NDArray[np.int64]] | None:
        """Every optimal assignment, or None if they are more than `most` or costs are intervals."""
        large = self.blocks.sizes.max() > _LARGEST_BLOCK
        if self.high - self.low > _TOLERANCE or large or 2.0 ** (self.blocks.sizes > 1).sum() > most:
            return None
        found: list[NDArray[np.int64]] = [self.match]
        for block in np.flatnonzero(self.blocks.sizes > 1):
            rows = np.flatnonzero(self.blocks.first == block)
            ways = list(_perfect_matchings(self.possible[np.ix_(rows, rows)]))
            if len(found) * len(ways) > most:
                return None
            found = [_with(match, rows, self.match[rows[list(way)]]) for match in found for way in ways]
        return found


def optima(costs: Costs) -> Optima:
    """Describe every assignment that is optimal for some costs in the intervals (or a superset of them)."""
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(len(costs.low))
    match = kernels.assign_dense(costs.low)
    low = float(costs.low[rows, match].sum())
    high = max(low, float(costs.high[rows, kernels.assign_dense(costs.high)].sum()))
    extra = costs.low[:, match] - costs.low[rows, match][:, None]  # row i takes the column of row k instead
    potential = _potentials(extra)
    possible = extra + potential[:, None] - potential[None] <= high - low + _TOLERANCE
    number, block = connected_components(possible, directed=True, connection="strong")
    second = np.empty(len(rows), dtype=np.int64)
    second[match] = block
    sizes = np.bincount(block, minlength=number)
    return Optima(low, high, match, Blocks(block.astype(np.int64), second, sizes), possible)


def interval_costs(mine: Junction, other: Junction, blocks: Blocks) -> Costs:
    """Jaccard distances between all neurons when their inputs' partners are known only up to blocks."""
    counts = [_block_counts(g, part, len(blocks.sizes)) for g, part in ((mine, blocks.first), (other, blocks.second))]
    single = blocks.sizes == 1
    fixed = np.asarray((counts[0][:, single] @ counts[1][:, single].T).toarray())
    most, least = fixed.copy(), fixed
    for c in np.flatnonzero(~single):
        p, q = counts[0][:, [c]].toarray(), counts[1][:, [c]].toarray().T
        most += np.minimum(p, q)
        least += np.maximum(p + q - blocks.sizes[c], 0)
    fan_in = mine.fan_in.astype(np.float64)[:, None], other.fan_in.astype(np.float64)[None]
    return Costs(kernels.jaccard(most, *fan_in), kernels.jaccard(least, *fan_in))


def _block_counts(junction: Junction, block_of: NDArray[np.int64], number: int) -> Any:
    """How many inputs each neuron has in each block, CSC (O, blocks)."""
    import scipy.sparse

    inputs, outputs = junction.edges()
    shape = (junction.out_features, number)
    return scipy.sparse.coo_array((np.ones(len(inputs)), (outputs, block_of[inputs])), shape=shape).tocsc()


def _potentials(extra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shortest distances p (n,) from anywhere, so that extra[i, k] + p[i] - p[k] >= 0 (Bellman and Ford)."""
    distance = np.zeros(len(extra))
    for _ in range(len(extra) + 1):
        shorter = np.minimum(distance, (extra + distance[:, None]).min(axis=0))
        if np.abs(shorter - distance).max() < 1e-13:
            break
        distance = shorter
    return distance


def _perfect_matchings(allowed: NDArray[np.bool_]) -> Iterator[tuple[int, ...]]:
    """All permutations p of a small matrix (n, n) with allowed[i, p[i]] throughout."""
    n = len(allowed)
    for way in itertools.permutations(range(n)):
        if all(allowed[i, way[i]] for i in range(n)):
            yield way


def _with(match: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    changed = match.copy()
    changed[rows] = columns
    return changed
