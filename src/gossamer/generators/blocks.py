"""Junctions with structure that hardware likes: blocks, and N of every M."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError, Rng, require_int, require_rng
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.generators.subsets import by_output, draw_subsets
from gossamer.topology import Bipartite, Junction
from gossamer.topology.rows import as_index_array


def blown_up(junction: Junction, inputs_each: ArrayLike, outputs_each: ArrayLike) -> Bipartite:
    """Replace every neuron by a group, and every edge by all edges between two groups: A times a matrix of ones.

    Args:
        junction: the small junction.
        inputs_each: size of the group of each input, shape (I,), at least 1; or one number for all.
        outputs_each: size of the group of each output, shape (O,), at least 1; or one number for all.

    Raises:
        InvalidTopologyError: sizes of another number or below 1.

    >>> blown_up(Bipartite([0, 1, 2], [1, 0], in_features=2), 1, [2, 1]).to_mask().astype(int)
    array([[0, 1],
           [0, 1],
           [1, 0]])
    """
    a = _group_sizes("inputs_each", inputs_each, junction.in_features)
    b = _group_sizes("outputs_each", outputs_each, junction.out_features)
    firsts = np.cumsum(a) - a
    contents = _ranges(firsts[junction.indices], a[junction.indices])  # the inputs of one output of each group
    ends = np.concatenate([[0], np.cumsum(a[junction.indices])])[junction.indptr]
    starts, lengths = np.repeat(ends[:-1], b), np.repeat(np.diff(ends), b)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    require_num_edges(int(indptr[-1]), int(a.sum()), int(b.sum()))
    return Bipartite(indptr, contents[_ranges(starts, lengths)], in_features=int(a.sum()))


def _group_sizes(name: str, sizes: ArrayLike, count: int) -> NDArray[np.int64]:
    given = np.asarray(sizes)
    array = as_index_array(name, np.full(count, given) if given.ndim == 0 else given)
    if len(array) != count or array.min() < 1:
        raise InvalidTopologyError(f"{name}={array.tolist()} is not allowed: it must be {count} sizes of at least 1.")
    return array


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """range(starts[0], starts[0] + lengths[0]), and so on, one after the other."""
    ends = np.cumsum(lengths)
    shifts = np.repeat(starts - (ends - lengths), lengths)
    return np.asarray(np.arange(len(shifts)) + shifts)


def block_random(in_features: int, out_features: int, blocks: int, *, block_size: int, rng: Rng) -> Bipartite:
    """Let every group of `block_size` outputs read `blocks` random groups of `block_size` inputs, each as a whole.

    Args:
        in_features: number of inputs I, a multiple of `block_size`.
        out_features: number of outputs O, a multiple of `block_size`.
        blocks: blocks per block row, 1 to I / block_size; the fan-in is blocks * block_size.
        block_size: side b of a block.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: a size that is no multiple, or more blocks than fit.

    >>> g = block_random(6, 4, 2, block_size=2, rng=np.random.default_rng(0))
    >>> g.fan_in
    array([4, 4, 4, 4], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    b = require_divisor("block_size", block_size, {"in_features": I, "out_features": O})
    k = require_int("blocks", blocks, low=1)
    if k > I // b:
        raise InfeasibleTopologyError(f"blocks={k} exceeds the {I // b} blocks of {b} that {I} inputs make.")
    small = by_output(draw_subsets(np.full(O // b, k), I // b, require_rng(rng)), I // b, O // b)
    return blown_up(small, b, b)


def n_of_m(in_features: int, out_features: int, n: int, *, m: int, rng: Rng) -> Bipartite:
    """Let every output read `n` random ones of every `m` consecutive inputs, such as 2 of 4.

    Args:
        in_features: number of inputs I, a multiple of `m`.
        out_features: number of outputs O.
        n: how many of each group, 1 to m; the fan-in is n * I / m.
        m: size of a group.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: I is no multiple of m, or n exceeds m.

    References:
        Mishra et al., "Accelerating sparse deep neural networks", arXiv 2104.08378, for the pattern (2 of 4).

    >>> n_of_m(8, 2, 2, m=4, rng=np.random.default_rng(0)).to_mask().reshape(2, 2, 4).sum(axis=2)
    array([[2, 2],
           [2, 2]])
    """
    I, O = require_shape(in_features, out_features)
    group = require_divisor("m", m, {"in_features": I})
    k = require_int("n", n, low=1)
    if k > group:
        raise InfeasibleTopologyError(f"n={k} exceeds m={group}.")
    require_num_edges(k * I // group * O, I, O)
    return by_output(draw_subsets(np.full(O * I // group, k), group, require_rng(rng)), I, O)


def require_divisor(name: str, value: Any, sizes: dict[str, int]) -> int:
    """Return `value` as an int that divides all `sizes`."""
    divisor = require_int(name, value, low=1)
    for what, size in sizes.items():
        if size % divisor:
            near = max(d for d in range(1, divisor) if all(each % d == 0 for each in sizes.values()))
            raise InfeasibleTopologyError(
                f"{name}={divisor} does not divide {what}={size}; the nearest smaller one that fits is {near}."
            )
    return divisor
