"""Local junctions with long-range edges: windows on a ring, and receptive fields that thin out with distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import Rng, require_fraction, require_rng
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.generators.subsets import by_output, draw_others
from gossamer.generators.switching import joined
from gossamer.topology import Bipartite

_BLOCK_PAIRS = 1 << 22


def small_world(in_features: int, out_features: int, num_edges: int, *, rewiring: float, rng: Rng) -> Bipartite:
    """Let each output read a window of consecutive inputs around its own place, then move some edges anywhere (BSW).

    Output j reads the inputs from floor(j I / O - K / 2) on, on a ring, with K = num_edges / out_features rounded down
    or up at random so that all edges are spent. Each edge is dropped with probability `rewiring`, and as many are
    grown at uniform empty places.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        num_edges: number of edges E, 0 to I * O.
        rewiring: probability beta, 0 (a lattice) to 1 (uniform).
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: more edges than pairs.

    References:
        Watts, Strogatz, Nature 1998; bipartite form: Zhang, Zhao, Wu, Muscoloni, Cannistraci, "Epitopological learning
        and Cannistraci-Hebb network shape intelligence brain-inspired theory for ultra-sparse advantage in deep
        learning" (CHT), ICLR 2024, and its code, where the larger side reads; here the outputs always do.

    >>> small_world(6, 3, 6, rewiring=0.0, rng=np.random.default_rng(0)).to_mask().astype(int)
    array([[1, 0, 0, 0, 0, 1],
           [0, 1, 1, 0, 0, 0],
           [0, 0, 0, 1, 1, 0]])
    """
    I, O = require_shape(in_features, out_features)
    count = require_num_edges(num_edges, I, O)
    beta = require_fraction("rewiring", rewiring)
    rng = require_rng(rng)
    reads = even_counts(count, O, rng)
    outputs = np.repeat(np.arange(O), reads)
    place = np.arange(count) - np.repeat(np.cumsum(reads) - reads, reads)
    starts = (2 * np.arange(O) * I - reads * O) // (2 * O)
    keys = np.sort(outputs * I + (np.repeat(starts, reads) + place) % I)
    kept = keys[rng.random(count) >= beta]
    grown = draw_others(kept, count - len(kept), I * O, rng)
    return by_output(np.sort(np.concatenate([kept, grown])), I, O)


def receptive_field(in_features: int, out_features: int, num_edges: int, *, r: float, rng: Rng) -> Bipartite:
    """Let each neuron of the smaller side pick neurons of the larger side, near its own place by preference (BRF).

    Neuron i picks neuron j with weight (1 + d)^(-(1 - r) / r), without replacement, d being the distance of j from
    its centre floor(i * larger / smaller) on a ring. All pick as many, give or take one. Time grows with I * O,
    memory with the edges.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        num_edges: number of edges E, 0 to I * O.
        r: degree of spatial randomness, 0 (the nearest) to 1 (uniform); the authors find .25 best for MLPs.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: more edges than pairs.

    References:
        Zhang et al., "Brain network science modelling of sparse neural networks enables Transformers and LLMs to
        perform as fully connected", arXiv 2501.19107, and its code, whose stride is floor(larger / smaller), so that
        centres do not reach around the ring unless one size divides the other; here they do.

    >>> receptive_field(3, 9, 9, r=0.0, rng=np.random.default_rng(0)).to_mask().T.astype(int)
    array([[1, 1, 0, 0, 0, 0, 0, 0, 1],
           [0, 0, 1, 1, 1, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 1, 1, 1, 0]])
    """
    I, O = require_shape(in_features, out_features)
    count = require_num_edges(num_edges, I, O)
    randomness = require_fraction("r", r)
    small, large = sorted((I, O))
    rng = require_rng(rng)
    picks = even_counts(count, small, rng)
    step = max(1, _BLOCK_PAIRS // large)
    chosen = [
        picked_near(_on_a_ring(centres, large), picks[first : first + step], randomness=randomness, rng=rng)
        for first in range(0, small, step)
        for centres in [np.arange(first, min(first + step, small)) * large // small]
    ]
    picked, pickers = np.concatenate(chosen), np.repeat(np.arange(small), picks)
    inputs, outputs = (pickers, picked) if small == I else (picked, pickers)
    return joined(inputs, outputs, I, O)


def _on_a_ring(centres: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Distance of every place of a ring from each centre, shape (centres, size)."""
    distance: NDArray[np.int64] = np.abs(np.arange(size) - centres[:, None])
    nearer: NDArray[np.int64] = np.minimum(distance, size - distance)
    return nearer


def picked_near(
    distance: NDArray[np.int64] | NDArray[np.float64],
    picks: NDArray[np.int64],
    *,
    randomness: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """For each row of distances its picks among the columns, row behind row.

    The largest of log-weights with Gumbel noise are a weighted draw without replacement. Log-weights and noise are
    multiplied by r, which changes no order and leaves the limit r = 0 finite; ties there are broken at random.
    """
    size = distance.shape[1]
    score = (randomness - 1) * np.log1p(distance) + max(randomness, 1e-12) * rng.gumbel(size=distance.shape)
    order = np.argsort(-score, axis=1)
    return order[np.arange(size) < picks[:, None]]


def even_counts(total: int, neurons: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`total` in `neurons` parts that differ by one at most, the larger ones at random places."""
    share, rest = divmod(total, neurons)
    counts = np.full(neurons, share)
    counts[rng.permutation(neurons)[:rest]] += 1
    return counts
