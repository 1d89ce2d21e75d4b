"""Scale-free junctions: a Barabási-Albert graph whose edges all cross from inputs to outputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError, Rng, require_rng
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.generators.subsets import by_output, draw_others
from gossamer.generators.switching import has_simple_graph, joined, make_simple
from gossamer.topology import Bipartite


def scale_free(in_features: int, out_features: int, num_edges: int, *, rng: Rng) -> Bipartite:
    """Grow a graph by preferential attachment on all I + O neurons, then turn edges within a side across (BSF).

    Neurons arrive in random order, each with E / (I + O) edges, rounded down or up so that all are spent, to earlier
    ones in proportion to their degree. An edge between two inputs and one between two outputs then become two edges
    across, which keeps all degrees. Of the edges left over on one side, half of the ends are kept and joined to the
    other side in proportion to its degrees. Edges that come twice are switched; where that fails for a hub with more
    ends than there are partners, they go to uniform empty places.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        num_edges: number of edges E, 0 to I * O.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: more edges than pairs.

    References:
        Barabási, Albert, "Emergence of scaling in random networks", Science 1999; bipartite form: Zhang, Zhao, Wu,
        Muscoloni, Cannistraci, CHT, ICLR 2024, and its code.

    >>> g = scale_free(50, 50, 200, rng=np.random.default_rng(0))
    >>> g.num_edges
    200
    """
    I, O = require_shape(in_features, out_features)
    count = require_num_edges(num_edges, I, O)
    rng = require_rng(rng)
    ends = rng.permutation(I + O)[preferential_attachment(I + O, count, rng=rng)]
    inputs, outputs = _turned_across(ends, I, I + O, rng=rng)
    outputs -= I
    return _simplified(inputs, outputs, I, O, rng=rng)


def preferential_attachment(nodes: int, num_edges: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Grow a Barabási-Albert graph; nodes come in order, the first ones as a clique.

    Returns:
        Both ends of each edge, shape (E, 2), the later node first; no edge comes twice.

    >>> preferential_attachment(4, 3, rng=np.random.default_rng(0))[:, 0]
    array([1, 2, 3])
    """
    brings = _arrivals(nodes, num_edges, rng)
    ends = np.empty((num_edges, 2), dtype=np.int64)
    filled = 0
    for node in range(1, nodes):
        wanted = int(brings[node])
        earlier = ends[:filled].ravel()
        partners = np.arange(node) if wanted == node else _distinct_by_degree(earlier, wanted, node, rng)
        ends[filled : filled + wanted] = np.stack([np.full(wanted, node), partners], axis=1)
        filled += wanted
    return ends


def _arrivals(nodes: int, num_edges: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Edges that each node brings: the same number for all that find so many partners, one more for some."""
    order = np.arange(nodes)
    most = order * (order + 1) // 2 + order * (nodes - 1 - order)  # edges when each brings `order`, if it can
    each = int(np.searchsorted(most, num_edges, side="right")) - 1
    brings = np.minimum(order, each)
    brings[rng.choice(order[each + 1 :], size=num_edges - int(most[each]), replace=False)] += 1
    return brings


def _distinct_by_degree(
    ends: NDArray[np.int64], wanted: int, nodes: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """`wanted` of the earlier nodes, by degree; by chance alone when too few have any."""
    candidates = ends if len(ends) else np.arange(nodes)
    chosen: dict[int, None] = {}
    for _ in range(50):
        if len(chosen) >= wanted:
            break
        drawn = candidates[rng.integers(len(candidates), size=2 * (wanted - len(chosen)))]
        chosen.update(dict.fromkeys(drawn.tolist()))
    else:  # nearly all nodes are wanted: weigh them exactly
        degree = np.bincount(ends, minlength=nodes)[:nodes] + 1e-9
        return rng.choice(nodes, size=wanted, replace=False, p=degree / degree.sum())
    return np.array(list(chosen)[:wanted], dtype=np.int64)


def _turned_across(
    ends: NDArray[np.int64], in_features: int, nodes: int, *, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ends of edges that all cross; nodes below `in_features` are inputs."""
    side = ends >= in_features
    crossing = side[:, 0] != side[:, 1]
    across = np.sort(ends[crossing], axis=1)
    lone_inputs = rng.permutation(ends[~crossing & ~side[:, 0]].ravel())
    lone_outputs = rng.permutation(ends[~crossing & side[:, 0]].ravel())
    paired = min(len(lone_inputs), len(lone_outputs))
    inputs = np.concatenate([across[:, 0], lone_inputs[:paired]])
    outputs = np.concatenate([across[:, 1], lone_outputs[:paired]])
    some_inputs = lone_inputs[paired:][: (len(lone_inputs) - paired) // 2]
    some_outputs = lone_outputs[paired:][: (len(lone_outputs) - paired) // 2]
    return (
        np.concatenate([inputs, some_inputs, _by_degree(inputs, len(some_outputs), range(in_features), rng=rng)]),
        np.concatenate(
            [outputs, _by_degree(outputs, len(some_inputs), range(in_features, nodes), rng=rng), some_outputs]
        ),
    )


def _by_degree(ends: NDArray[np.int64], count: int, side: range, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` neurons of a side in proportion to their ends, or uniform ones when none has any."""
    candidates = ends if len(ends) else np.arange(side.start, side.stop)
    return candidates[rng.integers(len(candidates), size=count)]


def _simplified(
    inputs: NDArray[np.int64],
    outputs: NDArray[np.int64],
    in_features: int,
    out_features: int,
    *,
    rng: np.random.Generator,
) -> Bipartite:
    if has_simple_graph(np.bincount(inputs, minlength=in_features), np.bincount(outputs, minlength=out_features)):
        try:
            make_simple(inputs, outputs, in_features=in_features, rng=rng)
            return joined(inputs, outputs, in_features, out_features)
        except ConvergenceError:  # there is one, but switching does not find it
            pass
    kept = np.unique(outputs * in_features + inputs)
    added = draw_others(kept, len(inputs) - len(kept), in_features * out_features, rng)
    return by_output(np.sort(np.concatenate([kept, added])), in_features, out_features)
