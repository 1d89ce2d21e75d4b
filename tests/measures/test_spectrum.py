"""Spectral measures against dense LAPACK, networkx, every small graph, and the figures of the founding pilot."""

import itertools

import mpmath
import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gossamer as gs
from gossamer import measures
from gossamer.errors import ConvergenceError
from gossamer.measures import eigensolver


@st.composite
def masks(draw, most=9):
    shape = draw(st.tuples(st.integers(1, most), st.integers(1, most)))
    bits = draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.array(bits).reshape(shape)


@st.composite
def rotated(draw):
    outputs = draw(st.integers(1, 9))
    offsets = draw(st.lists(st.integers(0, outputs - 1), min_size=1, max_size=outputs, unique=True))
    inputs = draw(st.one_of(st.integers(1, 25), st.integers(1, 3).map(lambda turns: turns * outputs)))
    return gs.Rotated(offsets, in_features=inputs, out_features=outputs)


def every_mask(outputs, inputs):
    for bits in itertools.product([False, True], repeat=outputs * inputs):
        yield np.array(bits).reshape(outputs, inputs)


def dense_adjacency(matrix):
    O, I = matrix.shape
    return np.block([[np.zeros((I, I)), matrix.T], [matrix, np.zeros((O, O))]])


def dense_laplacian(matrix):
    adjacency = dense_adjacency(np.asarray(matrix, dtype=float))
    return np.diag(adjacency.sum(0)) - adjacency


def check_spectrum(g, mask):
    """Every spectral measure of `g` against dense LAPACK on its mask, and networkx."""
    eigenvalues = np.linalg.eigvalsh(dense_laplacian(mask))
    singular = np.linalg.svd(mask.astype(float), compute_uv=False)
    second = singular[1] if len(singular) > 1 else 0.0
    nonzero = eigenvalues[eigenvalues > 1e-9]
    graph = networkx.from_numpy_array(dense_adjacency(mask.astype(float)))

    assert measures.components(g) == networkx.number_connected_components(graph)
    assert measures.components(g) == np.count_nonzero(eigenvalues <= 1e-9)
    assert measures.algebraic_connectivity(g) == pytest.approx(eigenvalues[1], abs=1e-9)
    assert (measures.algebraic_connectivity(g) > 0) is networkx.is_connected(graph)
    assert measures.spectral_gap(g) == pytest.approx(nonzero[0] if len(nonzero) else 0.0, abs=1e-9)
    np.testing.assert_allclose(measures.laplacian_eigenvalues(g), eigenvalues, atol=1e-9)
    np.testing.assert_allclose(measures.singular_values(g), singular, atol=1e-9)
    assert measures.spectral_radius(g) == pytest.approx(singular[0], abs=1e-9)
    assert measures.adjacency_gap(g) == pytest.approx(singular[0] - second, abs=1e-9)
    bound = sum(max(mask.sum(axis).mean() - 1, 0) ** 0.5 for axis in (0, 1))
    assert measures.ramanujan_margin(g) == pytest.approx(bound - second, abs=1e-9)

    expected = 0.0
    if mask.any():
        live = networkx.normalized_laplacian_matrix(graph.subgraph([n for n, d in graph.degree if d])).toarray()
        expected = min(1.0, np.linalg.eigvalsh(live)[1])
    assert measures.normalised_gap(g) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2)])
def test_every_graph_of_a_small_junction(shape):
    for mask in every_mask(*shape):
        check_spectrum(gs.Bipartite.from_mask(mask), mask)


@given(masks())
def test_graphs_of_any_shape(mask):
    check_spectrum(gs.Bipartite.from_mask(mask), mask)


@given(rotated())
def test_rotated_junctions_by_closed_form_or_not(g):
    check_spectrum(g, g.to_mask())


@pytest.mark.parametrize("offsets", [[0], [0, 1], [1, 3], [0, 2, 4], [0, 1, 2, 3, 5]])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_whole_turns_of_a_rotated_junction(offsets, turns):
    g = gs.Rotated(offsets, in_features=6 * turns, out_features=6)
    check_spectrum(g, g.to_mask())


