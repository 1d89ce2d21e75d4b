"""Sums over hidden units of what each gives to a set of its inputs: the arithmetic that NID and PID share.

A unit gives a set c(m), where m is the least magnitude among its edges from the set's features, and 0 where an edge is
missing. So only sets inside one unit's inputs count, and nothing dense is made.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

MOST_SETS = 2**28
"""Sets of one unit's inputs, counted over all units, that are worked through; more are refused."""

_CHUNK = 1 << 21

Contribution = Callable[[NDArray[np.float64], NDArray[np.intp]], NDArray[np.float64]]
"""c(m, unit) of arrays of equal shape."""


class Sums(NamedTuple):
    """Positive sums, sets in lexicographic order: `members` (order, K), `strengths` (K,)."""

    members: NDArray[np.int32]
    strengths: NDArray[np.float64]


def sums_over_units(layer: scipy.sparse.csr_array, order: int, contribution: Contribution) -> Sums:
    """The sum over units s of c(min over the set of layer[s, i], s), for every set of `order` features.

    Args:
        layer: (H, I) magnitudes, indices sorted.
        order: features in a set, at least 2.
        contribution: c.

    Raises:
        ValueError: there are too many sets; says how many.
    """
    fans = np.diff(layer.indptr)
    count = sum(math.comb(fan, order) * units for fan, units in Counter(fans.tolist()).items())
    if count > MOST_SETS:
        raise ValueError(f"order={order}: the units combine {count:.3g} sets of inputs; {MOST_SETS} is the most.")
    return _pairs(layer, contribution) if order == 2 else _larger(layer, order, contribution)


def _pairs(layer: scipy.sparse.csr_array, contribution: Contribution) -> Sums:
    """One feature after the other: its partners in all units that it feeds fall into one row of sums."""
    columns = layer.tocsc()
    # Where each entry of the columns lies in the rows: the partners after it are the rest of its row.
    places = np.argsort(layer.indices, kind="stable")
    rows: list[tuple[int, NDArray[np.intp], NDArray[np.float64]]] = []
    for i in range(layer.shape[1]):
        edges = slice(columns.indptr[i], columns.indptr[i + 1])
        units, own = columns.indices[edges].astype(np.intp), places[edges]
        lengths = layer.indptr[units + 1] - own - 1
        if not lengths.sum():
            continue
        ends = np.cumsum(lengths)
        partners = np.arange(ends[-1]) + np.repeat(own + 1 - (ends - lengths), lengths)
        least = np.minimum(layer.data[partners], np.repeat(layer.data[own], lengths))
        given = contribution(least, np.repeat(units, lengths))
        total = np.bincount(layer.indices[partners] - i, weights=given).astype(np.float64, copy=False)
        found = np.flatnonzero(total)
        rows.append((i, found + i, total[found]))
    if not rows:
        return Sums(np.empty((2, 0), dtype=np.int32), np.empty(0))
    first = np.repeat([i for i, _, _ in rows], [len(found) for _, found, _ in rows])
    second = np.concatenate([found for _, found, _ in rows])
    return Sums(np.stack([first, second]).astype(np.int32), np.concatenate([strengths for _, _, strengths in rows]))


def _larger(layer: scipy.sparse.csr_array, order: int, contribution: Contribution) -> Sums:
    fans = np.diff(layer.indptr)
    total = Sums(np.empty((order, 0), dtype=np.int32), np.empty(0))
    for fan in np.unique(fans[fans >= order]):
        picks = np.array(list(itertools.combinations(range(fan), order)))  # (sets, order)
        units = np.flatnonzero(fans == fan)
        step = max(1, _CHUNK // len(picks))
        for start in range(0, len(units), step):
            some = units[start : start + step]
            edges = layer.indptr[some][:, None] + np.arange(fan)
            members = layer.indices[edges][:, picks].reshape(-1, order).T
            least = layer.data[edges][:, picks].min(axis=2)
            given = contribution(least.ravel(), np.repeat(some, len(picks)))
            total = _merged(Sums(np.hstack([total.members, members]), np.concatenate([total.strengths, given])))
    return total


def _merged(given: Sums) -> Sums:
    """Sums with every set once, in order, and positive."""
    order = np.lexsort(given.members[::-1])
    members, strengths = given.members[:, order], given.strengths[order]
    first = np.flatnonzero(np.r_[True, (members[:, 1:] != members[:, :-1]).any(axis=0)])
    summed = np.add.reduceat(strengths, first) if len(strengths) else strengths
    return Sums(members[:, first][:, summed > 0], summed[summed > 0])
