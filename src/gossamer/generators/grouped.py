"""Junctions of groups: any generator's junction, each neuron of which becomes several."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gossamer.errors import Rng, require_int, require_rng
from gossamer.generators.blocks import require_divisor
from gossamer.generators.feasible import require_shape
from gossamer.topology import Bipartite, Junction
from gossamer.topology.grouped import Grouped
from gossamer.topology.reading import as_junction


def grouped(
    generator: Callable[..., Any],
    in_features: int,
    out_features: int,
    degree: int,
    *,
    group: int = 8,
    input_group: int = 1,
    twist: bool = False,
    rng: Rng | None = None,
) -> Junction:
    """Let `generator` join groups, and every neuron of a group to all neurons of the groups that it is joined to.

    The generator is asked for (I / h) inputs and (O / g) outputs; E is its number of edges times g h. With `twist` each
    edge between groups becomes a random permutation instead, a lift of the generator's junction: E is its number of
    edges times g.

    Args:
        generator: makes a junction of (inputs, outputs, degree), and `rng` if it takes it.
        in_features: number of inputs I, a multiple of `input_group`.
        out_features: number of outputs O, a multiple of `group`.
        degree: the generator's third argument: with `constant_fan_in` the fan-in of each output, in groups of inputs;
            with `regular_random` the groups of outputs that each input is joined to; with `erdos_renyi` the edges
            between groups.
        group: outputs of a group g.
        input_group: inputs of a group h.
        twist: permutations of g neurons, which `group` and `input_group` both are then (1 for `input_group` is taken
            for `group`).
        rng: source of randomness; needed by a generator that draws, and to twist.

    Returns:
        A `Grouped` junction, or a `Bipartite` if it is twisted.

    Raises:
        InfeasibleTopologyError: a group that does not divide its side, or what the generator cannot make.
        ValueError: a twist of groups of different sizes.

    References:
        A. Amit, N. Linial, "Random graph coverings I", Combinatorica 22, 2002, for lifts.
        HASTE, arXiv 2606.01117, for outputs that share their inputs so that they are fast. With `constant_fan_in` large
        groups leave inputs unread; `near_biregular` deals the inputs out evenly to the groups (docs/results/groups.md).

    >>> import gossamer as gs
    >>> g = grouped(gs.generators.constant_fan_in, 6, 8, 2, group=4, rng=np.random.default_rng(0))
    >>> g.group, g.num_edges
    ((4, 1), 16)
    >>> (g.to_mask()[0] == g.to_mask()[3]).all()
    np.True_
    """
    I, O = require_shape(in_features, out_features)
    g = require_divisor("group", group, {"out_features": O})
    h = require_int("input_group", input_group, low=1)
    if twist:
        if h not in (1, g):
            raise ValueError(f"a twist permutes groups of one size; group={g} and input_group={h} differ.")
        h = g
    h = require_divisor("input_group", h, {"in_features": I})
    given = {"rng": require_rng(rng)} if twist or _draws(generator) else {}
    made = generator(I // h, O // g, degree, **(given if _draws(generator) else {}))
    base = as_junction(made, what="what the generator returned")
    written = (
        base if isinstance(base, Bipartite) else Bipartite(base.indptr, base.indices, in_features=base.in_features)
    )
    return _twisted(written, g, given["rng"]) if twist else Grouped(written, outputs=g, inputs=h)


def _draws(generator: Callable[..., Any]) -> bool:
    return "rng" in inspect.signature(generator).parameters


def _twisted(base: Bipartite, size: int, rng: np.random.Generator) -> Bipartite:
    inputs, outputs = base.edges()
    members = np.arange(size)
    images = rng.permuted(np.broadcast_to(members, (len(inputs), size)), axis=1)
    return Bipartite.from_edges(
        (inputs[:, None].astype(np.int64) * size + images).ravel(),
        (outputs[:, None].astype(np.int64) * size + members).ravel(),
        in_features=base.in_features * size,
        out_features=base.out_features * size,
    )
