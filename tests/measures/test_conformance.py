"""What every measure owes: its range, one answer for one graph, and none that depends on how neurons are numbered."""

import itertools
import math

import numpy as np
import pytest

import gossamer as gs
from gossamer import measures
from gossamer.measures import MEASURES, registry
from gossamer.measures.folding import layers_of


def network(rng, widths, density):
    return gs.Topology([gs.Bipartite.from_mask(rng.random((O, I)) < density) for I, O in itertools.pairwise(widths)])


def worlds():
    """Graphs of every kind: no edge, one neuron a side, dense, disconnected, rotated, deep, beyond the dense limit."""
    rng = np.random.default_rng(0)
    return {
        "single edge": gs.Bipartite.from_mask([[1]]),
        "single pair": gs.Bipartite.from_mask([[0]]),
        "no edge": gs.Bipartite.from_mask(np.zeros((3, 4))),
        "star": gs.Bipartite.from_mask(np.ones((1, 6))),
        "dense": gs.Bipartite.from_mask(np.ones((5, 4))),
        "two halves": gs.Rotated([0, 2], in_features=4, out_features=4),
        "rotated": gs.Rotated([0, 1, 5], in_features=11, out_features=7),
        "turning": gs.Rotated([0, 1, 3], in_features=14, out_features=7),
        "random": gs.Bipartite.from_mask(rng.random((9, 12)) < 0.3),
        "network": network(rng, [6, 8, 5, 3], 0.4),
        "thin network": network(rng, [5, 4, 4, 3], 0.1),
        "large": gs.Bipartite.from_mask(rng.random((420, 450)) < 0.05),
    }


WORLDS = worlds()


def weights_for(g, rng):
    arrays = [rng.normal(size=layer.num_edges) for layer in layers_of(g)]
    return arrays[0] if isinstance(g, gs.Junction) else arrays


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("world", WORLDS)
def test_a_measure_stays_in_its_range(name, world):
    g, measure = WORLDS[world], MEASURES[name]
    value = measure(g, weights_for(g, np.random.default_rng(1)))
    assert isinstance(value, (int, float))
    if isinstance(value, float) and math.isnan(value):
        assert measure.may_be_undefined
    else:
        assert measure.low <= value <= measure.high


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("shape", [(2, 2), (2, 3)])
def test_every_small_graph_has_a_value(name, shape):
    measure = MEASURES[name]
    for bits in itertools.product([0, 1], repeat=shape[0] * shape[1]):
        g = gs.Bipartite.from_mask(np.reshape(bits, shape))
        value = measure(g, np.linspace(-1, 2, g.num_edges))
        assert measure.may_be_undefined or not math.isnan(value)
        assert math.isnan(value) or measure.low <= value <= measure.high


STORAGE = {"storage_bytes", "storage_ratio"}


@pytest.mark.parametrize("name", [name for name in MEASURES if name not in STORAGE])
@pytest.mark.parametrize("world", ["two halves", "rotated", "turning"])
def test_a_closed_form_is_the_answer_for_the_same_edges_written_out(name, world):
    g = WORLDS[world]
    weights = np.random.default_rng(2).normal(size=g.num_edges)
    assert same(MEASURES[name](g, weights), MEASURES[name](g.to_bipartite(), weights))


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "mixing_slack"])
@pytest.mark.parametrize("world", ["random", "network", "thin network"])
def test_numbering_does_not_matter(name, world):
    rng = np.random.default_rng(3)
    layers = layers_of(WORLDS[world])
    matrices = [layer.to_scipy(w).toarray() for layer, w in zip(layers, as_list(layers, rng), strict=True)]
    orders = [rng.permutation(width) for width in [layers[0].in_features, *(g.out_features for g in layers)]]
    shuffled = [m[after][:, before] for m, (before, after) in zip(matrices, itertools.pairwise(orders), strict=True)]
    values = []
    for made in (matrices, shuffled):
        topology = gs.Topology([gs.Bipartite.from_mask(m != 0) for m in made])
        values.append(MEASURES[name](topology, [m[m != 0] for m in made]))
    assert same(*values)


def as_list(layers, rng):
    return [rng.uniform(0.5, 2, size=layer.num_edges) for layer in layers]


@pytest.mark.parametrize("name", MEASURES)
def test_a_junction_is_a_network_of_one_layer(name):
    g = WORLDS["random"]
    weights = np.random.default_rng(4).normal(size=g.num_edges)
    assert same(MEASURES[name](g, weights), MEASURES[name](gs.Topology([g]), [weights]))


def test_the_table_says_what_it_skipped(monkeypatch):
    t = WORLDS["network"]
    rows = measures.measure_all(t)
    assert {row.scope for row in rows} == {"layer 0", "layer 1", "layer 2", "network"}
    assert {row.measure for row in rows} == {name for name, m in MEASURES.items() if not m.needs_weights}
    assert all(row.skipped is None for row in rows)
    assert {row.measure for row in measures.measure_all(t, weights_for(t, np.random.default_rng(5)))} == set(MEASURES)
    big = gs.Rotated([0, 1, 2], in_features=5000, out_features=4999)
    (row,) = measures.measure_all(big, names=["kirchhoff_index"])
    assert row.value is None
    assert row.skipped == "too large: 5e+03 neurons a side exceed 4.1e+03"


def test_the_table_reports_what_did_not_converge(monkeypatch):
    monkeypatch.setattr("gossamer.measures.eigensolver.MOST_STEPS", 3)
    (row,) = measures.measure_all(WORLDS["large"], names=["spectral_gap"])
    assert row.value is None
    assert row.skipped.startswith("did not converge: lambda_2: after 3 Lanczos steps the residual is")


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(ValueError, match=r"no measure 'lambda'.*algebraic_connectivity"):
        measures.measure_all(WORLDS["dense"], names=["lambda"])
    with pytest.raises(TypeError, match="weights=None: log_synflow is a measure of weights"):
        MEASURES["log_synflow"](WORLDS["dense"])


def test_costs_are_finite_and_known():
    for measure in MEASURES.values():
        assert measure.cost in registry.COSTS
        assert measure.cost.work(WORLDS["network"]) >= 0
