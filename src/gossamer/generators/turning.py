"""Components and dead outputs of rotated junctions, without writing out their edges."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gossamer.topology import Rotated


def count_dead_outputs(junction: Rotated) -> int:
    """Number of outputs without an input, 0 to O - 1: what the stretches of I outputs leave of the gaps.

    >>> count_dead_outputs(Rotated([0, 1], in_features=3, out_features=6))
    2
    """
    return int(np.maximum(_gaps(junction) - junction.in_features, 0).sum())


def count_components(junction: Rotated) -> int:
    """Number of connected components, 1 to O.

    With at least as many inputs as outputs, it is the greatest common divisor of O and the gaps between offsets. With
    fewer, output j joins input i to input i - gap wherever both exist; the smallest gap p folds all inputs onto p
    classes, and only these are searched.

    >>> count_components(Rotated([0, 5], in_features=20, out_features=10))
    5
    """
    n, gaps = junction.in_features, _gaps(junction)
    if n >= junction.out_features:
        return math.gcd(*gaps.tolist())
    steps = np.unique(gaps[gaps < n])
    inputs = _folded_components(n, steps) if steps.size else n
    return inputs + count_dead_outputs(junction)


def _folded_components(n: int, steps: NDArray[np.int64]) -> int:
    """Components of 0..n-1 where i is joined to i + s for every s in `steps` (ascending, below n)."""
    import scipy.sparse.csgraph

    p = int(steps[0])
    if p == 1:
        return 1
    starts = [np.arange(min(p, n - step), dtype=np.int64) for step in steps[1:].tolist()]
    ends = [(start + step) % p for start, step in zip(starts, steps[1:].tolist(), strict=True)]
    a, b = (np.concatenate(part) if part else np.empty(0, dtype=np.int64) for part in (starts, ends))
    graph = scipy.sparse.coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(p, p))
    return int(scipy.sparse.csgraph.connected_components(graph, directed=False, return_labels=False))


def _gaps(junction: Rotated) -> NDArray[np.int64]:
    """Cyclic differences of consecutive offsets, shape (k,), summing to O."""
    offsets = junction.offsets.astype(np.int64)
    return np.diff(offsets, append=offsets[0] + junction.out_features)
