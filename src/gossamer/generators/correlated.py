"""Junctions read off the data: inputs that vary together are joined."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError, require_int
from gossamer.generators.feasible import require_num_edges
from gossamer.generators.subsets import by_output
from gossamer.topology import Bipartite
from gossamer.topology.rows import MAX_EDGES

_BLOCK_PAIRS = 1 << 22


def correlated(data: ArrayLike, out_features: int, num_edges: int) -> Bipartite:
    """Keep the `num_edges` pairs of inputs with the strongest absolute correlation (CSTI).

    Output j stands for input j mod I: a layer as wide as its input, or a multiple of it, as in the authors' code.
    A neuron is not joined to its own input, nor to inputs that never vary. Among equal correlations the lower
    output, then the lower input, comes first.

    Args:
        data: what the layer sees, shape (samples, I), finite, at least two samples.
        out_features: number of outputs O.
        num_edges: number of edges E, 0 to the number of pairs with a correlation other than 0.

    Raises:
        InfeasibleTopologyError: more edges than correlated pairs.
        InvalidTopologyError: data of another shape, or not finite.

    References:
        Zhang, Zhao, Wu, Muscoloni, Cannistraci, CHT, ICLR 2024: correlated sparse topological initialization.

    >>> x = np.array([[0.0, 0.1, 5.0], [1.0, 1.1, 1.0], [2.0, 1.9, 4.0]])
    >>> correlated(x, 3, 2).to_mask().astype(int)
    array([[0, 1, 0],
           [1, 0, 0],
           [0, 0, 0]])
    """
    standard = _standardised(data)
    I = standard.shape[1]
    O = require_int("out_features", out_features, low=1, high=MAX_EDGES)
    count = require_num_edges(num_edges, I, O)
    strength, keys = np.empty(0), np.empty(0, dtype=np.int64)
    step = max(1, _BLOCK_PAIRS // I)
    for start in range(0, O, step):
        outputs = np.arange(start, min(start + step, O))
        block = np.abs(standard[:, outputs % I].T @ standard).round(12)  # ties stay ties whatever the blocks
        block[np.arange(len(outputs)), outputs % I] = 0
        live = np.flatnonzero(block > 0)
        strength = np.concatenate([strength, block.ravel()[live]])
        keys = np.concatenate([keys, live + start * I])
        best = np.lexsort((keys, -strength))[:count]
        strength, keys = strength[best], keys[best]
    if len(keys) < count:
        raise InfeasibleTopologyError(f"num_edges={count} exceeds the {len(keys)} pairs whose correlation is not 0.")
    return by_output(np.sort(keys), I, O)


def _standardised(data: ArrayLike) -> NDArray[np.float64]:
    """Columns of mean 0 and length 1; those that never vary become 0."""
    x = np.asarray(data, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1:
        raise InvalidTopologyError(f"data has shape {x.shape}; it must be (samples, inputs) with at least two samples.")
    if not np.isfinite(x).all():
        where = tuple(int(place) for place in np.argwhere(~np.isfinite(x))[0])
        raise InvalidTopologyError(f"data[{where[0]}, {where[1]}]={x[where]} is not finite.")
    constant = (x == x[0]).all(axis=0)
    x = x - x.mean(axis=0)
    x[:, constant] = 0
    length = np.linalg.norm(x, axis=0)
    return np.asarray(x / np.where(length > 0, length, 1))
