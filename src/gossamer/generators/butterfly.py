"""Flat block butterflies: a block is joined to itself and to those at distances of powers of two."""

from __future__ import annotations

import numpy as np

from gossamer.errors import InfeasibleTopologyError, require_int
from gossamer.generators.blocks import blown_up, require_divisor
from gossamer.generators.feasible import require_shape
from gossamer.generators.subsets import by_output
from gossamer.topology import Bipartite


def butterfly(in_features: int, out_features: int, factors: int, *, blocks: int) -> Bipartite:
    """Join block i to the blocks i and i XOR 2^t, t = 0 .. factors - 1: the first-order terms of a butterfly product.

    Args:
        in_features: number of inputs I, a multiple of `blocks`.
        out_features: number of outputs O, a multiple of `blocks`.
        factors: number of factors; 0 gives the diagonal of blocks. The fan-out is (factors + 1) * O / blocks.
        blocks: number of blocks on each side, a multiple of 2^factors; a block has I / blocks inputs and O / blocks
            outputs.

    Raises:
        InfeasibleTopologyError: sizes that `blocks` does not divide, or more factors than it has powers of two.

    References:
        Dao et al., "Pixelated Butterfly: Simple and Efficient Sparse Training for Neural Network Models", ICLR 2022,
        arXiv 2112.00029, definition 3.4; there blocks are square and their number is a power of two.

    >>> butterfly(4, 4, 1, blocks=4).to_mask().astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 0, 0],
           [0, 0, 1, 1],
           [0, 0, 1, 1]])
    """
    I, O = require_shape(in_features, out_features)
    count = require_divisor("blocks", blocks, {"in_features": I, "out_features": O})
    terms = require_int("factors", factors, low=0)
    most = most_factors(count)
    if terms > most:
        raise InfeasibleTopologyError(f"factors={terms} is too many for {count} blocks; {most} is the most.")
    block = np.arange(count)
    partners = np.stack([block, *(block ^ (1 << t) for t in range(terms))])
    small = by_output(np.sort((partners * count + block).ravel()), count, count)
    return blown_up(small, I // count, O // count)


def most_factors(blocks: int) -> int:
    """The largest t such that 2^t divides `blocks`.

    >>> most_factors(24)
    3
    """
    return (blocks & -blocks).bit_length() - 1
