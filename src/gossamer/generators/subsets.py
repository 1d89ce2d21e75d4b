"""Uniform subsets, many rows at once: the one place where the generators draw without replacement.

A member `v` of row `r` is the single integer `r * size + v`. With outputs as rows and inputs as members, ascending
integers are the edge order of a junction; so sampling, sorting and testing for duplicates are one array operation
each, and memory follows the edges drawn, never rows * size.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.topology import Bipartite
from gossamer.topology.memory import filled

_AT_ONCE = 1 << 22
"""Integers that arithmetic makes new ones of at a time."""


def draw_subsets(counts: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw for each row `r` a uniform subset of `counts[r]` members of range(size); return its integers, ascending.

    >>> draw_subsets(np.array([1, 3]), 3, np.random.default_rng(0)) // 3
    array([0, 1, 1, 1])
    """
    mostly_full = counts > size // 2
    keys = _draw_distinct(np.where(mostly_full, size - counts, counts), size, rng)
    return _complement(keys, np.flatnonzero(mostly_full), size) if mostly_full.any() else keys


_BITS_A_DRAW, _MOST_BITS = 1 << 9, 1 << 28
"""Up to so many members, for each draw and in all, draws are told apart by a bit of each member."""


def draw_subset(count: int, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a uniform subset of `count` members of range(size), ascending: the same as `draw_subsets` of one row.

    >>> draw_subset(2, 5, np.random.default_rng(0)).tolist() == draw_subsets(
    ...     np.array([2]), 5, np.random.default_rng(0)
    ... ).tolist()
    True
    """
    is_served = 2 <= size <= min(_MOST_BITS, _BITS_A_DRAW * count) and count <= size // 2
    if native.extension is None or not is_served:
        return draw_subsets(np.array([count]), size, rng)
    members = np.empty(count, dtype=np.int64)
    with rng.bit_generator.lock:
        native.extension.draw_subset(rng.bit_generator.capsule, size, members)
    return members


def draw_others(taken: NDArray[np.int64], count: int, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `count` of the members of range(size) that are not in `taken` (ascending), uniformly; ascending.

    The r-th free member is r plus the number of taken ones before it.

    >>> draw_others(np.array([0, 2, 3]), 2, 5, np.random.default_rng(0))
    array([1, 4])
    """
    ranks = draw_subsets(np.array([count]), size - len(taken), rng)
    return ranks + np.searchsorted(taken - np.arange(len(taken)), ranks, side="right")


def others(keys: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The members of range(size) that are not in `keys`, ascending; a byte for each of `size`."""
    free = np.ones(size, dtype=np.bool_)
    free[keys] = False
    return np.flatnonzero(free)


def _draw_distinct(counts: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw with replacement, then redraw what came twice, until nothing does.

    Nothing here depends on which members were drawn, so all subsets of a row are equally likely.
    """
    kept = np.repeat(np.arange(len(counts), dtype=np.int64) * size, counts)
    for some in _pieces(kept):  # drawn piece by piece, the numbers are the same
        some += rng.integers(size, size=len(some))
    kept.sort()
    twice = _repeated(kept)
    again, added = kept[twice], kept[:0]
    while again.size:
        drawn = again - again % size + rng.integers(size, size=len(again))
        drawn.sort()
        again, fresh = _set_apart(_repeated(drawn) | contains(kept, drawn) | contains(added, drawn), drawn)
        added = _merge(added, fresh)
    if added.size:
        kept[twice] = added
        kept.sort()
    return kept


def _set_apart(apart: NDArray[np.bool_], values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (values[apart], values[~apart]) if apart.any() else (values[:0], values)


def _repeated(ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    same = np.zeros(len(ascending), dtype=np.bool_)
    np.equal(ascending[1:], ascending[:-1], out=same[1:])
    return same


def contains(ascending: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `values` are in `ascending`."""
    if not ascending.size:
        return np.zeros(values.shape, dtype=np.bool_)
    place = np.searchsorted(ascending, values)
    return np.asarray(ascending[np.minimum(place, len(ascending) - 1)] == values)


def _merge(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    if not b.size:
        return a
    both = np.concatenate([a, b])
    both.sort(kind="stable")  # linear on two ascending runs
    return both


def _complement(keys: NDArray[np.int64], rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Replace the members of `rows` (ascending) by all the others."""
    owner, members = split(keys.copy(), size)
    place = np.searchsorted(rows, owner)
    inside = rows[np.minimum(place, len(rows) - 1)] == owner
    live = np.ones(len(rows) * size, dtype=np.bool_)
    live[place[inside] * size + members[inside]] = False
    position, member = split(np.flatnonzero(live), size)
    return _merge(keys[~inside], rows[position] * size + member)


def split(keys: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and member of each integer; the members take the place of `keys`.

    Several times faster than `np.divmod`, which does not vectorise, and frugal with new memory, whose first touch
    costs more than the arithmetic.
    """
    rows = keys // size
    keys -= rows * size
    return rows, keys


def _pieces(keys: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def _members(keys: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    def fill(members: NDArray[np.int32]) -> None:
        for start, some in zip(range(0, len(keys), _AT_ONCE), _pieces(keys), strict=True):
            members[start : start + len(some)] = some - some // size * size

    return filled(len(keys), fill)


def by_output(keys: NDArray[np.int64], in_features: int, out_features: int) -> Bipartite:
    """Junction of ascending `output * in_features + input`."""
    firsts = np.arange(out_features + 1, dtype=np.int64) * in_features
    indptr = np.searchsorted(keys, firsts).astype(np.int32)
    indices = _members(keys, in_features)
    del keys  # 8 bytes an edge, if nobody else holds them
    return Bipartite(indptr, indices, in_features=in_features)


def by_input(keys: NDArray[np.int64], in_features: int, out_features: int) -> Bipartite:
    """Junction of distinct `input * out_features + output`, in any order; uses up `keys`."""
    for some in _pieces(keys):
        inputs = some // out_features
        some -= inputs * out_features
        some *= in_features
        some += inputs
    keys.sort()
    return by_output(keys, in_features, out_features)
