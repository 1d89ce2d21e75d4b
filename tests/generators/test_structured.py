"""Blocks, butterflies, N of M, radix systems, relational graphs, profiles: what defines each."""

import itertools
import math

import networkx
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import gossamer as gs
from gossamer import generators as gen
from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError

UNTIMED = settings(deadline=None, max_examples=40)
SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=4)


def rng(seed=0):
    return np.random.default_rng(seed)


@UNTIMED
@given(SIZES, SIZES, st.data())
def test_blowing_up_is_repeating_rows_and_columns(inputs_each, outputs_each, data):
    bits = data.draw(st.lists(st.booleans(), min_size=len(inputs_each) * len(outputs_each), max_size=16))
    mask = np.array(bits[: len(inputs_each) * len(outputs_each)]).reshape(len(outputs_each), len(inputs_each))
    g = gen.blown_up(gs.Bipartite.from_mask(mask), inputs_each, outputs_each)
    assert np.array_equal(g.to_mask(), np.repeat(np.repeat(mask, outputs_each, axis=0), inputs_each, axis=1))


def test_a_kronecker_product_with_ones():
    small = gen.erdos_renyi(3, 4, 5, rng=rng())
    assert np.array_equal(gen.blown_up(small, 2, 3).to_mask(), np.kron(small.to_mask(), np.ones((3, 2), dtype=bool)))


def test_block_random_is_made_of_whole_blocks():
    g = gen.block_random(12, 8, 2, block_size=4, rng=rng())
    blocks = g.to_mask().reshape(2, 4, 3, 4).sum(axis=(1, 3))
    assert set(blocks.ravel().tolist()) == {0, 16}
    assert (blocks > 0).sum(axis=1).tolist() == [2, 2]


@pytest.mark.parametrize(("n", "m"), [(1, 4), (2, 4), (3, 4), (1, 1), (8, 8)])
def test_n_of_every_m(n, m):
    mask = gen.n_of_m(16, 5, n, m=m, rng=rng()).to_mask()
    assert (mask.reshape(5, 16 // m, m).sum(axis=2) == n).all()


@pytest.mark.parametrize("blocks", [1, 2, 8, 24])
def test_butterfly_joins_blocks_at_powers_of_two(blocks):
    for factors in range(int(math.log2(blocks & -blocks)) + 1):
        mask = gen.butterfly(2 * blocks, 3 * blocks, factors, blocks=blocks).to_mask()
        for i, j in itertools.product(range(2 * blocks), range(3 * blocks)):
            apart = (i // 2) ^ (j // 3)
            assert mask[j, i] == (apart == 0 or apart in [2**t for t in range(factors)])


def test_all_factors_of_a_butterfly_reach_everything():
    # Products of the butterfly's log2(n) factors are full; so is the flat butterfly applied log2(n) times.
    adjacency = gen.butterfly(16, 16, 4, blocks=16).to_mask().astype(int)
    assert (np.linalg.matrix_power(adjacency, 4) > 0).all()
    assert not (np.linalg.matrix_power(adjacency, 3) > 0).all()


def paths(topology):
    product = np.eye(topology.widths[0], dtype=np.int64)
    for layer in topology:
        product = layer.to_mask().astype(np.int64) @ product
    return product


@pytest.mark.parametrize("system", [(2,), (5,), (2, 2, 2), (3, 2), (2, 3, 4), (6, 5)])
def test_a_full_radix_system_has_one_path_for_every_pair(system):
    t = gen.radix_net([system])
    assert t.widths == (math.prod(system),) * (len(system) + 1)
    assert all(isinstance(layer, gs.Rotated) for layer in t)
    assert (paths(t) == 1).all()
    assert t.num_edges == math.prod(system) * sum(system)


def test_path_counts_of_several_systems_and_widths():
    # Two systems on 6 nodes and a last one whose product divides 6; counts multiply by inner widths and by 6 a system.
    t = gen.radix_net([(2, 3), (3, 2)], widths=(1, 2, 1, 3, 1))
    assert t.widths == (6, 12, 6, 18, 6)
    assert (paths(t) == 2 * 6 * 3).all()
    last = gen.radix_net([(2, 3), (3,)])
    assert (paths(last) == 3).all()


def test_a_radix_junction_is_a_sum_of_rolled_identities():
    t = gen.radix_net([(3, 4)])
    for layer, (radix, place) in zip(t, [(3, 1), (4, 3)], strict=True):
        expected = sum(np.roll(np.eye(12, dtype=int), -j * place, axis=1) for j in range(radix))
        assert np.array_equal(layer.to_mask().T, expected)  # rows of the paper's matrices are inputs


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gen.radix_net([]), "has an empty part"),
        (lambda: gen.radix_net([(2, 2), ()]), "has an empty part"),
        (lambda: gen.radix_net([(2, 1)]), "radix=1 is not allowed"),
        (lambda: gen.radix_net([(2, 2), (3,)]), "has product 3; system 0 has 4, and it must be a divisor of it"),
        (lambda: gen.radix_net([(2, 2), (2,), (4,)]), "has product 2; system 0 has 4, and it must be the same"),
        (lambda: gen.radix_net([(2, 2)], widths=(1, 1)), "widths has 2 entries for 3 layers"),
        (
            lambda: gen.block_random(12, 8, 1, block_size=8, rng=rng()),
            "block_size=8 does not divide in_features=12.* 4",
        ),
        (lambda: gen.block_random(12, 8, 4, block_size=4, rng=rng()), "blocks=4 exceeds the 3 blocks of 4"),
        (lambda: gen.n_of_m(10, 8, 1, m=4, rng=rng()), "m=4 does not divide in_features=10; .* fits is 2"),
        (lambda: gen.n_of_m(8, 8, 5, m=4, rng=rng()), "n=5 exceeds m=4"),
        (lambda: gen.butterfly(12, 12, 3, blocks=12), "factors=3 is too many for 12 blocks; 2 is the most"),
        (lambda: gen.butterfly(12, 10, 1, blocks=4), "blocks=4 does not divide out_features=10"),
        (lambda: gen.blown_up(gen.dense(2, 2), [1, 2, 3], 1), r"inputs_each=\[1, 2, 3\] is not allowed"),
        (lambda: gen.blown_up(gen.dense(2, 2), 0, 1), r"inputs_each=\[0, 0\] is not allowed"),
        (lambda: gen.relational(4, 4, np.ones((5, 5))), "graph has 5 groups; a 4 x 4 junction has at most 4"),
        (lambda: gen.relational(4, 4, [[0, 1], [0, 0]]), r"graph of shape \(2, 2\) is not symmetric"),
        (lambda: gen.ws_flex(4, 3.5, rewiring=0, rng=rng()), "degree=3.5 exceeds the 3 other nodes"),
        (lambda: gen.ws_flex(4, 2, rewiring=2, rng=rng()), "rewiring=2.0 is not allowed"),
        (lambda: gen.profiled(5, 4, 3, profile=gen.LogNormal(1), rng=rng()), "num_edges=3 leaves .* 4 is the least"),
        (lambda: gen.profiled(5, 4, 9, profile=lambda n: np.zeros(n), rng=rng()), "did not make 4 positive finite"),
        (lambda: gen.LogNormal(-1), "sigma=-1.0 is not allowed"),
        (lambda: gen.PowerLaw(1.0), "exponent=1.0 is not allowed"),
    ],
)
def test_impossible_parameters_are_refused(call, message):
    with pytest.raises((InfeasibleTopologyError, InvalidTopologyError, ValueError), match=message):
        call()


