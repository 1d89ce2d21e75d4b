"""Small worlds, receptive fields, scale-free and correlated junctions: their limits, their laws, their counts."""

import networkx
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from gossamer import generators as gen
from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError
from gossamer.generators.scalefree import preferential_attachment

UNTIMED = settings(deadline=None, max_examples=40)


def rng(seed=0):
    return np.random.default_rng(seed)


def windows(I, O, k):
    """The published lattice: output j reads k inputs from int(j * I / O - k / 2) on, on a ring."""
    mask = np.zeros((O, I), dtype=bool)
    for j in range(O):
        mask[j, (int(np.floor(j * I / O - k / 2)) + np.arange(k)) % I] = True
    return mask


@pytest.mark.parametrize(("I", "O", "k"), [(12, 12, 3), (12, 18, 4), (30, 10, 7), (5, 3, 5), (7, 4, 0)])
def test_without_rewiring_a_small_world_is_its_lattice(I, O, k):
    assert np.array_equal(gen.small_world(I, O, k * O, rewiring=0.0, rng=rng()).to_mask(), windows(I, O, k))


def test_the_share_of_moved_edges_is_beta():
    lattice = windows(300, 300, 20)
    for beta in (0.1, 0.5):
        stayed = (gen.small_world(300, 300, 6000, rewiring=beta, rng=rng()).to_mask() & lattice).sum()
        by_chance = beta * 6000 * (6000 * beta) / (90_000 - 6000 * (1 - beta))  # dropped and grown again
        expected = (1 - beta) * 6000 + by_chance
        assert abs(stayed - expected) < 5 * np.sqrt(6000 * beta * (1 - beta))


def test_full_rewiring_is_uniform():
    seen = {gen.small_world(2, 2, 2, rewiring=1.0, rng=rng(seed)) for seed in range(200)}
    assert len(seen) == 6


def test_a_local_receptive_field_holds_the_nearest():
    mask = gen.receptive_field(5, 20, 25, r=0.0, rng=rng()).to_mask().T
    for i, row in enumerate(mask):
        assert set(np.flatnonzero(row)) == {(4 * i + d) % 20 for d in (-2, -1, 0, 1, 2)}


def test_receptive_fields_follow_their_law_of_distance():
    # One pick a neuron: the frequency of distance d is proportional to (1 + d)^-((1 - r) / r), twice for both sides.
    r, size = 0.4, 41
    distances = []
    for seed in range(200):
        inputs, outputs = gen.receptive_field(size, size, size, r=r, rng=rng(seed)).edges()
        apart = np.abs(inputs.astype(int) - outputs)
        distances.append(np.minimum(apart, size - apart))
    observed = np.bincount(np.concatenate(distances), minlength=21)
    weight = (1.0 + np.arange(21)) ** (-(1 - r) / r) * np.where(np.arange(21) == 0, 1, 2)
    assert scipy.stats.chisquare(observed, weight / weight.sum() * observed.sum()).pvalue > 1e-4


def test_a_receptive_field_with_r_1_is_uniform():
    columns = np.zeros(30)
    for seed in range(100):
        columns += gen.receptive_field(30, 30, 150, r=1.0, rng=rng(seed)).to_mask().sum(axis=1)
    assert scipy.stats.chisquare(columns).pvalue > 1e-4


def test_the_smaller_side_picks_evenly():
    assert gen.receptive_field(10, 30, 65, r=0.25, rng=rng()).fan_out.tolist().count(7) == 5
    assert set(gen.receptive_field(30, 10, 65, r=0.25, rng=rng()).fan_in.tolist()) == {6, 7}


def test_a_planar_field_without_randomness_holds_the_nearest_of_all_channels():
    mask = gen.planar_field(3 * 36, 3 * 36, 3 * 108, r=0.0, rng=rng()).to_mask()
    assert np.array_equal(mask, np.tile(np.eye(36, dtype=bool), (3, 3)))


def test_a_planar_field_follows_its_law_of_distance_in_the_plane():
    # One pick of the one output in the middle of 7 by 5 pixels.
    r, image = 0.3, (1, 7, 5)
    picks = [gen.planar_field(35, 1, 1, r=r, rng=rng(seed), image=image).edges()[0][0] for seed in range(4000)]
    rows, columns = np.divmod(np.arange(35), 5)
    place = np.array([1 / 1.324717957244746, 1 / 1.324717957244746**2]) * (7, 5)
    weight = (1 + np.hypot(rows + 0.5 - place[0], columns + 0.5 - place[1])) ** (-(1 - r) / r)
    assert scipy.stats.chisquare(np.bincount(picks, minlength=35), weight / weight.sum() * 4000).pvalue > 1e-4


def test_hidden_neurons_are_spread_over_the_image_and_read_patches():
    image, hidden = (3, 20, 30), 500
    mask = gen.planar_field(1800, hidden, 12 * hidden, r=0.0, rng=rng(), image=image).to_mask().reshape(hidden, *image)
    pixels = mask.any(axis=1)
    rows, columns = pixels.any(axis=2).sum(axis=1), pixels.any(axis=1).sum(axis=1)
    assert rows.max() <= 4  # 12 values are 4 pixels in 3 colours, or parts of a few more
    assert columns.max() <= 4
    assert pixels.any(axis=0).all()
    between = gen.planar_field(hidden, hidden, hidden, r=0.0, rng=rng(), image=image)
    assert np.array_equal(between.to_mask(), np.eye(hidden, dtype=bool))


