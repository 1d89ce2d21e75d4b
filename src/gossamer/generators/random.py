"""Random junctions: edges, fan-outs or fan-ins drawn uniformly."""

from __future__ import annotations

import numpy as np

from gossamer.errors import InfeasibleTopologyError, Rng, require_fraction, require_rng
from gossamer.generators.feasible import require_degree, require_fan_in, require_num_edges, require_shape
from gossamer.generators.subsets import by_input, by_output, draw_subsets
from gossamer.topology import Bipartite


def erdos_renyi(in_features: int, out_features: int, num_edges: int, *, rng: Rng) -> Bipartite:
    """Draw one of the junctions with exactly `num_edges` edges, all equally likely: G(n, m, E).

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        num_edges: number of edges E, 0 to I * O.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: more edges than pairs.

    References:
        Erdős, Rényi, "On random graphs I", 1959, in its bipartite form.

    >>> erdos_renyi(784, 1000, 5000, rng=np.random.default_rng(0)).num_edges
    5000
    """
    I, O = require_shape(in_features, out_features)
    count = require_num_edges(num_edges, I, O)
    return by_output(draw_subsets(np.array([count]), I * O, require_rng(rng)), I, O)


def bernoulli(in_features: int, out_features: int, degree: float, *, rng: Rng) -> Bipartite:
    """Make each pair an edge with probability `degree / out_features`, independently of the others.

    The edge count is binomial with mean `in_features * degree`; where a budget must be met, use `erdos_renyi`.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: expected fan-out of an input, above 0 to O; not necessarily whole.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    References:
        Bourely, Boueri, Choromanski, arXiv 1706.05683: "random, expected degree".

    >>> bernoulli(3, 5, 5, rng=np.random.default_rng(0)).num_edges
    15
    """
    I, O = require_shape(in_features, out_features)
    p = expected_degree(degree, I, O) / O
    rng = require_rng(rng)
    # Given its size, a Bernoulli graph is uniform: draw the size, then the graph.
    return erdos_renyi(I, O, int(rng.binomial(I * O, p)), rng=rng)


def expected_degree(degree: float, in_features: int, out_features: int) -> float:
    """Return `degree` as a float above 0, at most the number of outputs."""
    k = require_fraction("degree", degree, high=float("inf"))
    if k == 0:
        raise ValueError("degree=0.0 is not allowed: it must be above 0.")
    if k > out_features:
        raise InfeasibleTopologyError(
            f"degree={k:g} exceeds the {out_features} outputs of a {in_features} x {out_features} junction."
        )
    return k


def regular_random(in_features: int, out_features: int, degree: int, *, rng: Rng) -> Bipartite:
    """Let every input pick `degree` outputs uniformly: a probabilistic constant-degree expander.

    Fan-out is constant; fan-in varies, and an output that nobody picks is dead.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out of every input, 1 to O.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    References:
        Bourely, Boueri, Choromanski, arXiv 1706.05683.

    >>> regular_random(6, 4, 3, rng=np.random.default_rng(0)).fan_out
    array([3, 3, 3, 3, 3, 3], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    k = require_degree(degree, I, O)
    return by_input(draw_subsets(np.full(I, k), O, require_rng(rng)), I, O)


def constant_fan_in(in_features: int, out_features: int, fan_in: int, *, rng: Rng) -> Bipartite:
    """Let every output pick `fan_in` inputs uniformly.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        fan_in: edges into every output, 1 to I.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: the fan-in exceeds the inputs.

    References:
        Lasby et al., "Dynamic Sparse Training with Structured Sparsity" (SRigL), ICLR 2024; Prabhu, Varma,
        Namboodiri, "Deep Expander Networks" (X-Net), ECCV 2018, where the smaller side picks.

    >>> constant_fan_in(6, 4, 3, rng=np.random.default_rng(0)).fan_in
    array([3, 3, 3, 3], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    k = require_fan_in(fan_in, I, O)
    return by_output(draw_subsets(np.full(O, k), I, require_rng(rng)), I, O)


def dense(in_features: int, out_features: int) -> Bipartite:
    """Join every input to every output.

    >>> dense(2, 3).density
    1.0
    """
    I, O = require_shape(in_features, out_features)
    require_num_edges(I * O, I, O)
    return Bipartite(np.arange(O + 1) * I, np.tile(np.arange(I), O), in_features=I)
