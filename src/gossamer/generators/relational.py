"""Relational graphs: a small graph of groups says which groups of neurons are joined, the same in every layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import (
    InfeasibleTopologyError,
    InvalidTopologyError,
    Rng,
    require_fraction,
    require_int,
    require_rng,
)
from gossamer.generators.blocks import blown_up
from gossamer.generators.feasible import require_shape
from gossamer.generators.subsets import draw_others
from gossamer.topology import Bipartite


def ws_flex(groups: int, degree: float, *, rewiring: float, rng: Rng) -> NDArray[np.bool_]:
    """Draw a small-world graph of `groups` nodes with any average degree.

    floor(groups * degree / 2) edges are laid around a ring, each node to its next neighbours in turn; each is then
    moved, with probability `rewiring`, to a uniform pair without an edge.

    Args:
        groups: number of nodes g.
        degree: average degree, 0 to g - 1; not necessarily whole.
        rewiring: probability of moving an edge, 0 to 1.
        rng: source of randomness.

    Returns:
        Symmetric adjacency of shape (g, g), False on the diagonal.

    Raises:
        InfeasibleTopologyError: the degree exceeds g - 1.

    References:
        You, Leskovec, He, Xie, "Graph Structure of Neural Networks", ICML 2020, section 3.2. There an edge keeps one
        of its ends when it moves, and the nodes with an edge more are random; here both ends move and nodes are taken
        in order.

    >>> ws_flex(4, 2, rewiring=0.0, rng=np.random.default_rng(0)).astype(int)
    array([[0, 1, 0, 1],
           [1, 0, 1, 0],
           [0, 1, 0, 1],
           [1, 0, 1, 0]])
    """
    g = require_int("groups", groups, low=1)
    k = require_fraction("degree", degree, high=float("inf"))
    beta = require_fraction("rewiring", rewiring)
    rng = require_rng(rng)
    if k > g - 1:
        raise InfeasibleTopologyError(f"degree={k:g} exceeds the {g - 1} other nodes of {g} groups.")
    rows, columns = np.triu_indices(g, 1)
    around = np.minimum(columns - rows, g - (columns - rows))
    first = np.where(2 * (columns - rows) <= g, rows, columns)
    ring = np.lexsort((first, around))[: int(g * k / 2)]
    kept = np.sort(ring[rng.random(len(ring)) >= beta])
    chosen = np.concatenate([kept, draw_others(kept, len(ring) - len(kept), len(rows), rng)])
    graph = np.zeros((g, g), dtype=np.bool_)
    graph[rows[chosen], columns[chosen]] = True
    return graph | graph.T


def relational(in_features: int, out_features: int, graph: ArrayLike) -> Bipartite:
    """Join two groups of neurons wherever the graph of groups has an edge, and every group to itself.

    Neurons are divided among the groups in order, as evenly as can be. Use one graph for all layers:
    `layered(widths, relational, [graph] * depth)`.

    Args:
        in_features: number of inputs I, at least the number of groups.
        out_features: number of outputs O, at least the number of groups.
        graph: symmetric adjacency of shape (g, g), bools or zeros and ones; its diagonal is taken as full.

    Raises:
        InfeasibleTopologyError: fewer neurons than groups.
        InvalidTopologyError: a graph that is not square or not symmetric.

    References:
        You, Leskovec, He, Xie, "Graph Structure of Neural Networks", ICML 2020, section 2.2: a round of message
        exchange as a layer.

    >>> relational(4, 2, [[0, 0], [0, 0]]).to_mask().astype(int)
    array([[1, 1, 0, 0],
           [0, 0, 1, 1]])
    """
    I, O = require_shape(in_features, out_features)
    small = Bipartite.from_mask(graph)
    mask = small.to_mask()
    g = small.in_features
    if mask.shape != (g, g) or not np.array_equal(mask, mask.T):
        raise InvalidTopologyError(f"graph of shape {mask.shape} is not symmetric: each side must see the other.")
    if g > min(I, O):
        raise InfeasibleTopologyError(f"graph has {g} groups; a {I} x {O} junction has at most {min(I, O)}.")
    return blown_up(Bipartite.from_mask(mask | np.eye(g, dtype=np.bool_)), _even_groups(I, g), _even_groups(O, g))


def _even_groups(neurons: int, groups: int) -> NDArray[np.int64]:
    return np.diff(np.arange(groups + 1) * neurons // groups)
