"""What ties can do to NNSTD, and the variant that does without."""

import json

import numpy as np
import pytest
from tests.distances.worlds import greedy_values, joint_minimum, random_topology, shuffled

import gossamer as gs
from gossamer.distances import canonical_form, nnstd, relabelled, symmetric_nnstd, tie_bounds, tie_spread

SMALL = [((3, 3, 3, 2), 0.3), ((2, 4, 3), 0.4), ((4, 3, 2, 2), 0.6), ((1, 3, 3), 0.5)]
SPARSE = [((64, 50, 50, 10), 0.02), ((64, 50, 50, 10), 0.01), ((20, 30, 25, 5), 0.05), ((200, 150, 150, 10), 0.02)]


def small_pairs():
    for seed in range(6):
        for widths, density in SMALL:
            rng = np.random.default_rng(seed)
            yield random_topology(widths, density, rng), random_topology(widths, density, rng)


def test_bounds_hold_every_choice_of_optimal_matches():
    for a, b in small_pairs():
        values = np.array(sorted(greedy_values(a, b)))
        for alternatives in (0, 1, 4, 10_000):
            bounds = tie_bounds(a, b, alternatives=alternatives)
            assert (bounds.lower <= values.min(axis=0) + 1e-9).all()
            assert (bounds.upper >= values.max(axis=0) - 1e-9).all()
        # 10,000 follow them all, so that the bounds are attained
        assert np.allclose(bounds.lower, values.min(axis=0), atol=1e-9)
        assert np.allclose(bounds.upper, values.max(axis=0), atol=1e-9)


def test_bounds_hold_the_authors_values_and_their_spread(authors):
    a, b, expected = authors
    bounds = tie_bounds(a, b)
    values = [expected.get("per_layer_distance", expected.get("dist"))]
    if "tie_spread" in expected:
        values += [expected["tie_spread"]["per_layer_min"], expected["tie_spread"]["per_layer_max"]]
    for value in values:
        assert (bounds.lower - 1e-9 <= value).all()
        assert (value <= bounds.upper + 1e-9).all()
    assert bounds.mean == (np.mean(bounds.lower), np.mean(bounds.upper))


def test_without_ties_the_bounds_are_the_value():
    rng = np.random.default_rng(0)
    a, b = (random_topology((200, 150, 150, 10), 0.4, rng) for _ in "ab")
    bounds = tie_bounds(a, b)
    assert bounds.undetermined.tolist() == [0, 0, 0]
    assert np.allclose(bounds.lower, nnstd(a, b).per_layer, atol=1e-9)
    assert np.allclose(bounds.upper, bounds.lower, atol=1e-9)


def test_random_draws_stay_within_the_bounds():
    rng = np.random.default_rng(1)
    a = random_topology((20, 30, 25, 5), 0.08, rng)
    b = random_topology((20, 30, 25, 5), 0.08, rng)
    drawn, proven = tie_spread(a, b, 10, rng=rng), tie_bounds(a, b)
    assert drawn.lower[0] == pytest.approx(drawn.upper[0], abs=1e-12)
    assert drawn.upper[1] > drawn.lower[1] + 1e-3  # the trap exists
    assert (proven.lower - 1e-9 <= drawn.lower).all()
    assert (drawn.upper <= proven.upper + 1e-9).all()


@pytest.mark.parametrize(("widths", "density"), [*SMALL, *SPARSE])
def test_relabelled_networks_have_one_canonical_form(widths, density):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        t = random_topology(widths, density, rng)
        form, twin = canonical_form(t), canonical_form(shuffled(t, rng))
        assert form.certified
        assert twin.certified
        assert form.topology == twin.topology == relabelled(t, form.orders)


def test_regular_networks_that_colours_cannot_tell_apart():
    # A ring of 6 + 6 neurons and two of 3 + 3: every neuron has two edges each way and all colours are equal.
    def ring(lengths):
        mask, start = np.zeros((6, 6)), 0
        for n in lengths:
            for j in range(n):
                mask[start + j, start + j] = mask[start + j, start + (j + 1) % n] = 1
            start += n
        return gs.Topology([gs.Bipartite.from_mask(np.zeros((6, 2))), gs.Bipartite.from_mask(mask)])

    one, two = ring([6]), ring([3, 3])
    rng = np.random.default_rng(0)
    for t in (one, two):
        assert symmetric_nnstd(t, shuffled(t, rng)).mean == 0
    apart = symmetric_nnstd(one, two)
    assert apart.isomorphic is False
    assert apart.mean > 0


def test_without_budget_nothing_is_claimed():
    t = gs.Topology([gs.Bipartite.from_mask(np.zeros((5, 2))), gs.Bipartite.from_mask(np.eye(5))])
    assert canonical_form(t).certified
    assert not canonical_form(t, budget=1).certified
    other = gs.Topology(
        [gs.Bipartite.from_mask(np.zeros((5, 2))), gs.Bipartite.from_mask(np.roll(np.eye(5), 1, 0) * 0)]
    )
    assert symmetric_nnstd(t, other, budget=1).isomorphic is None


@pytest.mark.parametrize(("widths", "density"), SPARSE)
def test_isomorphic_networks_are_at_distance_zero(widths, density):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        t = random_topology(widths, density, rng)
        twin = shuffled(t, rng)
        d = symmetric_nnstd(t, twin)
        assert d.isomorphic is True
        assert d.mean == 0
        assert relabelled(twin, d.orders) == t


def test_the_fixture_of_isomorphic_networks_scores_zero():
    from tests.distances.conftest import FOLDER, load_pair

    if not FOLDER.exists():
        pytest.skip(f"no fixtures in {FOLDER}")
    a, b, expected = load_pair("sp_isomorphic_d02")
    assert expected["nnstd_mean"] > 0
    assert symmetric_nnstd(a, b).mean == symmetric_nnstd(b, a).mean == 0
    assert json.dumps(tie_bounds(a, b).lower.tolist()) == "[0.0, 0.0, 0.0]"


@pytest.mark.parametrize(("widths", "density"), SPARSE)
def test_symmetric_and_blind_to_labels_to_the_last_bit(widths, density):
    rng = np.random.default_rng(7)
    a, b = random_topology(widths, density, rng), random_topology(widths, density, rng)
    d = symmetric_nnstd(a, b, sweeps=2)
    for x, y in ((b, a), (shuffled(a, rng), b), (shuffled(b, rng), shuffled(a, rng))):
        assert symmetric_nnstd(x, y, sweeps=2).per_layer.tolist() == d.per_layer.tolist()


def test_the_answer_is_what_its_match_gives_and_bounds_the_least():
    for a, b in list(small_pairs())[:12]:
        d, least = symmetric_nnstd(a, b), joint_minimum(a, b)
        laid_over = relabelled(b, d.orders)
        given = [
            np.mean([_jaccard(x, y) for x, y in zip(g.to_mask(), h.to_mask(), strict=True)])
            for g, h in zip(a, laid_over, strict=True)
        ]
        assert np.allclose(d.per_layer, given, atol=1e-12)
        assert d.lower.mean() - 1e-12 <= least <= d.mean + 1e-12
        assert (d.mean == 0) == (least == 0) == d.isomorphic


def _jaccard(a, b):
    union = (a | b).sum()
    return (a ^ b).sum() / union if union else 0.0
