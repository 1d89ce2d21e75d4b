"""Rules against their publications, read naively on dense matrices."""

import dataclasses

import networkx
import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer import rewiring as rw
from gossamer.rewiring import local_nodes, local_paths
from gossamer.rewiring.keys import edge_keys, empty_places, random_empty
from gossamer.rewiring.missing import MissingGradient
from gossamer.rewiring.topk import RunningTopK
from gossamer.rewiring.view import LayerView

from .families import bipartite

RNG = np.random.default_rng(11)


def view(I=9, O=7, E=20, seed=0, **rest):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=E).astype(np.float32)
    return LayerView.of("layer", bipartite(I, O, E, rng), weight, initial_edges=E, **rest)


def published_set(values, zeta):
    """Which weights the code of SET's authors keeps (set_mlp_sequential.py, weightsEvolution)."""
    ordered = np.sort(values)
    first_zero, last_zero = np.searchsorted(ordered, 0, "left"), np.searchsorted(ordered, 0, "right")
    largest_negative = ordered[int((1 - zeta) * first_zero)]
    smallest_positive = ordered[int(min(len(ordered) - 1, last_zero + zeta * (len(ordered) - last_zero)))]
    return (values < largest_negative) | (values > smallest_positive)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("zeta", [0.05, 0.3, 0.7])
def test_set_drops_what_its_authors_drop(seed, zeta):
    weight = np.random.default_rng(seed).normal(size=40).astype(np.float32)
    weight[:3] = 0
    layer = LayerView.of("layer", bipartite(9, 7, 40, RNG), weight)
    np.testing.assert_array_equal(rw.DropNearestZero()(layer, zeta, rng=RNG), published_set(weight, zeta))


def test_set_treats_the_signs_apart():
    weight = np.array([-5, -4, -3, -2, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6], dtype=np.float32)
    kept = rw.DropNearestZero()(LayerView.of("layer", bipartite(5, 4, 10, RNG), weight), 0.5, rng=RNG)
    assert weight[kept].min() == -5
    assert not kept[3]  # -2 goes though .6 is smaller in magnitude
    assert kept[9]


def test_set_keeps_all_of_a_layer_at_fraction_zero():
    assert rw.DropNearestZero()(view(), 0.0, rng=RNG).all()


def test_smallest_magnitudes_go_exactly():
    layer = view()
    kept = rw.DropSmallest()(layer, 0.33, rng=RNG)
    order = np.argsort(np.abs(layer.weight))
    assert set(np.flatnonzero(~kept)) == set(order[: int(0.33 * 20)])


def test_soft_dropping_hardens():
    """A weight twice as large is kept more often, and ever more often."""
    weight = np.array([1, 2], dtype=np.float32)
    graph = bipartite(2, 2, 2, RNG)
    shares = []
    for step in (0, 100):
        layer = LayerView.of("layer", graph, weight, step=step)
        shares.append(np.mean([rw.DropSoftly(100)(layer, 0.5, rng=RNG)[1] for _ in range(4000)]))
    assert shares[0] == pytest.approx(2 / 3, abs=0.03)  # T = 1: 2 / (1 + 2)
    assert shares[1] == pytest.approx(8 / 9, abs=0.02)  # T = 3: 8 / (1 + 8)


def test_importance_pruning_clears_the_lowest_fifth_but_not_of_the_last_layer():
    layers = (view(seed=1, E=40), view(I=7, O=9, seed=2, E=40))
    kept = rw.ClearWeakNeurons(0.2)(rw.NetworkView(1, layers))
    strengths = np.bincount(layers[0].outputs, np.abs(layers[0].weight), minlength=7)
    weak = strengths <= np.percentile(strengths, 20)
    np.testing.assert_array_equal(~kept[0], weak[layers[0].outputs])
    assert kept[1].all()


def missing_for(layer, seed=0, B=16):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(B, layer.in_features, generator=generator)
    dz = torch.randn(B, layer.out_features, generator=generator)
    return x, dz


@pytest.mark.parametrize("block", [1, 5, 9, 25, 1 << 20])
def test_the_largest_missing_gradients_are_found_in_any_blocks(monkeypatch, block):
    monkeypatch.setattr("gossamer.rewiring.missing.BLOCK_PLACES", block)
    layer = view()
    x, dz = missing_for(layer)
    dense = (dz.T @ x).abs().numpy().ravel()
    dense[layer.keys] = -1
    found = MissingGradient([(0, x, dz)]).largest(12, layer.keys)
    np.testing.assert_array_equal(found, np.sort(np.argsort(-dense)[:12]))


