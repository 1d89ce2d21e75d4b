"""Sets of edges as sorted keys: the edge from input i to output j of a junction with I inputs is the int64 j * I + i.

Ascending keys are in edge order, so set operations on edges are set operations on sorted arrays, and no mask of a
whole layer is ever made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gossamer import native
from gossamer.generators.subsets import draw_subset
from gossamer.topology import Bipartite, Junction

Keys = NDArray[np.int64]
Mask = NDArray[np.bool_]


def edge_keys(junction: Junction) -> Keys:
    """The keys (E,) of a junction's edges, ascending.

    >>> edge_keys(Bipartite.from_mask([[1, 0, 1], [0, 1, 0]]))
    array([0, 2, 4])
    """
    if native.extension is not None and type(junction) is Bipartite:
        keys = np.empty(junction.num_edges, dtype=np.int64)
        given = junction.indptr, junction.indices, junction.in_features
        native.extension.edge_keys(*given, keys, torch.get_num_threads())
        return keys
    starts = np.arange(junction.out_features, dtype=np.int64) * junction.in_features
    return np.repeat(starts, junction.fan_in) + junction.indices


def junction_of(keys: Keys, in_features: int, out_features: int) -> Bipartite:
    """The junction that has the edges of ascending, distinct `keys`."""
    indptr = np.searchsorted(keys, np.arange(out_features + 1, dtype=np.int64) * in_features)
    starts = np.repeat(np.arange(out_features, dtype=np.int64) * in_features, np.diff(indptr))
    return Bipartite(indptr, keys - starts, in_features=in_features)


class Merged(NamedTuple):
    """What became of a junction's edges."""

    junction: Bipartite
    source: NDArray[np.int64]
    """Which old edge each edge is, or -1; (E',)."""
    fresh: NDArray[np.int64]
    """Which edges are new, ascending."""
    removed: Keys
    """The keys of the edges that are gone, ascending."""
    weight: NDArray[np.floating[Any]]
    """(E',), 0 of new edges."""


def merged(keys: Keys, kept: Mask, grown: Keys, weight: NDArray[np.floating[Any]], sizes: tuple[int, int]) -> Merged:
    """The kept among `keys`, and `grown`.

    Args:
        keys: old edges (E,), ascending.
        kept: which of them stay, (E,).
        grown: new edges, ascending, none of them kept.
        weight: of the old edges, float32 or float64 (E,).
        sizes: inputs and outputs.

    >>> merged(np.array([0, 2, 4]), np.array([True, False, True]), np.array([1]), np.ones(3), (3, 2)).source
    array([ 0, -1,  2])
    """
    in_features, out_features = sizes
    if native.extension is None:
        return _merged(keys, kept, grown, weight, sizes)
    stay = int(np.count_nonzero(kept))
    edges = stay + len(grown)
    indptr, indices = np.empty(out_features + 1, dtype=np.int32), np.empty(edges, dtype=np.int32)
    source, fresh, removed = (np.empty(count, dtype=np.int64) for count in (edges, len(grown), len(keys) - stay))
    to = np.empty(edges, dtype=weight.dtype)
    given = np.ascontiguousarray(keys), np.ascontiguousarray(kept).view(np.uint8), np.ascontiguousarray(grown)
    made = indptr, indices, source, fresh, removed, to
    native.extension.merged(*given, np.ascontiguousarray(weight), in_features, *made, torch.get_num_threads())
    return Merged(Bipartite(indptr, indices, in_features=in_features), source, fresh, removed, to)


def _merged(keys: Keys, kept: Mask, grown: Keys, weight: NDArray[np.floating[Any]], sizes: tuple[int, int]) -> Merged:
    survivors = np.flatnonzero(kept)
    together = np.concatenate([keys[survivors], grown])
    source = np.concatenate([survivors, np.full(len(grown), -1)])
    order = np.argsort(together, kind="stable")  # two ascending runs, which a stable sort merges in linear time
    source = source[order]
    made = junction_of(together[order], *sizes)
    return Merged(made, source, np.flatnonzero(source < 0), keys[~kept], followed(weight, source))


def followed(values: NDArray[Any], source: NDArray[np.int64], fill: float = 0.0) -> NDArray[Any]:
    """What belonged to old edges, float32 or float64 (E,), for new ones: that of `source` (E',), `fill` where it is -1.

    >>> followed(np.array([3.0, 4.0]), np.array([1, -1]))
    array([4., 0.])
    """
    found = np.empty(len(source), dtype=values.dtype)
    if native.extension is not None:
        given = np.ascontiguousarray(values), np.ascontiguousarray(source)
        native.extension.carried(*given, fill, found, torch.get_num_threads())
    elif len(values):
        found[:] = np.where(source < 0, fill, values[np.maximum(source, 0)])
    else:
        found[:] = fill
    return found


def positions(keys: Keys, within: Keys) -> NDArray[np.int64]:
    """Where each of `keys` stands in the ascending array `within`, or -1; fastest for ascending keys."""
    if native.extension is not None:
        places = np.empty(len(keys), dtype=np.int64)
        given = np.ascontiguousarray(keys), np.ascontiguousarray(within)
        if native.extension.positions(*given, places, torch.get_num_threads()):
            return places
    if not len(within):
        return np.full(len(keys), -1)
    places = np.searchsorted(within, keys)
    found = within[np.minimum(places, len(within) - 1)] == keys
    return np.where(found, places, -1)


def returned(grown: Keys, keys: Keys, kept: Mask) -> tuple[Mask, Keys]:
    """Of ascending `grown` those that are edges already stay, with `kept`; the others are new.

    >>> returned(np.array([1, 2]), np.array([0, 2, 4]), np.array([True, False, False]))
    (array([ True,  True, False]), array([1]))
    """
    live = kept.copy()
    if native.extension is not None:
        others = np.empty(len(grown), dtype=np.int64)
        given = np.ascontiguousarray(grown), np.ascontiguousarray(keys), live.view(np.uint8)
        return live, others[: native.extension.returned(*given, others, torch.get_num_threads())]
    places = positions(grown, keys)
    live[places[places >= 0]] = True
    return live, grown[places < 0]


def empty_places(ranks: NDArray[np.int64], occupied: Keys, kept: Mask | None = None) -> Keys:
    """The keys of the `ranks`-th empty places, counted from 0, where `occupied` is ascending; those `kept`, if given.

    `occupied[e] - e` empty places lie before edge e, so the r-th empty place lies behind as many edges as have at most
    r empty places before them.

    >>> empty_places(np.array([0, 1, 2]), np.array([0, 2, 4]))
    array([1, 3, 5])
    """
    if native.extension is not None:
        places = np.empty(len(ranks), dtype=np.int64)
        kept = np.ones(len(occupied), dtype=np.bool_) if kept is None else np.ascontiguousarray(kept)
        given = np.ascontiguousarray(ranks), np.ascontiguousarray(occupied), kept.view(np.uint8)
        native.extension.empty_places(*given, places, torch.get_num_threads())
        return places
    occupied = occupied if kept is None else occupied[kept]
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


def random_empty(
    count: int, occupied: Keys, places: int, rng: np.random.Generator, *, kept: Mask | None = None
) -> Keys:
    """`count` of the empty places, every set of them equally likely; ascending.

    Args:
        count: how many.
        occupied: keys, ascending.
        places: live or empty.
        rng: draws.
        kept: which of `occupied` are; all if None.
    """
    taken = len(occupied) if kept is None else int(np.count_nonzero(kept))
    return empty_places(draw_subset(count, places - taken, rng), occupied, kept)