def test_radices_come_in_systems():
    with pytest.raises(TypeError, match=r"systems\[0\]=2 is int, not a sequence of radices"):
        gen.radix_net([2, 2])


@pytest.mark.parametrize(("groups", "degree"), [(1, 0), (6, 2), (7, 4), (8, 7), (9, 2.7), (16, 3.5)])
def test_an_unrewired_ws_flex_is_a_ring_lattice(groups, degree):
    graph = gen.ws_flex(groups, degree, rewiring=0, rng=rng())
    assert np.array_equal(graph, graph.T)
    assert not graph.diagonal().any()
    assert graph.sum() == 2 * int(groups * degree / 2)
    if degree % 2 == 0 and groups > 1:
        lattice = networkx.to_numpy_array(networkx.watts_strogatz_graph(groups, degree, 0))
        assert np.array_equal(graph, lattice)


def test_rewiring_keeps_the_edge_count():
    graph = gen.ws_flex(20, 4, rewiring=0.7, rng=rng())
    assert graph.sum() == 80
    assert not np.array_equal(graph, gen.ws_flex(20, 4, rewiring=0, rng=rng()))


def test_relational_junctions_repeat_their_graph():
    graph = gen.ws_flex(5, 2, rewiring=0.5, rng=rng())
    t = gen.layered((10, 15, 5), gen.relational, [graph, graph])
    with_self = graph | np.eye(5, dtype=bool)
    assert np.array_equal(t[0].to_mask(), np.kron(with_self, np.ones((3, 2), dtype=bool)))
    assert np.array_equal(t[1].to_mask(), np.kron(with_self, np.ones((1, 3), dtype=bool)))
    assert gen.relational(11, 7, graph).out_features == 7


@pytest.mark.parametrize("profile", [gen.LogNormal(0.5), gen.LogNormal(1.5), gen.PowerLaw(2.2), gen.PowerLaw(4)])
def test_profiles_are_the_quantiles_of_their_distributions(profile):
    counts = profile(1000)
    quantiles = (np.arange(1000) + 0.5) / 1000
    if isinstance(profile, gen.LogNormal):
        expected = scipy.stats.lognorm.ppf(quantiles, profile.sigma)
    else:
        expected = scipy.stats.pareto.ppf(quantiles, profile.exponent - 1)
    assert np.allclose(counts, expected)


@UNTIMED
@given(st.integers(1, 20), st.integers(1, 20), st.floats(0, 1), st.floats(0, 3))
def test_profiled_spends_exactly_and_leaves_no_output_dead(I, O, share, sigma):
    count = O + round(share * (I * O - O))
    g = gen.profiled(I, O, count, profile=gen.LogNormal(sigma), rng=rng())
    assert g.num_edges == count
    assert g.fan_in.min() >= 1
    assert sorted(g.fan_in.tolist()) == g.fan_in.tolist() or sigma < 0.3  # rounding may swap near-equal ones


def test_an_even_profile_is_constant_fan_in():
    assert gen.profiled(30, 10, 50, profile=gen.LogNormal(0), rng=rng()).fan_in.tolist() == [5] * 10
