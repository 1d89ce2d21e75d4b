"""Paths, neighbourhoods, resistance, expansion and modularity against networkx, dense algebra and brute force."""

import itertools
import math

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gossamer as gs
from gossamer import measures
from gossamer.measures import kernels
from gossamer.measures.folding import biadjacency, square


@st.composite
def junctions(draw, most=7):
    O, I = draw(st.tuples(st.integers(1, most), st.integers(1, most)))
    bits = draw(st.lists(st.booleans(), min_size=O * I, max_size=O * I))
    return gs.Bipartite.from_mask(np.array(bits).reshape(O, I))


@given(junctions())
def test_neighbourhoods_agree_with_networkx(g):
    graph = g.to_networkx()
    distances = dict(networkx.all_pairs_shortest_path_length(graph))
    apart = [d for u in graph for v, d in distances[u].items() if u != v]
    pairs = len(graph) * (len(graph) - 1)
    assert measures.average_path_length(g) == pytest.approx(np.mean(apart) if apart else 0.0)
    assert measures.reach(g) == pytest.approx(sum(d <= 2 for d in apart) / pairs)
    latapy = networkx.bipartite.latapy_clustering(graph, mode="dot")
    assert measures.clustering(g) == pytest.approx(np.mean(list(latapy.values())))
    assert kernels.distance_sums(square(biadjacency(g))) == kernels._distance_sums_by_scipy(square(biadjacency(g)))
    degrees = dict(graph.degree)
    if len({degrees[end] for edge in graph.edges for end in edge}) > 1:
        expected = networkx.degree_pearson_correlation_coefficient(graph)
        assert measures.degree_assortativity(g) == pytest.approx(expected, abs=1e-9)
    else:
        assert math.isnan(measures.degree_assortativity(g))


def test_blocks_of_wedges_join_up(monkeypatch):
    g = gs.Bipartite.from_mask(np.random.default_rng(0).random((20, 30)) < 0.3)
    whole = measures.reach(g), measures.clustering(g)
    monkeypatch.setattr("gossamer.measures.neighbourhoods._BLOCK_WEDGES", 50)
    assert (measures.reach(g), measures.clustering(g)) == pytest.approx(whole)


@given(junctions())
def test_resistance_agrees_with_the_pseudo_inverse(g):
    L = networkx.laplacian_matrix(g.to_networkx()).toarray().astype(float)
    P = np.linalg.pinv(L, hermitian=True)
    R = np.diag(P)[:, None] + np.diag(P) - 2 * P
    inputs, outputs = g.edges()
    np.testing.assert_allclose(measures.edge_resistances(g), R[inputs, outputs + g.in_features], atol=1e-9)
    assert measures.edge_resistances(g).sum() == pytest.approx(len(L) - measures.components(g), abs=1e-9)
    connected = measures.components(g) == 1
    assert measures.kirchhoff_index(g) == pytest.approx(R[np.triu_indices(len(L), 1)].sum() if connected else math.inf)


def test_kirchhoff_index_of_known_graphs():
    path = gs.Bipartite.from_mask([[1, 1, 0], [0, 1, 1]])  # five neurons in a row: (n^3 - n) / 6
    assert measures.kirchhoff_index(path) == pytest.approx(20)
    ring = gs.Rotated([0, 1], in_features=5, out_features=5)  # ten neurons in a ring: (n^3 - n) / 12
    assert measures.kirchhoff_index(ring) == pytest.approx(82.5)
    assert measures.mean_effective_resistance(ring) == pytest.approx(82.5 / 45)
    weighted = measures.kirchhoff_index(path, np.full(4, -2.0))
    assert weighted == pytest.approx(10)


def conductance(graph):
    nodes = [n for n, d in graph.degree if d]
    best, volume = math.inf, sum(d for _, d in graph.degree)
    for size in range(1, len(nodes)):
        for subset in itertools.combinations(nodes, size):
            inside = sum(graph.degree[n] for n in subset)
            if 2 * inside <= volume:
                best = min(best, networkx.cut_size(graph, subset) / inside)
    return best


