"""Junctions near others."""

import itertools

import numpy as np
import pytest

import gossamer as gs
from gossamer.errors import InfeasibleTopologyError
from gossamer.generators import erdos_renyi, perturbed


def test_as_many_edges_move_as_asked():
    rng = np.random.default_rng(0)
    g = erdos_renyi(30, 20, 150, rng=rng)
    for count in (0, 1, 40, 150):
        moved = perturbed(g, count, rng=rng)
        assert moved.num_edges == 150
        assert (moved.to_mask() & g.to_mask()).sum() == 150 - count


def test_every_neighbour_in_a_small_world_is_as_likely():
    g = gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 0]])
    rng = np.random.default_rng(1)
    found = [perturbed(g, 1, rng=rng).digest() for _ in range(1800)]
    mask, expected = g.to_mask(), set()
    for gone, new in itertools.product(np.argwhere(mask), np.argwhere(~mask)):
        other = mask.copy()
        other[tuple(gone)], other[tuple(new)] = False, True
        expected.add(gs.Bipartite.from_mask(other).digest())
    counts = [found.count(digest) for digest in expected]
    assert sum(counts) == 1800 and len(counts) == 9
    assert min(counts) > 140 and max(counts) < 260  # 200 expected, standard deviation 13


def test_what_cannot_move_is_refused():
    g = gs.Bipartite.from_mask([[1, 1], [1, 0]])
    with pytest.raises(InfeasibleTopologyError, match="num_moved=2 is too many"):
        perturbed(g, 2, rng=np.random.default_rng(0))
