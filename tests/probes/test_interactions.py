"""NID and PID against the fixtures, against brute force over all sets, and what they promise of sparse networks."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import gossamer as gs
from gossamer.errors import InvalidTopologyError
from gossamer.probes.contributions import MOST_SETS

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes"
needs_fixtures = pytest.mark.skipif(not (FIXTURES / "nid.json").exists(), reason=f"the fixtures are not at {FIXTURES}")
HAND = [np.array([[3.0, 2.0, 0.5], [0.1, -1.0, 1.0]]), np.array([[2.0, -1.0]])]
DETECTORS = [gs.probes.nid, gs.probes.pid]


def fixture(name):
    with np.load(FIXTURES / "nid.npz") as arrays:
        weights = [arrays[key] for key in arrays if key.startswith(f"{name}/W")]
    return json.loads((FIXTURES / "nid.json").read_text())[name], weights


def as_sets(listed):
    return {tuple(features): strength for features, strength in listed}


@needs_fixtures
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, scipy.sparse.coo_matrix])
@pytest.mark.parametrize("name", ["hand_3_2_1", "rand_5_7_4_1"])
def test_nid_of_the_authors(name, form):
    expected, weights = fixture(name)
    weights = [form(w) for w in weights]
    assert dict(gs.probes.nid(weights)) == pytest.approx(as_sets(expected["pairwise"]), rel=1e-12)
    ranked = gs.probes.nid(weights, None).top(100)
    assert [features for features, _ in ranked] == list(as_sets(expected["anyorder"]))
    assert dict(ranked) == pytest.approx(as_sets(expected["anyorder"]), rel=1e-12)


@needs_fixtures
@pytest.mark.parametrize("name", ["hand_3_2_1", "rand_5_7_4_1"])
def test_pid_is_our_stated_reading(name):
    expected, weights = fixture(name)
    expected = expected["pid_own_reading_NOT_REFERENCE"]
    assert dict(gs.probes.pid(weights)) == pytest.approx(as_sets(expected["pairwise_p2"]), rel=1e-12)
    assert dict(gs.probes.pid(weights, None)) == pytest.approx(as_sets(expected["anyorder_p2"]), rel=1e-12)


def some_network(seed, density=0.5, widths=(6, 8, 5, 2)):
    rng = np.random.default_rng(seed)
    shapes = itertools.pairwise(widths)
    return [rng.normal(size=(O, I)) * (rng.random((O, I)) < density) for I, O in shapes]


def nid_by_definition(weights, order):
    z = np.ones((1, len(weights[-1])))
    for w in weights[:0:-1]:
        z = z @ abs(w)
    sets = itertools.combinations(range(weights[0].shape[1]), order)
    return {s: float(z[0] @ abs(weights[0])[:, list(s)].min(axis=1)) for s in sets}


def capacity(weights):
    """Max-min products, dense."""
    total = weights[0]
    for w in weights[1:]:
        total = np.minimum(w[:, :, None], total[None]).max(axis=1)
    return total


def pid_by_definition(weights, order, layer, p):
    peak = max(abs(w).max() for w in weights)
    scaled = [abs(w) / peak for w in weights]
    B, t = capacity(scaled[: layer + 1]), capacity(scaled[layer + 1 :]).max(axis=0)
    sets = itertools.combinations(range(B.shape[1]), order)
    return {s: float((np.minimum(B[:, list(s)].min(axis=1), t) ** p).sum() ** (1 / p)) for s in sets}


@pytest.mark.parametrize("order", [2, 3, 4, 6])
@pytest.mark.parametrize("density", [0.2, 0.5, 1.0])
def test_sets_of_any_size_by_the_definitions(order, density):
    weights = some_network(1, density)
    assert dict(gs.probes.nid(weights, order)) == pytest.approx(nid_by_definition(weights, order), abs=1e-12)
    for layer, p in ((0, 2.0), (1, 1.0)):
        expected = pid_by_definition(weights, order, layer, p)
        assert dict(gs.probes.pid(weights, order, layer=layer, p=p)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("detector", DETECTORS)
def test_one_output_is_a_network_of_its_own(detector):
    weights = some_network(2)
    single = [*weights[:-1], weights[-1][1:]]
    assert dict(detector(weights, output=1)) == dict(detector(single))


def test_a_model_is_its_weights():
    weights = some_network(3)
    model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask(w != 0) for w in weights]))
    for layer, w in zip(model, weights, strict=True):
        layer.adopt(layer.topology(), layer.weight.new_tensor(w[w != 0]))
    assert dict(gs.probes.nid(model)) == pytest.approx(dict(gs.probes.nid(weights)), rel=1e-5)


@given(st.integers(0, 1000), st.floats(0, 0.5))
def test_births_and_deaths_are_stable(seed, size):
    """The capacity of every path, so every pair's birth at every unit, moves at most by the largest change of a w'."""
    rng = np.random.default_rng(seed)
    weights = [rng.uniform(0, 1, size=(4, 5)), rng.uniform(0, 1, size=(1, 4))]
    weights[1][0, 0] = 1.0
    moved = [np.clip(w + rng.uniform(-size, size, w.shape), 0, 1) for w in weights]
    moved[1][0, 0] = 1.0
    change = max(abs(a - b).max() for a, b in zip(weights, moved, strict=True))
    before, after = gs.probes.pid(weights), gs.probes.pid(moved)
    # The 2-norm over 4 units moves at most by sqrt(4) times the largest move of one.
    assert max(abs(before[s] - after[s]) for s in before) <= 2 * change + 1e-12


@pytest.mark.parametrize("detector", DETECTORS)
def test_disconnected_features_have_strength_0_and_are_named(detector):
    weights = some_network(4, density=1.0)
    weights[0][:, 1] = 0
    weights[0][:-1, 4] = 0  # feature 4 feeds the last unit alone, which feeds nobody
    weights[1][:, -1] = 0
    found = detector(weights)
    assert found.disconnected == (1, 4)
    assert all((found[s] == 0) == bool({1, 4} & set(s)) for s in found)
    assert found.record()["disconnected_features"] == 2
    assert dict(detector([np.zeros((3, 2)), np.ones((1, 3))])) == {(0, 1): 0.0}


def test_wide_sparse_layers_are_never_dense():
    rng = np.random.default_rng(5)
    shapes = [(20_000, 30_000), (1, 20_000)]
    weights = [scipy.sparse.random_array(shape, density=1e-4, rng=rng, format="csr") for shape in shapes]
    weights[1] = scipy.sparse.csr_array(np.ones(shapes[1]))
    features, strength = gs.probes.nid(weights).top(1)[0]
    column = weights[0][:, list(features)].toarray()
    assert strength == pytest.approx(column.min(axis=1).sum())


class TestMapping:
    found = gs.probes.nid(HAND)

    def test_sets_are_looked_up_in_any_order(self):
        assert self.found[1, 0] == self.found[0, 1] == pytest.approx(4.1)

    @pytest.mark.parametrize("key", [(0,), (0, 0), (0, 3), (-1, 0), (0, 1, 2), "ab", 5, None])
    def test_what_is_no_pair_is_no_key(self, key):
        assert key not in self.found

    def test_any_order_lists_candidates_of_several_sizes(self):
        found = gs.probes.nid(HAND, None)
        assert dict(found) == pytest.approx({(0, 1): 4.0, (0, 1, 2): 1.1})
        assert (1, 2) not in found and len(found) == 2

    def test_ties_are_ranked_by_their_features(self):
        found = gs.probes.nid([np.ones((1, 4)), np.ones((1, 1))])
        assert found.top(2) == [((0, 1), 1.0), ((0, 2), 1.0)]
        assert len(found.top(99)) == 6

    def test_the_matrix_is_symmetric(self):
        expected = [[0, 4.1, 1.1], [4.1, 0, 2.0], [1.1, 2.0, 0]]
        np.testing.assert_allclose(self.found.matrix(), expected)
        with pytest.raises(ValueError, match="order=3"):
            gs.probes.nid(HAND, 3).matrix()

    @pytest.mark.parametrize("order", [2, 3, None])
    def test_it_prints_and_plots(self, order):
        found = gs.probes.nid(HAND, order)
        assert found.equation in str(found) and "top_1" in str(found)
        assert "NID" in found.plot().get_title()


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize(
    ("weights", "options", "words"),
    [
        ([np.ones((1, 3))], {}, "0 hidden layers"),
        ([np.ones((2, 1)), np.ones((1, 2))], {}, "1 feature"),
        ([np.array([[np.inf, 1]]), np.ones((1, 1))], {}, "contains inf"),
        (HAND, {"order": 4}, "order=4"),
        (HAND, {"order": 1}, "order=1"),
        (HAND, {"output": 1}, "output=1"),
    ],
)
def test_bad_input_is_refused_in_words(detector, weights, options, words):
    with pytest.raises((InvalidTopologyError, ValueError)) as error:
        detector(weights, **options)
    assert words in str(error.value)


def test_too_many_sets_are_refused_with_their_number():
    with pytest.raises(ValueError, match=rf"order=10: the units combine 1.73e\+13 sets of inputs; {MOST_SETS}"):
        gs.probes.nid([np.ones((1, 100)), np.ones((1, 1))], 10)


@pytest.mark.parametrize(("options", "words"), [({"layer": 1}, "layer=1"), ({"p": 0.5}, "p=0.5")])
def test_pid_refuses_its_own_options(options, words):
    with pytest.raises(ValueError, match=words):
        gs.probes.pid(HAND, **options)