@given(masks(), st.randoms(use_true_random=False))
def test_weights_act_by_their_absolute_values(mask, random):
    g = gs.Bipartite.from_mask(mask)
    weights = np.array([random.choice([-2.0, -0.5, 0.0, 0.25, 3.0]) for _ in range(g.num_edges)])
    matrix = np.abs(g.to_scipy(weights).toarray())
    eigenvalues = np.linalg.eigvalsh(dense_laplacian(matrix))
    nonzero = eigenvalues[eigenvalues > 1e-9]
    assert measures.algebraic_connectivity(g, weights) == pytest.approx(eigenvalues[1], abs=1e-9)
    assert measures.spectral_gap(g, weights) == pytest.approx(nonzero[0] if len(nonzero) else 0.0, abs=1e-9)
    singular = np.linalg.svd(matrix, compute_uv=False)
    np.testing.assert_allclose(measures.singular_values(g, weights), singular, atol=1e-9)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 5), min_size=3, max_size=5), st.randoms(use_true_random=False))
def test_a_network_is_the_graph_of_all_its_neurons(widths, random):
    pairs = itertools.pairwise(widths)
    layers = [np.array([[random.random() < 0.6 for _ in range(I)] for _ in range(O)]) for I, O in pairs]
    t = gs.Topology(map(gs.Bipartite.from_mask, layers))
    starts = np.concatenate([[0], np.cumsum(widths)])
    adjacency = np.zeros((sum(widths),) * 2)
    for number, mask in enumerate(layers):
        rows, columns = starts[number + 1], starts[number]
        adjacency[rows : rows + mask.shape[0], columns : columns + mask.shape[1]] = mask
    adjacency += adjacency.T
    eigenvalues = np.linalg.eigvalsh(np.diag(adjacency.sum(0)) - adjacency)
    np.testing.assert_allclose(measures.laplacian_eigenvalues(t), eigenvalues, atol=1e-9)
    assert measures.algebraic_connectivity(t) == pytest.approx(eigenvalues[1], abs=1e-9)
    assert measures.components(t) == np.count_nonzero(eigenvalues < 1e-9)
    assert measures.spectral_radius(t) == pytest.approx(np.linalg.eigvalsh(adjacency)[-1], abs=1e-9)


def test_a_dense_graph_has_the_textbook_spectrum():
    g = gs.Bipartite.from_mask(np.ones((3, 5)))
    expected = [0.0] + [3.0] * 4 + [5.0] * 2 + [8.0]
    np.testing.assert_allclose(measures.laplacian_eigenvalues(g), expected, atol=1e-12)
    assert measures.algebraic_connectivity(g) == pytest.approx(3)