@settings(max_examples=30)
@given(junctions(most=4))
def test_conductance_lies_between_cheegers_bounds(g):
    low, high = measures.cheeger_bounds(g)
    if g.num_edges:
        h = conductance(g.to_networkx())
        assert low - 1e-9 <= h <= high + 1e-9
    else:
        assert (low, high) == (0, 0)


@given(junctions(), st.randoms(use_true_random=False))
def test_the_mixing_lemma_holds_for_every_pair_of_sets(g, random):
    S = np.array([random.random() < 0.5 for _ in range(g.in_features)])
    T = np.array([random.random() < 0.5 for _ in range(g.out_features)])
    mask = g.to_mask()
    if not g.num_edges:
        assert measures.expander_mixing_slack(g, S, T) == 0
        return
    left, right = mask.sum(0), mask.sum(1)
    M = mask / np.sqrt(np.maximum(right[:, None] * left, 1))
    sigma = [*np.linalg.svd(M, compute_uv=False), 0.0][1]
    s, t = left[S].sum() / g.num_edges, right[T].sum() / g.num_edges
    surplus = abs(mask[np.ix_(T, S)].sum() / g.num_edges - s * t)
    bound = sigma * math.sqrt(s * (1 - s) * t * (1 - t))
    assert surplus <= bound + 1e-9
    assert measures.expander_mixing_slack(g, S, T) == pytest.approx(bound - surplus, abs=1e-9)


def test_mixing_sets_must_fit():
    with pytest.raises(ValueError, match="sets of 1 inputs and 2 outputs"):
        measures.expander_mixing_slack(gs.Bipartite.from_mask([[1, 1]]), np.ones(1, bool), np.ones(2, bool))


@given(junctions(), st.randoms(use_true_random=False))
def test_modularity_is_that_of_networkx(g, random):
    graph = g.to_networkx()
    labels = np.array([random.randrange(3) for _ in graph])
    for groups in (labels, measures.spectral_communities(g)):
        if not g.num_edges:
            assert measures.modularity(g, groups) == 0
            continue
        sets = [set(np.flatnonzero(groups == label)) for label in np.unique(groups)]
        assert measures.modularity(g, groups) == pytest.approx(networkx.community.modularity(graph, sets), abs=1e-12)
    assert measures.spectral_modularity(g) >= -1e-12


def test_planted_groups_are_found():
    mask = np.kron(np.eye(4), np.ones((5, 6)))
    g = gs.Bipartite.from_mask(mask)
    assert measures.spectral_modularity(g) == pytest.approx(0.75)
    with pytest.raises(ValueError, match="44 integers are needed"):
        measures.modularity(g, [0, 1])


@given(junctions())
def test_forman_curvature_counts_neighbours(g):
    graph = g.to_networkx()
    expected = [4 - graph.degree[i] - graph.degree[g.in_features + j] for i, j in zip(*g.edges(), strict=True)]
    assert measures.forman_curvature(g).tolist() == expected


def networks():
    rng = np.random.default_rng(0)
    for widths in ([2, 2], [3, 2, 4], [4, 3, 3, 2, 5]):
        for density in (0.0, 0.3, 0.7, 1.0):
            yield gs.Topology(
                [gs.Bipartite.from_mask(rng.random((O, I)) < density) for I, O in itertools.pairwise(widths)]
            )


