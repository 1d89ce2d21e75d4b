"""How many edges must be added or removed to make two networks equal up to relabelling: bounds from both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import kernels
from gossamer.distances.edges import shared_edges
from gossamer.distances.ram import require_memory
from gossamer.distances.reading import NetworkLike, as_topology, require_same_widths
from gossamer.distances.symmetric import symmetric_nnstd
from gossamer.topology import Topology, relabelled


@final
@dataclass(frozen=True)
class EditBounds:
    """The graph edit distance lies from `lower` to `upper`, both in edges."""

    lower: int
    upper: int


def edit_bounds(a: NetworkLike, b: NetworkLike, *, sweeps: int = 10, budget: int = 2000) -> EditBounds:
    """Bound the least number of edges added and removed that makes `b` a relabelling of `a`.

    Inputs keep their names; hidden and output neurons may be relabelled; neurons are not added. Finding the number
    itself is NP-hard.

    - Upper: the edges that differ under the match of `symmetric_nnstd`. Attained by that match.
    - Lower, the larger of two. (1) Every edit in junction k changes one output's fan-in and one input's fan-out by
      one, so the sorted fan-ins, and the fan-outs, tell how many it takes at least; in junction 0, whose inputs are
      known, an optimal assignment of neurons by |S ^ T| tells exactly; summed over junctions. (2) Every edit changes
      two degrees, so half of an optimal assignment of neurons by |fan-in change| + |fan-out change|, over all layers.

    Blind to: relabellings of hidden and output neurons; 0 for both bounds only if the networks are isomorphic.

    Args:
        a: a network.
        b: another of the same widths.
        sweeps: see `symmetric_nnstd`.
        budget: see `symmetric_nnstd`.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        InsufficientMemoryError: the matrices do not fit.

    References:
        K. Riesen, H. Bunke, "Approximate graph edit distance computation by means of bipartite graph matching", Image
        and Vision Computing 27, 2009, for bounds by assignment of neighbourhoods.

    >>> edit_bounds([[[1, 0], [1, 1]]], [[[1, 1], [0, 1]]])
    EditBounds(lower=2, upper=2)
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    match = symmetric_nnstd(first, second, sweeps=sweeps, budget=budget)
    upper = edits(first, relabelled(second, match.orders))
    return EditBounds(max(_by_junction(first, second), _by_layer(first, second)), upper)


def edits(a: Topology, b: Topology) -> int:
    """Edges that only one of two networks has, labels as they are."""
    return sum(g.num_edges + h.num_edges - 2 * shared_edges(g, h) for g, h in zip(a, b, strict=True))


def _by_junction(a: Topology, b: Topology) -> int:
    total = 0
    for k, (g, h) in enumerate(zip(a, b, strict=True)):
        fan_in = int(np.abs(np.sort(g.fan_in).astype(np.int64) - np.sort(h.fan_in)).sum())
        outs = (g.fan_out.astype(np.int64), h.fan_out) if k == 0 else (np.sort(g.fan_out), np.sort(h.fan_out))
        fan_out = int(np.abs(outs[0] - outs[1]).sum())
        total += max(fan_in, fan_out, _least(_differences(g, h)) if k == 0 else 0)
    return total


def _by_layer(a: Topology, b: Topology) -> int:
    """Half the changes of degree that any relabelling leaves, rounded up."""
    changes = int(np.abs(a[0].fan_out.astype(np.int64) - b[0].fan_out).sum())
    for k in range(len(a)):
        costs = np.abs(np.subtract.outer(a[k].fan_in.astype(float), b[k].fan_in))
        if k + 1 < len(a):
            costs += np.abs(np.subtract.outer(a[k + 1].fan_out.astype(float), b[k + 1].fan_out))
        changes += _least(costs)
    return math.ceil(changes / 2)


def _differences(g: Any, h: Any) -> NDArray[np.float64]:
    """|S ^ T| of all pairs of neurons."""
    require_memory(24 * g.out_features**2, f"the differences of {g.out_features} x {g.out_features} neurons")
    shared = (g.to_scipy() @ h.to_scipy().T).toarray()
    return np.asarray(np.add.outer(g.fan_in, h.fan_in) - 2 * shared, dtype=np.float64)


def _least(costs: NDArray[np.float64]) -> int:
    match = kernels.assign_dense(costs)
    return round(float(costs[np.arange(len(match)), match].sum()))
