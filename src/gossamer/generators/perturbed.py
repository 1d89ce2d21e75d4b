"""A junction near another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InfeasibleTopologyError, Rng, require_int, require_rng
from gossamer.topology import Bipartite, Junction


def perturbed(g: Junction, num_moved: int, *, rng: Rng) -> Bipartite:
    """Move some edges: as many random ones go as come between random pairs that were not joined.

    Args:
        g: any junction.
        num_moved: edges that go, 0 to the smaller of the edges and the empty pairs.
        rng: source of randomness.

    Returns:
        A junction with as many edges, all but `num_moved` of them those of `g`.

    Raises:
        InfeasibleTopologyError: more than there are edges, or empty pairs.

    References:
        The chain of ten networks in the code of Liu et al., "Topological Insights into Sparse Neural Networks",
        ECML-PKDD 2020: each starts as the one before with 1 % of its connections changed.

    >>> from gossamer.generators import erdos_renyi
    >>> rng = np.random.default_rng(0)
    >>> g = erdos_renyi(8, 6, 20, rng=rng)
    >>> int((perturbed(g, 3, rng=rng).to_mask() & g.to_mask()).sum())
    17
    """
    keys = _keys(g)
    empty = g.in_features * g.out_features - len(keys)
    count = require_int("num_moved", num_moved, low=0)
    if count > min(len(keys), empty):
        raise InfeasibleTopologyError(
            f"num_moved={count} is too many: {g} has {len(keys)} edges and {empty} pairs without one."
        )
    rng = require_rng(rng)
    kept = np.delete(keys, rng.choice(len(keys), count, replace=False))
    outputs, inputs = np.divmod(np.concatenate([kept, _empty(keys, empty, count, rng)]), g.in_features)
    return Bipartite.from_edges(inputs, outputs, in_features=g.in_features, out_features=g.out_features)


def _keys(g: Junction) -> NDArray[np.int64]:
    """Output * I + input of every edge, ascending."""
    inputs, outputs = g.edges()
    return outputs.astype(np.int64) * g.in_features + inputs


def _empty(keys: NDArray[np.int64], empty: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Keys of random pairs without an edge: the r-th of them has as many edges before it as have at most r before."""
    ranks = rng.choice(empty, count, replace=False)
    return ranks + np.searchsorted(keys - np.arange(len(keys)), ranks, side="right")
