"""Rotated junctions: one vector of ones, turned by one place an input; k offsets describe a junction of any width.

All but their names are due to Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683.
Each warns (`TopologyWarning`) when what it makes has dead outputs or several components.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import Rng, TopologyWarning, require_int, require_rng
from gossamer.generators.feasible import require_degree, require_shape
from gossamer.generators.random import expected_degree
from gossamer.generators.turning import count_components, count_dead_outputs
from gossamer.topology import Rotated


def rotating_random(in_features: int, out_features: int, degree: int, *, rng: Rng) -> Rotated:
    """Rotate `degree` ones at uniform places, drawn without replacement.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out of every input, 1 to O.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    >>> rotating_random(784, 1000, 16, rng=np.random.default_rng(0)).num_edges
    12544
    """
    I, O = require_shape(in_features, out_features)
    k = require_degree(degree, I, O)
    return _rotated(require_rng(rng).choice(O, size=k, replace=False, shuffle=False), I, O)


def rotating_bernoulli(in_features: int, out_features: int, degree: float, *, rng: Rng) -> Rotated:
    """Rotate ones drawn with probability `degree / out_features` each, redrawn while there is none.

    The paper's literal wording; the fan-out is then random, with mean slightly above `degree`. `rotating_random`
    spends its budget exactly.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: expected number of ones before redrawing, above 0 to O; not necessarily whole.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    >>> rotating_bernoulli(4, 4, 4.0, rng=np.random.default_rng(0)).offsets
    array([0, 1, 2, 3], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    p = expected_degree(degree, I, O) / O
    rng = require_rng(rng)
    count = 0
    while count == 0:
        count = int(rng.binomial(O, p))
    return rotating_random(I, O, count, rng=rng)


def rotating_regular(in_features: int, out_features: int, degree: int) -> Rotated:
    """Rotate a vector that is half contiguous, half regularly spaced over what is left.

    With a = ceil(k / 2) and r = k - a, the ones lie at 0..a-1 and at a + floor(t (O - a) / (r + 1)), t = 1..r:
    our reading of the paper's words.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out k of every input, 1 to O.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    >>> rotating_regular(11, 10, 4).offsets
    array([0, 1, 4, 7], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    k = require_degree(degree, I, O)
    a = (k + 1) // 2
    r = k - a
    spaced = a + np.arange(1, r + 1) * (O - a) // (r + 1)
    return _rotated(np.concatenate([np.arange(a), spaced]), I, O)


def fibonacci(in_features: int, out_features: int, degree: int, *, span: int | None = None) -> Rotated:
    """Rotate ones at 0, 1, 2, 3, 5, 8, 13, ..., squeezed into the outputs when they reach beyond them.

    Of the first k numbers, if the last exceeds `span`, each x becomes floor(x * span / last). In ascending order each
    takes its place, or the next free one, cyclically.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out k of every input, 1 to O.
        span: where the last number is squeezed to, O - 1 unless given. The paper's literal scale is O, which wraps
            the last one onto the place of the first and so onto the next free one.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    >>> fibonacci(784, 10, 7).offsets
    array([0, 1, 2, 3, 4, 5, 9], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    k = require_degree(degree, I, O)
    reach = O - 1 if span is None else require_int("span", span, low=0, high=O)
    return _rotated(_next_free(_fibonacci_numbers(k, reach), O), I, O)


def rotating_contiguous(in_features: int, out_features: int, degree: int) -> Rotated:
    """Rotate ones at 0..k-1: the simple version that the paper improves on.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out k of every input, 1 to O.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    >>> rotating_contiguous(5, 5, 2).to_mask().T.astype(int)[0]
    array([1, 1, 0, 0, 0])
    """
    I, O = require_shape(in_features, out_features)
    return _rotated(np.arange(require_degree(degree, I, O)), I, O)


def rotating_even(in_features: int, out_features: int, degree: int) -> Rotated:
    """Rotate ones at floor(t O / k), evenly spaced: a control, disconnected when k > 1 divides O and O < 2 I or so.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out k of every input, 1 to O.

    Raises:
        InfeasibleTopologyError: the degree exceeds the outputs.

    >>> rotating_even(11, 11, 3).offsets
    array([0, 3, 7], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    k = require_degree(degree, I, O)
    return _rotated(np.arange(k, dtype=np.int64) * O // k, I, O)


def _rotated(offsets: NDArray[np.integer], in_features: int, out_features: int) -> Rotated:
    junction = Rotated(offsets, in_features=in_features, out_features=out_features)
    components = count_components(junction)
    if components > 1:
        dead = count_dead_outputs(junction)
        detail = f", {dead} of them outputs without an input" if dead else ""
        warnings.warn(f"{junction} has {components} components{detail}.", TopologyWarning, stacklevel=3)
    return junction


def _fibonacci_numbers(count: int, reach: int) -> NDArray[np.int64]:
    """The first `count` of 0, 1, 2, 3, 5, 8, ..., scaled so that the last is at most `reach`; exact, ascending."""
    last, before = _fibonacci_pair(count - 1)
    if count == 1 or last <= reach:
        numbers = [0, 1, 2]
        while len(numbers) < count:
            numbers.append(numbers[-1] + numbers[-2])
        return np.array(numbers[:count])
    largest, scaled = last, [reach]
    while scaled[-1] > 0 and len(scaled) < count:  # those further down are all 0 after scaling
        scaled.append(before * reach // largest)
        last, before = before, last - before
    return np.array([0] * (count - len(scaled)) + scaled[::-1])


def _fibonacci_pair(n: int) -> tuple[int, int]:
    """F(n + 1) and F(n), where F(1) = F(2) = 1, by doubling: n may be a million."""
    after, here = 1, 0
    for bit in bin(n)[2:]:
        here, after = here * (2 * after - here), here * here + after * after
        if bit == "1":
            here, after = after, here + after
    return after, here


def _next_free(wanted: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Seat ascending numbers at the places they want or the next free ones, cyclically in range(size)."""
    rank = np.arange(len(wanted))
    seats = np.maximum.accumulate(wanted - rank) + rank  # a taken stretch only ever moves its right end
    seated = seats[seats < size]
    free = np.setdiff1d(np.arange(min(size, len(wanted))), seated, assume_unique=True)  # the first ones are among these
    return np.concatenate([seated, free[: len(wanted) - len(seated)]])
