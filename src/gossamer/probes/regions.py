"""Into how many regions a masked first layer cuts the space of its inputs.

Hyperplanes with generic weights on a mask meet exactly where they can be given distinct coordinates to solve for: a
set of
rows has a common point, generically, if and only if it can be matched into distinct columns of the mask. Every such set
adds one region (the rows are the independent sets of a transversal matroid).

References:
    van den Berg, "Some Insights into the Geometry and Training of Neural Networks", 2016, arXiv 1605.00329, for full
    rows:
    sum over i <= d of C(n, i). The count for masked rows is ours; it equals enumeration by linear programming in every
    case that was tried.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.topology import Bipartite, Junction

MOST_STEPS = 2_000_000
"""Sets of rows that are visited; where there may be more the count is refused."""

Rows = list[frozenset[int]]
"""The columns of each row, none empty."""


def count_regions(mask: ArrayLike | Any) -> int:
    """Regions of the input space of a layer with this mask, generic weights and generic biases.

    Rows without an edge cut nothing. Parts of the mask that share no column multiply; rows that can always be matched
    double the count; of equal rows only their number matters. What is left is walked through set by set.

    Args:
        mask: (O, I) of bools or of zeros and ones, a scipy matrix, or a junction.

    Returns:
        From 1 to 2^O.

    Raises:
        InvalidTopologyError: a mask of another shape or with other values.
        ValueError: walking through could take more than 2,000,000 steps; says between what the count lies.

    >>> count_regions([[1, 1], [1, 1], [1, 1]])  # three lines in the plane
    7
    >>> count_regions(np.eye(3, dtype=bool))  # each cuts along its own axis
    8
    """
    total = 1
    for rows in _parts(rows_of(mask)):
        total *= _count(rows)
    return total


def rows_of(mask: ArrayLike | Any) -> Rows:
    """The columns of each row of a mask that has any."""
    import scipy.sparse

    if isinstance(mask, Junction):
        g: Junction = mask
    elif scipy.sparse.issparse(mask):
        stored = scipy.sparse.csr_array(mask, copy=True)
        stored.eliminate_zeros()
        g = Bipartite.from_scipy(stored)
    else:
        g = Bipartite.from_mask(mask)
    rows = (g.indices[g.indptr[j] : g.indptr[j + 1]].tolist() for j in range(g.out_features))
    return [frozenset(row) for row in rows if row]


def bounds(rows: Rows) -> tuple[int, int]:
    """What the count lies between: 2^r with r rows matched at once, and that of full rows."""
    widest = len(frozenset().union(*rows)) if rows else 0
    return 2 ** rank(rows), full_rows(len(rows), widest)


def full_rows(n: int, d: int) -> int:
    """Regions that n generic hyperplanes make in d dimensions, the sum over i <= d of C(n, i).

    >>> full_rows(3, 2), full_rows(3, 5)
    (7, 8)
    """
    return 2**n if n <= d else sum(math.comb(n, i) for i in range(d + 1))


def rank(rows: Sequence[frozenset[int]]) -> int:
    """The most rows that can be matched into distinct columns."""
    return int((matched(rows) >= 0).sum())


def matched(rows: Sequence[frozenset[int]]) -> NDArray[np.int32]:
    """The column of each row in a largest matching, or -1."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not rows:
        return np.empty(0, dtype=np.int32)
    indices = np.array([column for row in rows for column in row], dtype=np.int32)
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    graph = csr_array(
        (np.ones(len(indices), dtype=np.int8), indices, indptr), shape=(len(rows), int(indices.max()) + 1)
    )
    found: NDArray[np.int32] = maximum_bipartite_matching(graph, perm_type="column")
    return found


def _parts(rows: Rows) -> list[Rows]:
    """Rows that are joined through columns they share, part by part."""
    parts: list[tuple[set[int], Rows]] = []
    for row in rows:
        touching = [part for part in parts if part[0] & row]
        parts = [part for part in parts if not part[0] & row]
        columns = set(row).union(*(part[0] for part in touching))
        parts.append((columns, [row, *(each for part in touching for each in part[1])]))
    return [part for _, part in parts]


def _count(rows: Rows) -> int:
    """Matchable sets of connected rows."""
    found = matched(rows)
    tied = in_circuits(rows, found)
    rest = [row for row, is_tied in zip(rows, tied, strict=True) if is_tied]
    kinds = sorted(Counter(rest).items(), key=lambda item: (len(item[0]), sorted(item[0])))
    room = int((found >= 0).sum()) - (len(rows) - len(rest))
    _require_small(rest, kinds, room)
    return int(2 ** (len(rows) - len(rest)) * _walk(kinds, 0, {}, room))


def in_circuits(rows: Rows, found: NDArray[np.int32]) -> list[bool]:
    """Whether some matchable set cannot take the row in: whether alternating paths lead to it from an unmatched row."""
    owner = {int(column): j for j, column in enumerate(found) if column >= 0}
    waiting = [j for j, column in enumerate(found) if column < 0]
    tied = set(waiting)
    while waiting:
        reached = {owner[column] for column in rows[waiting.pop()] if column in owner} - tied
        tied |= reached
        waiting.extend(reached)
    return [j in tied for j in range(len(rows))]


def _walk(kinds: list[tuple[frozenset[int], int]], place: int, owner: dict[int, frozenset[int]], room: int) -> int:
    """Matchable sets that extend the rows matched so far by rows of the kinds from `place` on; at most `room` more."""
    if room == 0 or place == len(kinds):
        return 1
    row, copies = kinds[place]
    total = _walk(kinds, place + 1, owner, room)
    for taken in range(1, min(copies, room) + 1):
        owner = dict(owner)
        if not _augmented(owner, row, set()):
            break
        total += math.comb(copies, taken) * _walk(kinds, place + 1, owner, room - taken)
    return total


def _augmented(owner: dict[int, frozenset[int]], row: frozenset[int], seen: set[int]) -> bool:
    """Match one more row, moving others where needed; whether that is possible."""
    for column in row - seen:
        seen.add(column)
        if column not in owner or _augmented(owner, owner[column], seen):
            owner[column] = row
            return True
    return False


def _require_small(rest: Rows, kinds: list[tuple[frozenset[int], int]], room: int) -> None:
    ways = [1]  # by number of rows taken, how often each kind may be taken
    for _, copies in kinds:
        ways = [sum(ways[max(0, i - copies) : i + 1]) for i in range(min(room, len(ways) - 1 + copies) + 1)]
    if sum(ways) > MOST_STEPS:
        low, high = (math.log10(bound) for bound in bounds(rest))
        raise ValueError(
            f"an exact count walks through up to 10^{math.log10(sum(ways)):.1f} sets of {len(rest)} rows that share "
            f"columns; {MOST_STEPS} is the most. They make between 10^{low:.1f} and 10^{high:.1f} regions; "
            "estimate_regions says how many about."
        )
