"""Solvers: the same minimum, with the ties of scipy or with a proof."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import gossamer as gs
from gossamer import native
from gossamer.distances import Approximate, Exact, InsufficientMemoryError, ScipyOrder, kernels, nnstd, ram
from gossamer.distances.candidates import equal_neurons
from gossamer.distances.neurons import NeuronSets
from gossamer.distances.overlap import JaccardCosts

needs_native = pytest.mark.skipif(native.extension is None, reason="the native extension is not installed")


def jaccard(a, b):
    """The definition, on masks (O, I), pair by pair."""
    union, shared = (a | b).sum(), (a & b).sum()
    return (union - shared) / union if union else 0.0


def weighted_jaccard(a, b):
    larger = np.maximum(a, b).sum()
    return 1 - np.minimum(a, b).sum() / larger if larger else 0.0


def costs_of(a, b):
    return JaccardCosts(NeuronSets.of(gs.Bipartite.from_mask(a)), NeuronSets.of(gs.Bipartite.from_mask(b)))


@st.composite
def mask_pairs(draw):
    outputs, inputs = draw(st.integers(1, 12)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    density = draw(st.sampled_from([0, 0.1, 0.3, 0.6, 1]))
    return rng.random((outputs, inputs)) < density, rng.random((outputs, inputs)) < density


@pytest.fixture(params=[True, False], ids=["native", "scipy"])
def backend(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(native, "extension", None)
    elif native.extension is None:
        pytest.skip("the native extension is not installed")


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("density", [0, 0.1, 0.5, 1])
def test_costs_are_the_definition(density):
    rng = np.random.default_rng(1)
    a, b = rng.random((7, 9)) < density, rng.random((5, 9)) < density
    expected = [[jaccard(x, y) for y in b] for x in a]
    costs = costs_of(a, b)
    assert costs.dense().tolist() == expected
    rows, columns = np.array([0, 6, 2, 2]), np.array([4, 0, 1, 1])
    assert costs.at(rows, columns).tolist() == [expected[i][j] for i, j in zip(rows, columns, strict=True)]


@pytest.mark.usefixtures("backend")
def test_weighted_costs_are_the_definition():
    rng = np.random.default_rng(2)
    a, b = (rng.normal(size=(6, 8)) * (rng.random((6, 8)) < 0.4) for _ in "ab")
    sets = [NeuronSets.of(gs.Bipartite.from_mask(m != 0), m[m != 0]) for m in (a, b)]
    expected = np.array([[weighted_jaccard(abs(x), abs(y)) for y in b] for x in a])
    assert np.allclose(JaccardCosts(*sets).dense(), expected, rtol=0, atol=1e-14)
    rows, columns = np.arange(6), np.arange(6)[::-1]
    assert np.allclose(JaccardCosts(*sets).at(rows, columns), expected[rows, columns], rtol=0, atol=1e-14)


@needs_native
@pytest.mark.parametrize("levels", [1, 2, 3, 20, 10**6])
@pytest.mark.parametrize("n", [1, 2, 7, 64, 65, 200])
def test_dense_solver_breaks_ties_as_scipy(n, levels):
    rng = np.random.default_rng(n)
    for _ in range(5):
        costs = rng.integers(0, levels, (n, n)) / 7
        assert kernels.assign_dense(costs).tolist() == linear_sum_assignment(costs)[1].tolist()


@settings(deadline=None)
@given(mask_pairs())
def test_every_solver_finds_the_minimum(pair):
    costs = costs_of(*pair)
    dense, rows = costs.dense(), np.arange(len(pair[0]))
    best = dense[linear_sum_assignment(dense)].sum()
    for solver in (ScipyOrder(), Exact(), Exact(candidates=1), Approximate(candidates=1), Approximate(1, rounds=2)):
        columns, gap = solver.match(costs)
        assert sorted(columns) == rows.tolist()
        total = dense[rows, columns].sum()
        assert best - 1e-9 <= total <= best + gap + 1e-9
        if not isinstance(solver, Approximate):
            assert gap == 0
            assert abs(total - best) < 1e-9


@pytest.mark.parametrize("density", [0.004, 0.02, 0.2])
def test_exact_solver_on_a_wide_layer(density):
    rng = np.random.default_rng(3)
    a, b = rng.random((400, 300)) < density, rng.random((400, 300)) < density
    b[:40] = a[100:140]
    costs = costs_of(a, b)
    dense = costs.dense()
    columns, gap = Exact(candidates=4).match(costs)
    assert gap == 0
    assert dense[np.arange(400), columns].sum() == pytest.approx(dense[linear_sum_assignment(dense)].sum(), abs=1e-9)


def test_equal_neurons_are_matched_once():
    a, b = np.array([[1, 0], [1, 0], [0, 0], [1, 1]]), np.array([[1, 0], [1, 1], [0, 1], [0, 0]])
    match = equal_neurons(*(NeuronSets.of(gs.Bipartite.from_mask(m)) for m in (a, b)))
    assert match.tolist() == [0, -1, 3, 1]


def test_a_model_far_too_large_is_refused_with_the_figure(monkeypatch):
    monkeypatch.setattr(ram, "available_bytes", lambda: 2**20)
    wide = gs.Topology([gs.Rotated([0], in_features=1000, out_features=1000)])
    with pytest.raises(InsufficientMemoryError, match=r"1000 x 1000 neurons needs 0\.00745 GiB, but 0\.000977 GiB"):
        nnstd(wide, wide)
    if native.extension is not None:
        assert nnstd(wide, wide, solver=Exact()).mean == 0  # equal neurons need no candidates
        other = gs.Topology([gs.Rotated([0, 3], in_features=1000, out_features=1000)])
        with pytest.raises(InsufficientMemoryError, match="matching 1000 neurons by 32 candidates"):
            nnstd(wide, other, solver=Exact())


def test_memory_is_known_or_not_asked_for(monkeypatch, tmp_path):
    assert ram.available_bytes() > 2**20
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    monkeypatch.setattr(ram, "_CGROUP", tmp_path)
    assert ram.available_bytes() == 600
    monkeypatch.setattr(ram, "available_bytes", lambda: None)
    ram.require_memory(2**80, "all there is")
