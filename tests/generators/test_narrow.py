"""Narrow networks have the edges asked for, as nearly as whole neurons allow."""

from itertools import pairwise

import numpy as np
import pytest

from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError
from gossamer.generators import narrowed


def edges(widths):
    return sum(n * m for n, m in pairwise(widths))


@pytest.mark.parametrize("seed", range(40))
def test_the_count_is_met_to_less_than_a_neuron(seed):
    rng = np.random.default_rng(seed)
    wide = (int(rng.integers(2, 900)), *rng.integers(2, 400, rng.integers(1, 4)).tolist(), int(rng.integers(1, 12)))
    least = edges((wide[0], *[1] * (len(wide) - 2), wide[-1]))
    count = int(rng.integers(least, edges(wide) + 1))
    slim = narrowed(wide, count)
    assert (slim[0], slim[-1], len(slim)) == (wide[0], wide[-1], len(wide))
    assert all(1 <= one <= other for one, other in zip(slim, wide, strict=True))
    neurons = [slim[i - 1] + slim[i + 1] for i in range(1, len(slim) - 1)]
    assert abs(edges(slim) - count) <= max(neurons) / 2 or slim == wide


def test_every_count_of_a_small_network_is_met_as_nearly_as_proportion_allows():
    wide = (6, 5, 3)
    for count in range(9, 46):
        best = min((edges((6, h, 3)) for h in range(1, 6)), key=lambda found: (abs(found - count), found))
        assert edges(narrowed(wide, count)) == best


def test_what_is_wide_enough_stays():
    assert narrowed((784, 300, 10), 784 * 300 + 3000) == (784, 300, 10)


def test_impossible_counts_and_shapes_are_named():
    with pytest.raises(InfeasibleTopologyError, match="num_edges=793 is not from 794 to 238200"):
        narrowed((784, 300, 10), 793)
    with pytest.raises(InfeasibleTopologyError, match="num_edges=238201"):
        narrowed((784, 300, 10), 238201)
    with pytest.raises(InvalidTopologyError, match="no hidden layer"):
        narrowed((784, 10), 100)
