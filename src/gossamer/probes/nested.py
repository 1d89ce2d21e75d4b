"""Candidates of any order: each hidden unit's strongest inputs, the first two, the first three, and so on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.probes.interactions import Features

if TYPE_CHECKING:
    import scipy.sparse

MOST_MEMBERS = 2**27
"""Features in all candidates together; more are refused."""


def nested_sets(
    layer: scipy.sparse.csr_array, strength: Callable[[NDArray[np.float64], int], NDArray[np.float64]]
) -> dict[Features, float]:
    """Sum over units of each candidate's strength, for candidates of two features and more with a positive sum.

    Args:
        layer: (H, I) magnitudes.
        strength: of a unit's sorted magnitudes (n,), descending, and its number: (n - 1,) strengths of its first two
            features, first three, ...

    Raises:
        ValueError: the candidates are too large together; says how large.
    """
    fans = np.diff(layer.indptr).astype(np.int64)
    size = int((fans * (fans + 1) // 2 - np.minimum(fans, 1)).sum())
    if size > MOST_MEMBERS:
        raise ValueError(f"the candidates of any order hold {size:.3g} features; {MOST_MEMBERS} is the most.")
    total: defaultdict[Features, float] = defaultdict(float)
    for unit in np.flatnonzero(fans >= 2):
        edges = slice(layer.indptr[unit], layer.indptr[unit + 1])
        order = np.argsort(-layer.data[edges], kind="stable")
        inputs, values = layer.indices[edges][order].tolist(), layer.data[edges][order]
        for count, given in enumerate(strength(values, int(unit)).tolist(), 2):
            if given > 0:
                total[tuple(sorted(inputs[:count]))] += given
    return dict(total)


def without_subsets(candidates: Mapping[Features, float], most: int) -> dict[Features, float]:
    """The strongest candidates, leaving out each that lies inside a stronger one.

    Args:
        candidates: strengths by set.
        most: how many are kept.
    """
    kept: dict[Features, float] = {}
    largest: list[frozenset[int]] = []
    for features, strength in sorted(candidates.items(), key=lambda item: -item[1]):
        if len(kept) >= most:
            break
        members = frozenset(features)
        if any(members < other for other in largest):
            continue
        largest = [other for other in largest if not other < members] + [members]
        kept[features] = strength
    return kept


def as_arrays(candidates: Mapping[Features, float]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Members (largest order, K), padded with -1 in front, and strengths (K,), in the columns' order."""
    width = max(map(len, candidates), default=2)
    padded = sorted(((-1,) * (width - len(features)) + features, strength) for features, strength in candidates.items())
    members = np.array([features for features, _ in padded], dtype=np.int32).reshape(-1, width).T
    return np.ascontiguousarray(members), np.array([strength for _, strength in padded], dtype=np.float64)