@pytest.mark.parametrize("t", list(networks()), ids=str)
def test_flows_and_nodes_are_those_of_the_paths_that_can_be_walked(t):
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=layer.num_edges) for layer in t]
    matrices = [layer.to_scipy(w).toarray() for layer, w in zip(t, weights, strict=True)]
    flow, kernel, nodes, count = 0.0, 0.0, set(), 0
    for path in itertools.product(*map(range, t.widths)):
        steps = list(zip(range(len(t)), itertools.pairwise(path), strict=True))
        if all(t[level].to_mask()[b, a] for level, (a, b) in steps):
            values = [abs(matrices[level][b, a]) for level, (a, b) in steps]
            flow += math.prod(values)
            kernel += sum(math.prod(v * v for n, v in enumerate(values) if n != skip) for skip in range(len(values)))
            nodes |= set(enumerate(path))
            count += 1
    assert measures.effective_nodes(t) == len(nodes)
    assert measures.node_path_balance(t) == pytest.approx(0.7 * len(nodes) + 0.3 * count)
    assert measures.log_synflow(t, weights) == pytest.approx(math.log(flow) if flow else -math.inf)
    assert measures.log_path_kernel_trace(t, weights) == pytest.approx(math.log(kernel) if kernel else -math.inf)


def test_flow_of_a_deep_network_does_not_overflow():
    layer = gs.Bipartite.from_mask(np.ones((10, 10)))
    t = gs.Topology([layer] * 400)
    assert measures.log_synflow(t, [np.full(100, 10.0)] * 400) == pytest.approx(math.log(10) * 801)
    assert measures.node_path_balance(t) == math.inf
    assert measures.node_path_balance(t, alpha=1.0) == 4010


def test_imdb_averages_over_groups_of_equal_fan_out():
    rng = np.random.default_rng(2)
    mask = rng.random((12, 30)) < 0.5
    margins, gaps = [], []
    weights = rng.normal(size=mask.shape)
    for degree in range(3, 13):
        part = mask[:, mask.sum(0) == degree]
        rows = part.any(axis=1)
        if not part.size or part.sum() < 3 * rows.sum():
            continue
        sigma = [*np.linalg.svd(part.astype(float), compute_uv=False), 0.0]
        margins.append(math.sqrt(degree - 1) + math.sqrt(part.sum() / rows.sum() - 1) - sigma[1])
        sigma = [*np.linalg.svd(np.abs(weights * mask)[:, mask.sum(0) == degree], compute_uv=False), 0.0]
        gaps.append(sigma[0] - sigma[1])
    g = gs.Bipartite.from_mask(mask)
    assert len(margins) >= 2
    assert measures.imdb(g) == pytest.approx(np.mean(margins))
    assert measures.weighted_spectral_gap(g, weights[mask]) == pytest.approx(np.mean(gaps))
    assert math.isnan(measures.imdb(gs.Bipartite.from_mask(np.eye(4))))


def test_bytes():
    g = gs.Rotated([0, 3], in_features=10, out_features=7)
    assert measures.storage_bytes(g) == 8
    assert measures.storage_bytes(g.to_bipartite()) == 4 * (20 + 8)
    assert measures.storage_ratio(g) == 8 / 70
    assert measures.node_strength(g) == 40 / 17
    assert measures.node_strength(g, np.full(20, -0.5)) == 20 / 17


@pytest.mark.parametrize("number", range(24))
def test_modularity_does_not_depend_on_the_order_of_neurons(number):
    rng = np.random.default_rng(number)
    made = [
        gs.generators.rotating_contiguous(24, 24, 3),
        gs.generators.rotating_regular(32, 32, 4),
        gs.Bipartite.from_mask(np.kron(np.eye(3), np.ones((3, 4)))),
        gs.generators.erdos_renyi(210, 200, 600, rng=rng),
    ]
    sizes = (int(size) for size in rng.integers(4, 30, size=2))
    g = made[number] if number < len(made) else gs.generators.erdos_renyi(*sizes, 16, rng=rng)
    mask = g.to_mask()
    for _ in range(1 if sum(mask.shape) > 400 else 3):
        rows, columns = rng.permutation(g.out_features), rng.permutation(g.in_features)
        other = gs.Bipartite.from_mask(mask[rows][:, columns])
        assert measures.spectral_modularity(other) == pytest.approx(measures.spectral_modularity(g), abs=1e-9)