def half_contiguous(m, k):
    a = -(-k // 2)
    return [*range(a), *(a + t * (m - a) // (k - a + 1) for t in range(1, k - a + 1))]


def fibonacci_offsets(m, k):
    numbers = [0, 1, 2]
    while len(numbers) < k:
        numbers.append(numbers[-1] + numbers[-2])
    numbers = numbers[:k]
    if numbers[-1] > m - 1:
        numbers = [x * (m - 1) // numbers[-1] for x in numbers]
    taken = []
    for x in numbers:
        while x in taken:
            x = (x + 1) % m
        taken.append(x)
    return taken


@pytest.mark.parametrize(
    ("outputs", "construction", "figures"),
    [
        (300, half_contiguous, (0.08, 1.8, 21.9)),
        (300, fibonacci_offsets, (0.11, 6.1, 6.4)),
        (300, lambda m, k: range(k), (0.01, 0.10, 0.80)),
        (100, half_contiguous, (0.84, 12.7, 22.1)),
        (100, fibonacci_offsets, (1.15, 6.8, 11.5)),
    ],
)
def test_connectivity_of_the_papers_constructions(outputs, construction, figures):
    """The figures of the pilot, at 784 inputs and k = 8, 16, 32, to the digits they were noted with."""
    for k, figure in zip((8, 16, 32), figures, strict=True):
        g = gs.Rotated(list(construction(outputs, k)), in_features=784, out_features=outputs)
        value = measures.algebraic_connectivity(g)
        assert abs(value - figure) <= (0.0051 if figure in (0.08, 0.11, 0.01, 0.10, 0.80, 0.84, 1.15) else 0.051)


@pytest.mark.parametrize("shape", [(300, 320), (700, 150), (150, 700)])
def test_lanczos_agrees_with_lapack(shape):
    rng = np.random.default_rng(0)
    mask = rng.random(shape) < 0.05
    mask[:, 0] = True
    mask[0] = True
    assert sum(shape) > eigensolver.DENSE_LIMIT
    g = gs.Bipartite.from_mask(mask)
    assert measures.algebraic_connectivity(g) == pytest.approx(np.linalg.eigvalsh(dense_laplacian(mask))[1], abs=1e-9)


def test_a_few_singular_values_of_a_large_matrix():
    rng = np.random.default_rng(1)
    mask = rng.random((500, 450)) < 0.1
    expected = np.linalg.svd(mask.astype(float), compute_uv=False)
    g = gs.Bipartite.from_mask(mask)
    np.testing.assert_allclose(measures.singular_values(g, count=5), expected[:5], rtol=1e-9)
    np.testing.assert_allclose(measures.singular_values(g), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: measures.algebraic_connectivity("g"), TypeError, "g is str, not a junction or a topology"),
        (lambda g: measures.singular_values(g, count=0), ValueError, "count=0 is not allowed"),
        (lambda g: measures.algebraic_connectivity(g, [1.0]), ValueError, r"shape \(1,\); it has \(2,\) edges"),
        (lambda g: measures.spectral_gap(g, [1.0, np.nan]), ValueError, "weight 1 of layer 0 is nan"),
        (lambda g: measures.spectral_gap(gs.Topology([g]), []), ValueError, "0 arrays for 1 layers"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(gs.Bipartite.from_mask([[1, 0], [0, 1]]))


def exact_laplacian(g, weights):
    """All eigenvalues in enough digits for any float64."""
    with mpmath.workdps(700):
        L = mpmath.matrix(g.in_features + g.out_features)
        for i, o, w in zip(*g.edges(), np.abs(weights), strict=True):
            j, w = g.in_features + int(o), mpmath.mpf(float(w))
            i = int(i)
            L[i, i] += w
            L[j, j] += w
            L[i, j] = L[j, i] = -w
        return np.array([float(value) for value in mpmath.eigsy(L, eigvals_only=True)])


def exact_singular(g, weights):
    with mpmath.workdps(60):
        matrix = mpmath.matrix(g.to_scipy(np.abs(weights)).toarray())
        return sorted(map(float, mpmath.svd_r(matrix, compute_uv=False)), reverse=True)


def spread(kind, count, rng):
    weights = rng.random(count) + 0.5
    if kind == "one":
        weights[3] = 1e12
    elif kind == "huge":
        weights *= 10.0 ** rng.uniform(-20, 20, count)
    elif kind == "overflow":
        weights[:2] = 1e308
    elif kind == "tiny":
        weights *= 1e-300
    return weights


@pytest.mark.parametrize("kind", ["one", "huge", "overflow", "tiny"])
def test_weights_over_many_magnitudes_leave_no_wrong_number(kind):
    rng = np.random.default_rng(1)
    g = gs.generators.erdos_renyi(8, 7, 30, rng=rng)
    weights = spread(kind, 30, rng)
    expected = exact_laplacian(g, weights)[1]
    assert measures.components(g) == 1
    assert measures.algebraic_connectivity(g, weights) == pytest.approx(expected, rel=1e-9)
    assert measures.spectral_gap(g, weights) == pytest.approx(expected, rel=1e-9)
    if kind != "overflow":
        assert measures.second_singular_value(g, weights) == pytest.approx(exact_singular(g, weights)[1], rel=1e-6)


@pytest.mark.parametrize("measure", [measures.algebraic_connectivity, measures.second_singular_value])
def test_a_large_graph_whose_small_value_is_lost_is_an_error_in_words(measure):
    rng = np.random.default_rng(0)
    g = gs.generators.biregular(900, 900, 3, rng=rng)
    weights = rng.random(2700)
    weights[0] = 1e12
    assert measures.components(g) == 1
    with pytest.raises(ConvergenceError, match=r"is lost|residual is"):
        measure(g, weights)


def test_resistances_of_weights_over_many_magnitudes_are_right_or_an_error():
    rng = np.random.default_rng(2)
    g = gs.generators.erdos_renyi(8, 7, 30, rng=rng)
    for exponent in range(0, 16, 3):
        weights = rng.random(30) + 0.5
        weights[3] = 10.0**exponent
        expected = 15 * (1 / exact_laplacian(g, weights)[1:]).sum()
        try:
            found = measures.kirchhoff_index(g, weights)
        except ConvergenceError as error:
            assert exponent > 6
            assert "rounding" in str(error)
        else:
            assert found == pytest.approx(expected, rel=1e-5)
