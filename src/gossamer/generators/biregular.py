"""Junctions in which all inputs have one fan-out and all outputs one fan-in, or nearly so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InfeasibleTopologyError, Rng, require_rng
from gossamer.generators.feasible import require_degree, require_fan_in, require_shape
from gossamer.generators.subsets import by_output, others
from gossamer.generators.switching import joined, make_simple
from gossamer.topology import Bipartite


def biregular(in_features: int, out_features: int, degree: int, *, rng: Rng) -> Bipartite:
    """Draw a random junction with fan-out `degree` and fan-in `in_features * degree / out_features` everywhere.

    The configuration model: the ends of edges are matched at random, and an edge that comes twice is switched with a
    random other one. Without such edges the draw is uniform; the repair keeps it near that when the degree is well
    below the square root of the sizes. Where that matters, mix with `switched`.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out of every input, such that I * degree is a multiple of O.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: no such junction exists; the message names the nearest degrees.

    References:
        Dey, Huang, Beerel, Chugg, "Pre-defined sparse neural networks with hardware acceleration", JETCAS 2019.

    >>> g = biregular(8, 6, 3, rng=np.random.default_rng(0))
    >>> g.fan_out, g.fan_in
    (array([3, 3, 3, 3, 3, 3, 3, 3], dtype=int32), array([4, 4, 4, 4, 4, 4], dtype=int32))
    """
    I, O, k = require_biregular(in_features, out_features, degree)
    mostly_full = 2 * k > O  # then fewer edges are missing than there are: match these
    fan_out = O - k if mostly_full else k
    inputs = np.repeat(np.arange(I), fan_out)
    outputs = np.tile(np.arange(O), I * fan_out // O)
    rng = require_rng(rng)
    rng.shuffle(outputs)
    make_simple(inputs, outputs, in_features=I, rng=rng)
    keys = np.sort(outputs * I + inputs)
    return by_output(others(keys, I * O) if mostly_full else keys, I, O)


def rolled_permutations(in_features: int, out_features: int, degree: int, *, rng: Rng) -> Bipartite:
    """Give the neurons of the larger side windows of random permutations of the smaller side, rolled on step by step.

    Each neuron of the larger side is joined to consecutive members of a permutation; the next neuron's window starts
    where it ends, cyclically, and one place further once all windows have come. When the rolls of one permutation are
    used up (as many as it has members), another is drawn.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out of every input, such that I * degree is a multiple of O.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: no such junction exists; the message names the nearest degrees.

    References:
        Luo, "Improving Neural Network with Uniform Sparse Connectivity" (USN), IEEE Access 2020, and its code, which
        takes a random choice of the rolls, so that degrees are even only when one size divides the other. The order
        taken here makes them even whenever that is possible.

    >>> g = rolled_permutations(6, 9, 3, rng=np.random.default_rng(0))
    >>> g.fan_out, g.fan_in
    (array([3, 3, 3, 3, 3, 3], dtype=int32), array([2, 2, 2, 2, 2, 2, 2, 2, 2], dtype=int32))
    """
    I, O, k = require_biregular(in_features, out_features, degree)
    rng = require_rng(rng)
    small, large = sorted((I, O))
    width = I * k // large
    permutations = rng.permuted(np.tile(np.arange(small), (-(-large // small), 1)), axis=1)
    number, roll = np.divmod(np.arange(large), small)
    starts = roll * width + roll // (small // math.gcd(width, small))
    window = (starts[:, None] + np.arange(width)) % small
    picked = permutations[number[:, None], window].ravel()
    pickers = np.repeat(np.arange(large), width)
    inputs, outputs = (picked, pickers) if small == I else (pickers, picked)
    return joined(inputs, outputs, I, O)


def near_biregular(in_features: int, out_features: int, fan_in: int, *, rng: Rng) -> Bipartite:
    """Draw a junction with one fan-in, whose fan-outs differ by one at most: inputs are dealt out like cards.

    Outputs take inputs in turn from a random permutation of them all, and from another one when it is used up. So every
    input is read floor(O * fan_in / I) times or once more; none goes unread while another is read twice. An output
    between two permutations takes no input twice: what it holds already is put behind the rest of the second one.

    Where `biregular` needs a degree that shares the edges out evenly, this takes any fan-in. Between groups of outputs,
    as in `grouped(near_biregular, ...)`, it makes the junctions that are as fast as their groups and read every input
    as long as there are edges for it.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        fan_in: edges into every output, 1 to I.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: the fan-in exceeds the inputs.

    References:
        Ours; what it is worth in groups: docs/results/groups.md. Graphs whose degrees differ by one at most are called
        almost regular: Alon, Friedland, Kalai, "Regular subgraphs of almost regular graphs", JCTB 37, 1984.

    >>> g = near_biregular(6, 4, 4, rng=np.random.default_rng(0))
    >>> set(g.fan_in.tolist()), sorted(g.fan_out.tolist())
    ({4}, [2, 2, 3, 3, 3, 3])
    """
    I, O = require_shape(in_features, out_features)
    k = require_fan_in(fan_in, I, O)
    rng = require_rng(rng)
    rows = np.empty((O, k), dtype=np.int64)
    made, deck = 0, np.empty(0, dtype=np.int64)
    while made < O:
        if len(deck) < k:
            deck = _dealt_after(deck, rng.permutation(I))
        whole = min(len(deck) // k, O - made)
        rows[made : made + whole] = deck[: whole * k].reshape(whole, k)
        made, deck = made + whole, deck[whole * k :]
    rows.sort(axis=1)
    return Bipartite(np.arange(O + 1) * k, rows.ravel(), in_features=I)


def _dealt_after(rest: NDArray[np.int64], fresh: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rest of a permutation, then a fresh one, in which what is in the rest comes last."""
    held = np.zeros(len(fresh), dtype=bool)
    held[rest] = True
    late = held[fresh]
    return np.concatenate([rest, fresh[~late], fresh[late]])


def require_biregular(in_features: Any, out_features: Any, degree: Any) -> tuple[int, int, int]:
    """Return the sizes and the degree, which must share the edges out evenly on both sides."""
    I, O = require_shape(in_features, out_features)
    k = require_degree(degree, I, O)
    step = biregular_degrees(I, O).step
    if k % step:
        near = [number for number in (k - k % step, k - k % step + step) if number]
        raise InfeasibleTopologyError(
            f"degree={k} gives {I * k} edges, which {O} outputs cannot share evenly; the nearest degrees of a "
            f"{I} x {O} junction that they can are {' and '.join(map(str, near))}."
        )
    return I, O, k


def biregular_degrees(in_features: int, out_features: int) -> range:
    """Fan-outs that give all outputs one fan-in: the multiples of O / gcd(I, O).

    >>> list(biregular_degrees(8, 6))
    [3, 6]
    """
    step = out_features // math.gcd(in_features, out_features)
    return range(step, out_features + 1, step)
