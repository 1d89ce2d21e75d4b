"""Edge switches: degrees stay, edges move, and every graph with those degrees is reached."""

import itertools
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import gossamer as gs
from gossamer import generators as gen
from gossamer.errors import ConvergenceError
from gossamer.generators.switching import has_simple_graph, make_simple

UNTIMED = settings(deadline=None, max_examples=40)


@UNTIMED
@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(0, 2**32))
def test_degrees_are_kept_and_edges_stay_simple(I, O, density, seed):
    rng = np.random.default_rng(seed)
    g = gen.erdos_renyi(I, O, round(density * I * O), rng=rng)
    h = gen.switched(g, 5, rng=rng)
    assert h.fan_in.tolist() == g.fan_in.tolist()
    assert h.fan_out.tolist() == g.fan_out.tolist()
    assert gen.switched(g, 0, rng=rng) == g


def test_all_90_graphs_of_degree_2_on_4x4_are_equally_likely():
    # 90 is the number of 4x4 binary matrices with all line sums 2 (OEIS A001499).
    rng = np.random.default_rng(0)
    start = gen.rotating_contiguous(4, 4, 2)
    seen = Counter(gen.switched(start, 25, rng=rng) for _ in range(1350))
    assert len(seen) == 90
    assert scipy.stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_all_6_graphs_of_degree_2_on_3x3_are_drawn():
    rng = np.random.default_rng(0)
    assert len({gen.biregular(3, 3, 2, rng=rng) for _ in range(200)}) == 6


def test_degrees_that_no_simple_graph_has_are_noticed():
    inputs, outputs = np.array([0, 0, 0]), np.array([0, 0, 1])  # three edges of one input to two outputs
    with pytest.raises(ConvergenceError, match="1 of 3 edges are there twice"):
        make_simple(inputs, outputs, in_features=1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("generator", [gen.biregular, gen.rolled_permutations])
def test_every_small_biregular_junction_is_biregular(generator):
    rng = np.random.default_rng(0)
    for I in range(1, 8):
        for O in range(1, 8):
            for k in range(1, O + 1):
                if (I * k) % O:
                    continue
                g = generator(I, O, k, rng=rng)
                assert g.fan_out.tolist() == [k] * I
                assert g.fan_in.tolist() == [I * k // O] * O


@pytest.mark.parametrize("generator", [gen.biregular, gen.rolled_permutations, gen.ramanujan])
def test_uneven_degrees_name_the_nearest(generator):
    with pytest.raises(gs.errors.InfeasibleTopologyError, match=r"784 x 1000 junction that they can are 125 and 250"):
        generator(784, 1000, 130, rng=np.random.default_rng(0))


def test_windows_of_rolled_permutations_are_windows():
    # Square and coprime: all windows of one permutation, so consecutive outputs of the permutation share k - 1 inputs.
    g = gen.rolled_permutations(7, 7, 3, rng=np.random.default_rng(0))
    overlaps = g.to_mask().astype(int) @ g.to_mask().T.astype(int)
    assert np.sort(overlaps, axis=1).tolist() == [[0, 0, 1, 1, 2, 2, 3]] * 7


def test_a_million_edges_are_no_trouble():
    g = gen.biregular(50_000, 50_000, 20, rng=np.random.default_rng(0))
    assert set(g.fan_in.tolist()) == set(g.fan_out.tolist()) == {20}


def test_degrees_have_a_simple_graph_exactly_if_a_mask_has_them():
    shape = (3, 4)
    masks = np.array(list(itertools.product((0, 1), repeat=12))).reshape(-1, *shape)
    made = {(tuple(mask.sum(0)), tuple(mask.sum(1))) for mask in masks}
    for fan_out in itertools.product(range(4), repeat=4):
        for fan_in in itertools.product(range(6), repeat=3):
            if sum(fan_out) == sum(fan_in):
                assert has_simple_graph(np.array(fan_out), np.array(fan_in)) == ((fan_out, fan_in) in made)