def test_gradients_of_several_passes_add_up_and_fade():
    layer = view()
    pairs = [missing_for(layer, seed) for seed in range(3)]
    dense = sum(0.5**age * (dz.T @ x) for age, (x, dz) in enumerate(pairs))
    faded = MissingGradient([(age, x, dz) for age, (x, dz) in enumerate(pairs)]).faded(0.5)
    torch.testing.assert_close(torch.cat([block for _, block in faded.blocks()]), dense)


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_a_running_choice_equals_sorting_everything(count):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 50, (400_000,), generator=generator).float()
    best = RunningTopK(count)
    for start in range(0, len(scores), 30_000):
        best.offer(scores[start : start + 30_000], first=start)
    np.testing.assert_array_equal(best.places(), np.sort(np.argsort(-scores.numpy(), kind="stable")[:count]))


def dense_ch3_l3(A):
    D, T = A @ A.T, A.T @ A
    e_D = np.where(D > 0, 1 / (1 + np.maximum(0, A.sum(1)[None, :] - D - 1)), 0)
    e_T = np.where(T > 0, 1 / (1 + np.maximum(0, A.sum(0)[None, :] - T - 1)), 0)
    return e_D @ A + (e_T @ A.T).T


def walked_ch3_l3(A):
    """The score by visiting every node on a path u - t - w - v, as its definition reads."""
    O, I = A.shape
    scores = np.zeros((O, I))
    for u in range(O):
        for v in range(I):
            if A[u, v]:
                continue
            for w in np.flatnonzero(A[:, v]):
                shared = set(np.flatnonzero(A[u])) & set(np.flatnonzero(A[w]))
                if shared:
                    scores[u, v] += 1 / (1 + max(0, A[w].sum() - len(shared) - 1))
            for t in np.flatnonzero(A[u]):
                shared = set(np.flatnonzero(A[:, v])) & set(np.flatnonzero(A[:, t]))
                if shared:
                    scores[u, v] += 1 / (1 + max(0, A[:, t].sum() - len(shared) - 1))
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_ch3_l3_scores_by_blocks_and_by_products(monkeypatch, seed):
    A = (np.random.default_rng(seed).random((13, 19)) < 0.2).astype(float)
    graph, empty = gs.Bipartite.from_mask(A), A == 0
    expected = walked_ch3_l3(A)
    np.testing.assert_allclose(dense_ch3_l3(A)[empty], expected[empty])
    for tile, block in ((1 << 26, 256), (19 * 5, 4), (1, 3)):
        monkeypatch.setattr(local_nodes, "TILE_PLACES", tile)
        monkeypatch.setattr(local_nodes, "BLOCK", block)
        scores = torch.cat([part for _, part in local_nodes.ch3_l3_blocks(graph)]).numpy()
        np.testing.assert_allclose(scores[empty], expected[empty], rtol=1e-5, atol=1e-6)
        sparse = np.zeros(A.size)
        for _, values, places in local_nodes.ch3_l3_products(graph):
            sparse[places] = values
        np.testing.assert_allclose(sparse.reshape(A.shape)[empty], expected[empty], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("walk_cost", [0, 10**9])
def test_hebbian_growth_takes_the_highest_scores_then_random_places(monkeypatch, walk_cost):
    monkeypatch.setattr(local_nodes, "WALK_COST", walk_cost)
    layer = view(I=19, O=13, E=30)
    scores = dense_ch3_l3(np.isin(np.arange(19 * 13), layer.keys).reshape(13, 19).astype(float)).ravel()
    scores[layer.keys] = 0
    all_live = np.ones(30, dtype=bool)
    grown = rw.GrowHebbian()(layer, all_live, 5, rng=RNG)
    assert np.sort(scores[grown]) == pytest.approx(np.sort(scores)[-5:])
    positive = int((scores > 0).sum())
    grown = rw.GrowHebbianSoftly()(layer, all_live, positive + 4, rng=RNG)
    assert len(np.unique(grown)) == positive + 4
    assert not np.isin(grown, layer.keys).any()
    assert (scores[grown] > 0).sum() == positive


def test_soft_hebbian_growth_is_in_proportion_to_the_score():
    layer = view(I=5, O=4, E=8, seed=3)
    scores = dense_ch3_l3(np.isin(np.arange(20), layer.keys).reshape(4, 5).astype(float)).ravel()
    scores[layer.keys] = 0
    drawn = [rw.GrowHebbianSoftly()(layer, np.ones(8, bool), 1, rng=RNG)[0] for _ in range(800)]
    shares = np.bincount(drawn, minlength=20) / 800
    np.testing.assert_allclose(shares, scores / scores.sum(), atol=0.07)


def path_ch3_l3(A):
    """The score by its definition on a graph: every path between two nodes, and the links that leave its community."""
    O, I = A.shape
    graph = networkx.Graph((("o", u), ("i", v)) for u, v in np.argwhere(A))
    graph.add_nodes_from([*(("o", u) for u in range(O)), *(("i", v) for v in range(I))])
    scores = np.zeros((O, I))
    for u, v in np.argwhere(A == 0):
        ends = ("o", u), ("i", v)
        paths = [(t, w) for t in graph[ends[0]] for w in graph[t] if w != ends[0] and ends[1] in graph[w]]
        community = {node for path in paths for node in path} | set(ends)
        for path in paths:
            outside = [sum(other not in community for other in graph[node]) for node in path]
            scores[u, v] += 1 / np.sqrt((1 + outside[0]) * (1 + outside[1]))
    return scores


@pytest.mark.parametrize("walks", [1, 40, 1 << 20])
@pytest.mark.parametrize("seed", range(3))
def test_ch3_l3_by_paths_is_its_definition(monkeypatch, seed, walks):
    monkeypatch.setattr(local_paths, "WALKS", walks)
    A = np.random.default_rng(seed).random((11, 14)) < 0.25
    graph = gs.Bipartite.from_mask(A)
    found = np.zeros(A.size)
    live = edge_keys(graph)
    for scores, places in local_paths.ByPaths()(graph, live):
        assert (np.diff(places.numpy()) > 0).all()
        found[places.numpy()] = scores.numpy()
    np.testing.assert_allclose(found.reshape(A.shape), path_ch3_l3(A), rtol=1e-6)


def test_cht_grows_by_either_score():
    layer = view(I=19, O=13, E=60)
    A = np.isin(np.arange(19 * 13), layer.keys).reshape(13, 19)
    for score, expected in ((rw.ByNodes(), dense_ch3_l3(A.astype(float))), (rw.ByPaths(), path_ch3_l3(A))):
        expected = np.where(A, 0, expected).ravel()
        grown = rw.cht(every=1, score=score).grow(layer, np.ones(60, dtype=bool), 5, rng=RNG)
        assert np.sort(expected[grown]) == pytest.approx(np.sort(expected)[-5:])


def test_dead_paths_are_removed_to_the_end():
    # 0 -> 0 -> 0 is alive; input 1 -> neuron 1 leads nowhere; neuron 2 has no input
    first = LayerView.of("a", gs.Bipartite.from_mask([[1, 0], [0, 1], [0, 0]]), np.ones(2, np.float32))
    second = LayerView.of("b", gs.Bipartite.from_mask([[1, 0, 1]]), np.ones(2, np.float32))
    kept = rw.RemoveDead()([first, second], [np.ones(2, bool), np.ones(2, bool)])
    assert [mask.tolist() for mask in kept] == [[True, False], [True, False]]


def test_random_places_are_uniform():
    occupied = np.array([0, 3, 4])
    counts = np.zeros(8)
    for _ in range(6000):
        counts[random_empty(2, occupied, 8, RNG)] += 1
    assert (counts[occupied] == 0).all()
    np.testing.assert_allclose(np.delete(counts, occupied) / 6000, 2 / 5, atol=0.03)


def test_empty_places_are_the_complement():
    for mask in range(256):
        bits = np.flatnonzero([mask >> place & 1 for place in range(8)])
        expected = np.setdiff1d(np.arange(8), bits)
        np.testing.assert_array_equal(empty_places(np.arange(len(expected)), bits), expected)


def test_keys_are_in_edge_order():
    for graph in (bipartite(9, 7, 20, RNG), gs.Rotated([0, 2, 5], in_features=9, out_features=7)):
        inputs, outputs = graph.edges()
        np.testing.assert_array_equal(edge_keys(graph), outputs.astype(np.int64) * 9 + inputs)


def test_granet_brings_pruned_edges_back_at_0_and_dropped_ones_as_they_were():
    layer = LayerView.of("layer", gs.Bipartite.from_mask([[1, 1, 1, 1]]), np.array([1.0, 2, 3, 4], np.float32))
    gradient = torch.tensor([[5.0, 9.0, 0.0, 0.0]])  # of the places, larger where weights are small
    missing = MissingGradient([(0, gradient, torch.ones(1, 1))])
    layer = dataclasses.replace(layer, missing=missing, initial_edges=4)
    rule = rw.granet(0.25, 0.25, every=1, until=10**6, fraction=0.67)  # prunes 0, drops 1 and 2, grows two of the three
    (change,) = rule.plan(rw.NetworkView(1, (layer,)), rng=RNG)
    assert dict(zip(change.junction.indices.tolist(), change.weight.tolist(), strict=True)) == {0: 0.0, 1: 2.0, 3: 4.0}


def test_the_gradient_of_some_places_is_that_of_all(monkeypatch):
    monkeypatch.setattr("gossamer.rewiring.missing.BLOCK_PLACES", 12)
    x, dz = torch.randn(4, 9, generator=torch.Generator().manual_seed(0)), torch.randn(4, 7)
    missing = MissingGradient([(0, x, dz)])
    keys = np.array([0, 3, 11, 20, 21, 62])
    np.testing.assert_allclose(missing.at(keys), (dz.T @ x).numpy().ravel()[keys], rtol=1e-5)
    inputs, outputs = missing.magnitudes()
    np.testing.assert_allclose(inputs, x.abs().sum(0).numpy(), rtol=1e-6)
    np.testing.assert_allclose(outputs, dz.abs().sum(0).numpy(), rtol=1e-6)


def test_guided_growth_takes_the_largest_gradients_of_what_it_drew():
    x, dz = torch.randn(6, 9), torch.randn(6, 7)
    layer = view(missing=MissingGradient([(0, x, dz)]))
    gradient = (dz.T @ x).abs().numpy().ravel()
    kept = np.ones(20, dtype=bool)
    kept[:5] = False
    everything = rw.GrowGuided(samples=400, guide=rw.Evenly())(layer, kept, 5, rng=RNG)
    empty = np.setdiff1d(np.arange(63), layer.keys)  # of edges dropped in this update none comes back
    assert sorted(everything) == sorted(empty[np.argsort(gradient[empty])[-5:]])
    few = rw.GrowGuided(samples=0.05)(layer, kept, 30, rng=RNG)
    assert len(np.unique(few)) == 30
    assert not np.isin(few, layer.keys[kept]).any()
    with pytest.raises(ValueError, match="samples=0 is not allowed"):
        rw.GrowGuided(samples=0)


def test_guided_sampling_follows_the_magnitudes_of_both_ends():
    x, dz = torch.zeros(2, 9), torch.zeros(2, 7)
    x[:, 2], x[:, 4], dz[:, 1], dz[:, 6] = 1.0, 3.0, 1.0, 1.0
    layer = dataclasses.replace(view(E=1), missing=MissingGradient([(0, x, dz)]))
    drawn = [rw.GrowGuided(samples=1.0)(layer, np.zeros(1, bool), 1, rng=RNG)[0] for _ in range(2000)]
    shares = np.bincount(drawn, minlength=63) / len(drawn)
    live = {1 * 9 + 2: 0.125, 1 * 9 + 4: 0.375, 6 * 9 + 2: 0.125, 6 * 9 + 4: 0.375}
    for key, share in live.items():
        assert key in layer.keys or shares[key] == pytest.approx(share, abs=0.05)


def test_chtss_settles_as_in_the_authors_code():
    rule = rw.chtss(0.5, 0.99, every=100, until=10_000)
    assert rule.shrink.sparsity(8_000) == pytest.approx(0.99)
    assert rule.shrink.sparsity(9_000) == pytest.approx(0.99)
    assert rule.shrink.sparsity(4_000) == pytest.approx(0.745)
    assert rule.shrink.sparsity(0) == pytest.approx(0.5)
