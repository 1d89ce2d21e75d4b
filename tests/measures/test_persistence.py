"""Persistence against the fixtures of the authors' published code, hand values, and brute force."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from gossamer import measures
from gossamer.measures import kernels

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures" / "probes"
needs_fixtures = pytest.mark.skipif(
    not (FIXTURES / "neural_persistence.json").exists(), reason=f"the fixtures are not at {FIXTURES}"
)
NAMES = [
    "tiny2x2",
    "ties_ones3x4",
    "zeros_block4x4",
    "single_edge1x1",
    "mlp_normal_8_6_4_2",
    "sparse_er_density0.5",
    "sparse_er_density0.05",
    "mask01_er_density0.2",
]


def fixture(name):
    expected = json.loads((FIXTURES / "neural_persistence.json").read_text())[name]
    with np.load(FIXTURES / "neural_persistence.npz") as arrays:
        # The fixtures' rows are inputs; ours are outputs.
        return expected, [arrays[f"{name}/{layer}"].T for layer in expected["layers"]]


@needs_fixtures
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array, scipy.sparse.coo_matrix])
@pytest.mark.parametrize("name", NAMES)
def test_neural_persistence_of_the_authors(name, form):
    expected, weights = fixture(name)
    result = measures.neural_persistence([form(w) for w in weights])
    layers = list(expected["layers"].values())
    np.testing.assert_allclose(result.totals, [layer["total_persistence"] for layer in layers], rtol=0, atol=1e-12)
    normalised = [layer["total_persistence_normalized"] for layer in layers]
    np.testing.assert_allclose(result.per_layer, normalised, rtol=0, atol=1e-12)
    assert result.mean == pytest.approx(expected["global_mean_normalized"], abs=1e-12)
    if "variance" in expected:
        assert result.weight_variance == pytest.approx(expected["variance"], abs=1e-12)


@needs_fixtures
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("ties_ones3x4", "single_edge1x1")])
def test_deep_graph_persistence_of_the_authors(name):
    expected, weights = fixture(name)
    result = measures.deep_graph_persistence([scipy.sparse.csr_array(w) for w in weights])
    assert result.total == pytest.approx(expected["dgp"]["dnp_exact"], abs=1e-12)
    assert result.normalised == pytest.approx(expected["dgp"]["dnp_exact_norm"], abs=1e-12)
    assert result.unscaled_total == pytest.approx(expected["dgp"]["dnp_prev"], abs=1e-12)
    assert result.unscaled_normalised == pytest.approx(expected["dgp"]["dnp_prev_norm"], abs=1e-12)


def test_hand_values():
    result = measures.neural_persistence([[[0.5, 0.2], [1.0, 0.4]]])
    assert result.totals[0] == pytest.approx(math.sqrt(1 + 0.5**2 + 0.6**2), abs=1e-15)
    constant = measures.neural_persistence([np.full((3, 5), -0.7)])
    assert constant.totals == (1.0,)
    assert constant.weight_variance == pytest.approx(0, abs=1e-30)
    assert measures.neural_persistence([np.zeros((2, 3))]).totals[0] == pytest.approx(math.sqrt(5))


@given(st.integers(1, 6), st.integers(1, 6), st.randoms(use_true_random=False))
def test_a_mask_has_the_root_of_its_components(inputs, outputs, random):
    import gossamer as gs

    mask = np.array([[random.random() < 0.4 for _ in range(inputs)] for _ in range(outputs)], dtype=float)
    expected = math.sqrt(measures.components(gs.Bipartite.from_mask(mask)))
    assert measures.neural_persistence([mask]).totals[0] == pytest.approx(expected, abs=1e-12)


def dense_standardised(matrix, support):
    entries = matrix if support == "all" else matrix[matrix != 0]
    if not entries.size or entries.std() == 0:
        return np.zeros_like(matrix)
    standard = np.abs(matrix - entries.mean()) / entries.std()
    return standard if support == "all" else np.where(matrix != 0, standard, 0.0)


@pytest.mark.parametrize("support", ["all", "edges"])
@pytest.mark.parametrize("density", [0.05, 0.3, 0.9, 1.0])
def test_deep_graph_persistence_is_the_persistence_of_the_max_min_product(support, density):
    rng = np.random.default_rng(0)
    widths = [7, 9, 5, 6]
    weights = [rng.normal(0.3, 1, (O, I)) * (rng.random((O, I)) < density) for I, O in itertools.pairwise(widths)]
    layers = [dense_standardised(w, support) for w in weights]
    peak = max(layer.max() for layer in layers)
    S = layers[0] / peak
    for layer in layers[1:]:
        S = np.minimum(layer[:, :, None] / peak, S[None]).max(axis=1)
    result = measures.deep_graph_persistence(weights, support=support)
    assert result.total == pytest.approx(measures.neural_persistence([S]).totals[0], abs=1e-12)


@given(st.integers(1, 8), st.integers(0, 14), st.randoms(use_true_random=False))
def test_the_native_forest_is_that_of_scipy(nodes, edges, random):
    pairs = sorted({tuple(sorted(random.choices(range(nodes), k=2))) for _ in range(edges)})
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    first, second = (np.array([pair[end] for pair in pairs], dtype=np.int32) for end in (0, 1))
    order = np.array(random.sample(range(len(pairs)), len(pairs)), dtype=np.int64)
    by_scipy = kernels._spanning_forest_by_scipy(nodes, first, second, order)
    assert kernels.spanning_forest(nodes, first, second, order).tolist() == by_scipy.tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.neural_persistence([]), "weights is empty"),
        (lambda: measures.neural_persistence([np.ones(3)]), r"weights\[0\] has shape \(3,\)"),
        (lambda: measures.neural_persistence([np.ones((0, 3))]), r"weights\[0\] has shape \(0, 3\)"),
        (lambda: measures.neural_persistence([[[1.0, np.inf]]]), r"weights\[0\] contains inf"),
        (lambda: measures.deep_graph_persistence([np.ones((2, 3)), np.ones((1, 3))]), "they must be equal"),
        (lambda: measures.deep_graph_persistence([np.ones((2, 3))], support="edge"), "Did you mean edges"),
    ],
)
def test_bad_weights(call, message):
    with pytest.raises(ValueError, match=message):
        call()
