"""Sets of edges as sorted keys: the edge from input i to output j of a junction with I inputs is the int64 j * I + i.

Ascending keys are in edge order, so set operations on edges are set operations on sorted arrays, and no mask of a
whole layer is ever made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer.generators.subsets import draw_subsets
from gossamer.topology import Bipartite, Junction

Keys = NDArray[np.int64]
Mask = NDArray[np.bool_]


def edge_keys(junction: Junction) -> Keys:
    """The keys (E,) of a junction's edges, ascending.

    >>> edge_keys(Bipartite.from_mask([[1, 0, 1], [0, 1, 0]]))
    array([0, 2, 4])
    """
    starts = np.arange(junction.out_features, dtype=np.int64) * junction.in_features
    return np.repeat(starts, junction.fan_in) + junction.indices


def junction_of(keys: Keys, in_features: int, out_features: int) -> Bipartite:
    """The junction that has the edges of ascending, distinct `keys`."""
    indptr = np.searchsorted(keys, np.arange(out_features + 1, dtype=np.int64) * in_features)
    starts = np.repeat(np.arange(out_features, dtype=np.int64) * in_features, np.diff(indptr))
    return Bipartite(indptr, keys - starts, in_features=in_features)


def positions(keys: Keys, within: Keys) -> NDArray[np.int64]:
    """Where each of `keys` stands in the ascending array `within`, or -1."""
    if not len(within):
        return np.full(len(keys), -1)
    places = np.searchsorted(within, keys)
    found = within[np.minimum(places, len(within) - 1)] == keys
    return np.where(found, places, -1)


def empty_places(ranks: NDArray[np.int64], occupied: Keys) -> Keys:
    """The keys of the `ranks`-th empty places, counted from 0, where `occupied` is ascending.

    `occupied[e] - e` empty places lie before edge e, so the r-th empty place lies behind as many edges as have at most
    r empty places before them.

    >>> empty_places(np.array([0, 1, 2]), np.array([0, 2, 4]))
    array([1, 3, 5])
    """
    before = occupied - np.arange(len(occupied))
    return ranks + np.searchsorted(before, ranks, side="right")


def union(some: Keys, others: Keys) -> Keys:
    """The different values of both, ascending: by sorting, which beats the hashing of `np.unique` many times over."""
    values = np.concatenate([some, others])
    values.sort()
    return values[np.concatenate([[True], values[1:] != values[:-1]])] if len(values) else values


def difference(some: Keys, others: Keys) -> Keys:
    """The values of `some` that are not in `others`; both ascending."""
    return some[positions(some, others) < 0]


def random_empty(count: int, occupied: Keys, places: int, rng: np.random.Generator) -> Keys:
    """`count` of the `places - len(occupied)` empty places, every set of them equally likely; ascending."""
    return empty_places(draw_subsets(np.array([count]), places - len(occupied), rng), occupied)
