"""Every distance keeps the promises of its entry in DISTANCES: on all graphs of a 2 x 2 junction and on random ones."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.distances.worlds import every_2x2, every_match, random_topology, shuffled

import gossamer as gs
from gossamer.distances import (
    DISTANCES,
    degree_sequence,
    distance_named,
    edge_hamming,
    edge_jaccard,
    edge_overlap,
    edit_bounds,
    nnstd,
    relabelled,
    spectral,
)
from gossamer.distances.edits import edits
from gossamer.errors import InvalidTopologyError

ROUNDING = 1e-12
every_distance = pytest.mark.parametrize("distance", DISTANCES, ids=[d.name for d in DISTANCES])


@st.composite
def triples(draw):
    widths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    density = draw(st.sampled_from([0, 0.02, 0.3, 0.7, 1]))
    return [random_topology(widths, density, rng) for _ in range(3)], rng


@functools.cache
def table_of_2x2(distance):
    return np.array([[distance(a, b) for b in every_2x2()] for a in every_2x2()])


def check_axioms(distance, a, b, c):
    ab = distance(a, b)
    assert isinstance(ab, float)
    assert 0 <= ab <= 1 + ROUNDING
    if distance.symmetric:
        assert abs(distance(a, a)) <= ROUNDING
        assert distance(b, a) == pytest.approx(ab, abs=ROUNDING)
    if distance.triangle:
        assert distance(a, c) <= ab + distance(b, c) + ROUNDING
    if distance.separates:
        assert (ab == 0) == (a == b)


@every_distance
def test_axioms_on_every_graph_of_a_2x2_junction(distance):
    worlds, table = every_2x2(), table_of_2x2(distance)
    assert table.min() >= 0
    assert table.max() <= 1 + ROUNDING
    assert np.abs(np.diag(table)).max() <= ROUNDING
    assert np.abs(table - table.T).max() <= ROUNDING  # without hidden layers even nnstd is symmetric
    if distance.triangle:
        assert (table[:, None, :] <= table[:, :, None] + table[None] + ROUNDING).all()
    if distance.separates:
        assert (np.argwhere(table == 0) == np.arange(16)[:, None]).all()
    if distance.ignores_labels:
        for a, b in itertools.combinations(range(16), 2):
            assert distance(relabelled(worlds[a], [None, [1, 0]]), worlds[b]) == pytest.approx(
                table[a, b], abs=ROUNDING
            )


@every_distance
def test_what_a_distance_does_not_promise_it_does_not_keep(distance):
    """A promise withheld without need would hide a stronger distance: some triple breaks it."""
    table = table_of_2x2(distance)
    if not distance.separates:
        assert (table == 0).sum() > 16
    if distance.name == "edge-overlap":
        assert (table[:, None, :] > table[:, :, None] + table[None] + 0.1).any()


@every_distance
@settings(deadline=None, max_examples=25)
@given(triples())
def test_axioms_on_random_networks(distance, given_triple):
    (a, b, c), rng = given_triple
    check_axioms(distance, a, b, c)
    if distance.ignores_labels:
        assert distance(shuffled(a, rng), shuffled(b, rng)) == pytest.approx(distance(a, b), abs=ROUNDING)


@every_distance
def test_networks_that_cannot_be_compared_are_refused(distance):
    two, three = every_2x2()[5], gs.Topology([gs.Bipartite.from_mask(np.ones((3, 2)))])
    with pytest.raises(InvalidTopologyError, match="layer 1 has 2 neurons in one topology and 3 in the other"):
        distance(two, three)
    with pytest.raises(InvalidTopologyError, match="1 and 2 junctions"):
        distance(two, gs.Topology([two[0], two[0]]))


@every_distance
def test_one_neuron_and_no_edges(distance):
    empty = gs.Topology([gs.Bipartite.from_mask([[0]])])
    full = gs.Topology([gs.Bipartite.from_mask([[1]])])
    assert distance(empty, empty) == distance(full, full) == 0
    assert distance(empty, full) == (0 if distance.name == "edge-overlap" else 1)


def test_names_are_unique_and_known():
    assert len({d.name for d in DISTANCES}) == len(DISTANCES)
    assert all(distance_named(d.name) is d and d.blind_to for d in DISTANCES)
    with pytest.raises(ValueError, match=r"there is no distance 'hamming': nnstd, .* Did you mean edge-hamming"):
        distance_named("hamming")


@given(triples())
@settings(deadline=None, max_examples=60)
def test_edge_distances_are_the_formulas_on_masks(given_triple):
    (a, b, _), _ = given_triple
    x, y = (np.concatenate([g.to_mask().ravel() for g in t]) for t in (a, b))
    union, shared, smaller = (x | y).sum(), (x & y).sum(), min(x.sum(), y.sum())
    assert edge_jaccard(a, b) == pytest.approx(1 - shared / union if union else 0)
    assert edge_hamming(a, b) == pytest.approx((x ^ y).mean())
    assert edge_overlap(a, b) == pytest.approx(1 - shared / smaller if smaller else 0)


@given(triples())
@settings(deadline=None, max_examples=60)
def test_spectral_and_degrees_against_their_definitions(given_triple):
    (a, b, _), _ = given_triple
    terms, degrees = [], []
    for g, h in zip(a, b, strict=True):
        x, y = (np.array(t.to_mask(), float) for t in (g, h))
        # singular values are the square roots of the eigenvalues of the Gram matrix
        s, t = (np.sqrt(np.maximum(np.linalg.eigvalsh(m @ m.T)[::-1], 0)) for m in (x, y))
        terms.append(((s - t) ** 2).sum() / x.size)
        assert np.sqrt(terms[-1]) <= np.sqrt(np.abs(x - y).mean()) + 1e-6  # Mirsky
        degrees += [np.abs(np.sort(x.sum(k)) - np.sort(y.sum(k))).mean() / x.shape[k] for k in (0, 1)]
    assert spectral(a, b) == pytest.approx(np.sqrt(np.mean(terms)), abs=1e-6)
    assert degree_sequence(a, b) == pytest.approx(np.mean(degrees), abs=1e-12)


def test_edit_bounds_hold_the_least_number_of_edits():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        widths, density = [((3, 3, 2), 0.4), ((2, 3, 3), 0.5), ((3, 2, 3, 2), 0.6)][seed % 3]
        a, b = random_topology(widths, density, rng), random_topology(widths, density, rng)
        least = min(edits(a, relabelled(b, orders)) for orders in every_match(b))
        bounds = edit_bounds(a, b)
        assert bounds.lower <= least <= bounds.upper
        assert (bounds.upper == 0) == (least == 0)


def test_nnstd_of_a_single_junction_obeys_the_triangle_inequality():
    worlds = every_2x2()
    table = np.array([[nnstd(a, b).mean for b in worlds] for a in worlds])
    assert (table[:, None, :] <= table[:, :, None] + table[None] + ROUNDING).all()
