"""Whole topologies out of one generator."""

import numpy as np
import pytest

import gossamer as gs
from gossamer import generators as gen
from gossamer.errors import InvalidTopologyError


def test_every_junction_gets_its_size():
    t = gen.layered((20, 30, 10), gen.regular_random, (4, 2), rng=np.random.default_rng(0))
    assert t.widths == (20, 30, 10)
    assert t[0].fan_out.tolist() == [4] * 20
    assert t[1].fan_out.tolist() == [2] * 30


def test_budgets_are_spent_exactly():
    widths = (784, 300, 100, 10)
    counts = gen.budgets.erdos_renyi(widths, 0.05)
    t = gen.layered(widths, gen.erdos_renyi, counts, rng=np.random.default_rng(0))
    assert tuple(layer.num_edges for layer in t) == counts
    assert t.num_edges == gen.budgets.total_edges([784 * 300, 300 * 100, 100 * 10], 0.05)


def test_none_is_fully_connected():
    t = gen.layered((7, 9, 3), gen.fibonacci, (3, None))
    assert isinstance(t[0], gs.Rotated)
    assert t[1].to_mask().all()


def test_sizes_must_fit_the_widths():
    with pytest.raises(InvalidTopologyError, match="sizes has 1 entries for 2 junctions"):
        gen.layered((7, 9, 3), gen.fibonacci, (3,))
    with pytest.raises(InvalidTopologyError, match="has 1 entries; a network has at least two"):
        gen.layered((7,), gen.fibonacci, ())