@pytest.mark.parametrize("wrong", [{"image": 3}, {"image": (3, 4)}, {"image": (1, 0, 4)}, {"r": 1.5}])
def test_what_a_planar_field_cannot_be_is_told(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        gen.planar_field(16, 4, 8, **{"r": 0.1, "rng": rng()} | wrong)


def test_places_are_coordinates_of_as_many_dimensions():
    good = np.zeros((3, 2))
    with pytest.raises(InvalidTopologyError, match=r"in_places has 2 coordinates a neuron and out_places 1"):
        gen.spatial(good, good[:, :1], 3, r=0.1, rng=rng())
    with pytest.raises(InvalidTopologyError, match=r"out_places\[1\] is \[nan, 0.0\]"):
        gen.spatial(good, [[0, 0], [np.nan, 0]], 3, r=0.1, rng=rng())
    with pytest.raises(InvalidTopologyError, match="in_places cannot be read as numbers"):
        gen.spatial([["left"]], good, 3, r=0.1, rng=rng())
    with pytest.raises(InvalidTopologyError, match=r"shape \(3,\)"):
        gen.spatial(good[:, 0], good, 3, r=0.1, rng=rng())


@UNTIMED
@given(st.integers(2, 12), st.data())
def test_preferential_attachment_spends_exactly_on_a_simple_graph(nodes, data):
    count = data.draw(st.integers(0, nodes * (nodes - 1) // 2))
    ends = preferential_attachment(nodes, count, rng=rng(data.draw(st.integers(0, 99))))
    assert len({tuple(sorted(edge)) for edge in ends.tolist()}) == count
    assert (ends[:, 0] > ends[:, 1]).all()


def test_preferential_attachment_has_the_degrees_of_barabasi_and_albert():
    # The theory: P(degree = k) = 2 m (m + 1) / (k (k + 1) (k + 2)).
    m, nodes = 2, 4000
    degree = np.bincount(preferential_attachment(nodes, m * nodes - m * (m + 1) // 2, rng=rng()).ravel())
    for k in (2, 3, 4, 5):
        expected = 2 * m * (m + 1) / (k * (k + 1) * (k + 2))
        assert abs((degree == k).mean() - expected) < 5 * np.sqrt(expected / nodes)


def test_scale_free_junctions_have_hubs_and_random_ones_have_not():
    hubs = gen.scale_free(500, 500, 3000, rng=rng())
    plain = gen.erdos_renyi(500, 500, 3000, rng=rng())
    assert hubs.num_edges == 3000
    assert hubs.fan_in.max() > 2 * plain.fan_in.max()
    assert hubs.fan_out.max() > 2 * plain.fan_out.max()
    assert networkx.is_bipartite(hubs.to_networkx())


@UNTIMED
@given(st.integers(1, 8), st.integers(1, 8), st.data())
def test_scale_free_spends_exactly_even_where_hubs_do_not_fit(I, O, data):
    count = data.draw(st.integers(0, I * O))
    assert gen.scale_free(I, O, count, rng=rng(data.draw(st.integers(0, 9)))).num_edges == count


def by_correlation(data, O, count):
    I = data.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        strength = np.abs(np.nan_to_num(np.corrcoef(data.T)))
    np.fill_diagonal(strength, 0)
    strength = np.tile(strength, (O // I + 1, 1))[:O]
    return strength, np.sort(strength.ravel())[::-1][count - 1]


@pytest.mark.parametrize("O", [6, 4, 12, 15])
def test_correlated_junctions_keep_the_strongest_pairs(O):
    data = rng(3).normal(size=(50, 6)) @ rng(4).normal(size=(6, 6))
    data[:, 2] = 7.0  # never varies
    strength, least = by_correlation(data, O, 11)
    mask = gen.correlated(data, O, 11).to_mask()
    assert mask.sum() == 11
    assert strength[mask].min() >= least - 1e-9
    assert not mask[:, 2].any()
    assert mask[strength > least + 1e-9].all()


def test_correlated_refuses_what_it_cannot_use():
    data = rng().normal(size=(20, 3))
    with pytest.raises(InfeasibleTopologyError, match="num_edges=7 exceeds the 6 pairs whose correlation"):
        gen.correlated(data, 3, 7)
    with pytest.raises(InvalidTopologyError, match=r"data\[1, 2\]=nan is not finite"):
        gen.correlated(np.array([[0, 1, 2.0], [1, 2, np.nan]]), 3, 1)
    with pytest.raises(InvalidTopologyError, match=r"data has shape \(3,\)"):
        gen.correlated(np.zeros(3), 3, 1)
    assert gen.correlated(data, 3, 0).num_edges == 0


def test_a_scale_free_junction_whose_hubs_cannot_fit_is_not_searched_for(monkeypatch):
    monkeypatch.setattr("gossamer.generators.scalefree.make_simple", None)
    assert gen.scale_free(97, 89, 8632, rng=rng()).num_edges == 8632
