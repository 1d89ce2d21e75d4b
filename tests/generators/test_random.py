"""The random junctions: exact counts, uniform draws."""

import itertools
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from gossamer import generators as gen
from gossamer.generators.subsets import draw_subsets


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(9, 12), st.integers(0, 2**32))
def test_subsets_have_their_sizes_in_ascending_order(counts, size, seed):
    keys = draw_subsets(np.array(counts), size, np.random.default_rng(seed))
    assert np.all(np.diff(keys) > 0)
    assert np.bincount(keys // size, minlength=len(counts)).tolist() == counts


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_all_subsets_are_equally_likely(count):
    keys = draw_subsets(np.full(8000, count), 5, np.random.default_rng(count))
    seen = Counter(map(tuple, (keys % 5).reshape(8000, count).tolist()))
    subsets = list(itertools.combinations(range(5), count))
    assert set(seen) == set(subsets)
    assert len(subsets) == 1 or scipy.stats.chisquare([seen[s] for s in subsets]).pvalue > 1e-4


def test_all_graphs_of_a_2x3_junction_are_equally_likely():
    rng = np.random.default_rng(1)
    seen = Counter(gen.erdos_renyi(2, 3, 3, rng=rng) for _ in range(4000))
    assert len(seen) == 20
    assert scipy.stats.chisquare(list(seen.values())).pvalue > 1e-4


def test_the_count_of_bernoulli_is_binomial():
    rng = np.random.default_rng(2)
    counts = [gen.bernoulli(3, 4, 1.5, rng=rng).num_edges for _ in range(4000)]
    expected = scipy.stats.binom.pmf(np.arange(13), 12, 1.5 / 4) * 4000
    head, tail = slice(1, 9), expected[9:].sum() + expected[0]
    observed = np.bincount(counts, minlength=13)
    test = scipy.stats.chisquare([*observed[head], observed[9:].sum() + observed[0]], [*expected[head], tail])
    assert test.pvalue > 1e-4


def test_fan_in_of_regular_random_is_binomial():
    fan_in = gen.regular_random(4000, 1000, 5, rng=np.random.default_rng(3)).fan_in
    assert fan_in.sum() == 20_000
    assert abs(fan_in.var() / (20 * (1 - 5 / 1000)) - 1) < 0.2


def test_a_million_neurons_need_no_dense_matrix():
    g = gen.regular_random(1_000_000, 1_000_000, 1, rng=np.random.default_rng(4))
    assert g.num_edges == 1_000_000
    assert gen.erdos_renyi(1_000_000, 1_000_000, 1000, rng=np.random.default_rng(5)).num_edges == 1000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: gen.erdos_renyi(784, 1000, 900_000, rng=r), "num_edges=900000 exceeds the 784000 pairs of a 784"),
        (lambda r: gen.erdos_renyi(2, 2, -1, rng=r), "num_edges=-1 is not allowed: it must be at least 0"),
        (lambda r: gen.erdos_renyi(0, 2, 1, rng=r), "in_features=0 is not allowed"),
        (lambda r: gen.erdos_renyi(2, 0, 1, rng=r), "out_features=0 is not allowed"),
        (lambda r: gen.erdos_renyi(10**6, 10**6, 2**31, rng=r), "2147483648 edges are too many"),
        (lambda r: gen.bernoulli(2, 2, 0.0, rng=r), "degree=0.0 is not allowed: it must be above 0"),
        (lambda r: gen.bernoulli(2, 2, 2.5, rng=r), "degree=2.5 exceeds the 2 outputs"),
        (lambda r: gen.bernoulli(2, 2, float("nan"), rng=r), "degree=nan is not allowed"),
        (lambda r: gen.regular_random(2, 3, 4, rng=r), "degree=4 exceeds the 3 outputs of a 2 x 3 junction"),
        (lambda r: gen.regular_random(2, 3, 0, rng=r), "degree=0 is not allowed: it must be at least 1"),
        (lambda r: gen.regular_random(2**30, 3, 2, rng=r), "2147483648 edges are too many"),
        (lambda r: gen.constant_fan_in(2, 3, 3, rng=r), "fan_in=3 exceeds the 2 inputs of a 2 x 3 junction"),
        (lambda r: gen.fibonacci(2, 3, 4), "degree=4 exceeds the 3 outputs"),
        (lambda r: gen.fibonacci(2, 3, 2, span=4), "span=4 is not allowed: it must be from 0 to 3"),
        (lambda r: gen.dense(2**16, 2**16), "4294967296 edges are too many"),
    ],
)
def test_impossible_sizes_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
