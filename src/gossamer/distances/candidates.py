"""Matching without the matrix of all pairs: candidate pairs, prices, and a proof of how good the match is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.distances.assignment import Match, ScipyOrder
from gossamer.distances.neurons import NeuronSets
from gossamer.distances.overlap import JaccardCosts
from gossamer.distances.ram import require_memory


class Pairs(NamedTuple):
    """Candidate pairs: row, column and integer cost of each, (P,)."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    costs: NDArray[np.int64]


@final
@dataclass(frozen=True)
class Exact:
    """The minimum, found without holding the matrix of all pairs; ties as they fall.

    Equal neurons are matched first: the Jaccard distance obeys the triangle inequality, so some optimal match does
    so. Then each neuron's `candidates` cheapest partners are matched exactly; the potentials of that solution price
    every other pair, pairs that could improve it join the candidates, and the last round proves that there are none.
    Memory grows with neurons x candidates. Costs are rounded to fixed point of 2**-46 or, above 16,000 neurons, a few
    bits less: the mean distance is the minimum to within 1e-13. Without the native extension: `ScipyOrder`.

    Args:
        candidates: partners of each neuron to begin with; more rounds or more memory, not another result.
    """

    candidates: int = 32

    def match(self, costs: JaccardCosts) -> Match:
        """The minimum."""
        return _match(costs, self.candidates, None)


@final
@dataclass(frozen=True)
class Approximate:
    """Nearly the minimum, with a proven gap, for layers of 100,000 neurons.

    Like `Exact`, but stops after `rounds` rounds of pricing; the potentials then bound the minimum from below.

    Args:
        candidates: partners considered for each neuron.
        rounds: how often pairs that could improve the match are added, 0 or more.
    """

    candidates: int = 16
    rounds: int = 0

    def match(self, costs: JaccardCosts) -> Match:
        """A match and its proven gap."""
        return _match(costs, self.candidates, self.rounds)


def _match(costs: JaccardCosts, width: int, rounds: int | None) -> Match:
    if native.extension is None:
        return ScipyOrder().match(costs)
    columns = equal_neurons(costs.a, costs.b)
    rows_left = np.flatnonzero(columns < 0)
    columns_left = np.setdiff1d(np.arange(len(columns)), columns, assume_unique=False)
    if not rows_left.size:
        return Match(columns, 0.0)
    rest = JaccardCosts(costs.a.subset(rows_left), costs.b.subset(columns_left))
    match, gap = _price(rest, min(width, rest.shape[1]), rounds)
    columns[rows_left] = columns_left[match]
    return Match(columns, gap)


def _price(costs: JaccardCosts, width: int, rounds: int | None) -> tuple[NDArray[np.int64], float]:
    n = costs.shape[0]
    edges = len(costs.a.indices) + len(costs.b.indices)
    require_memory(300 * n * width + 64 * edges, f"matching {n} neurons by {width} candidates each")
    scale = float(2 ** (60 - int(4 * n).bit_length()))
    u, v, match = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, -1, np.int32)
    pairs = _first_candidates(costs, width, scale)
    while True:
        starts = np.searchsorted(pairs.rows, np.arange(n + 1))
        native.extension.assign_sparse(starts, pairs.columns.astype(np.int32), pairs.costs, u, v, match)
        found = _cheapest(costs.a, costs.b, v / scale, width=min(width, 8), scale=scale)
        below = found.costs - v[found.columns] - u[found.rows]
        better = below < 0
        if not better.any() or rounds == 0:
            worst = np.zeros(n, np.int64)
            np.minimum.at(worst, found.rows, below)
            return match.astype(np.int64), abs(float((worst / scale).sum()))
        rounds = None if rounds is None else rounds - 1
        pairs = _union([pairs, Pairs(*(part[better] for part in found))], n)


def _first_candidates(costs: JaccardCosts, width: int, scale: float) -> Pairs:
    """The cheapest of each row and of each column, and the diagonal, which makes a perfect matching certain."""
    n = costs.shape[0]
    free = np.zeros(n)
    ahead = _cheapest(costs.a, costs.b, free, width=width, scale=scale)
    columns, rows, back = _cheapest(costs.b, costs.a, free, width=width, scale=scale)
    diagonal = np.arange(n)
    own = np.rint(costs.at(diagonal, diagonal) * scale).astype(np.int64)
    return _union([ahead, Pairs(rows, columns, back), Pairs(diagonal, diagonal, own)], n)


def _cheapest(a: NeuronSets, b: NeuronSets, prices: NDArray[np.float64], *, width: int, scale: float) -> Pairs:
    columns, costs = np.empty((a.count, width), np.int32), np.empty((a.count, width))
    dearest = np.argsort(-prices, kind="stable").astype(np.int32)
    native.extension.cheapest_columns(*a.rows, *b.readers, b.sizes, prices, dearest, columns, costs)
    there = columns.ravel() >= 0
    rows = np.repeat(np.arange(a.count), width)
    fixed = np.rint(costs.ravel() * scale).astype(np.int64)
    return Pairs(rows[there], columns.ravel()[there].astype(np.int64), fixed[there])


def _union(parts: list[Pairs], n: int) -> Pairs:
    """All pairs once, by row."""
    rows, columns, costs = (np.concatenate(values) for values in zip(*parts, strict=True))
    keys, first = np.unique(rows * n + columns, return_index=True)
    return Pairs(keys // n, keys % n, costs[first])


def equal_neurons(a: NeuronSets, b: NeuronSets) -> NDArray[np.int64]:
    """For each neuron of `a` a neuron of `b` with the same inputs and weights, used once; -1 where none is left."""
    there: dict[bytes, list[int]] = {}
    for neuron, name in enumerate(_names(b)):
        there.setdefault(name, []).append(neuron)
    for twins in there.values():
        twins.reverse()
    match = np.full(a.count, -1, np.int64)
    for neuron, name in enumerate(_names(a)):
        if there.get(name):
            match[neuron] = there[name].pop()
    return match


def _names(sets: NeuronSets) -> list[bytes]:
    """The whole content of each set."""
    matrix = sets.matrix()
    matrix.sort_indices()
    edges = matrix.indptr.tolist()
    data = None if sets.weights is None else matrix.data
    return [
        matrix.indices[start:stop].tobytes() + (b"" if data is None else data[start:stop].tobytes())
        for start, stop in itertools.pairwise(edges)
    ]
