"""Distances along a run, and maps of many runs."""

import itertools

import numpy as np
import pytest
from tests.distances.worlds import random_topology

import gossamer as gs
from gossamer.distances import (
    classical_mds,
    distance_named,
    edge_jaccard,
    evolution,
    labelled_layers,
    moments_of,
    nnstd,
    paths,
)
from gossamer.errors import InvalidTopologyError


def moved(topology, layer, rng):
    """One edge of one junction taken away and another added."""
    mask = topology[layer].to_mask()
    old, new = rng.choice(np.flatnonzero(mask)), rng.choice(np.flatnonzero(~mask))
    mask.ravel()[[old, new]] = [False, True]
    layers = list(topology.layers)
    layers[layer] = gs.Bipartite.from_mask(mask)
    return gs.Topology(layers)


@pytest.fixture
def run():
    rng = np.random.default_rng(0)
    moments = [random_topology((6, 8, 7, 3), 0.4, rng)]
    for _ in range(4):
        moments.append(moved(moments[-1], 1, rng))
    return moments


def test_every_distance_of_a_run_is_the_distance_of_its_moments(run):
    e = evolution(run)
    for m in range(5):
        assert e.to_start[m].tolist() == nnstd(run[0], run[m]).per_layer.tolist()
        assert e.to_previous[m].tolist() == nnstd(run[max(0, m - 1)], run[m]).per_layer.tolist()
        assert e.to_final[m].tolist() == nnstd(run[m], run[-1]).per_layer.tolist()


def test_the_junction_that_moves_is_seen(run):
    e = evolution(run, labelled_layers(distance_named("edge-jaccard")))
    assert e.travelled.argmax() == 1
    assert e.travelled[[0, 2]].tolist() == [0, 0]
    assert e.kept_direction[[0, 2]].tolist() == [1, 1]
    assert 0 < e.kept_direction[1] <= 1
    edges = run[0][1].num_edges
    assert e.to_previous[1:, 1] == pytest.approx(2 / (edges + 1))


def test_one_moment_and_none(run):
    assert not evolution(run[:1]).to_final.any()
    with pytest.raises(InvalidTopologyError, match="moments is empty"):
        evolution([])


def test_euclidean_distances_are_mapped_exactly():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(20, 2))
    D = np.linalg.norm(points[:, None] - points[None], axis=-1)
    found, explained = classical_mds(D)
    assert np.allclose(np.linalg.norm(found[:, None] - found[None], axis=-1), D, atol=1e-9)
    assert explained == pytest.approx(1)
    assert np.allclose(found.mean(axis=0), 0, atol=1e-9)
    assert np.allclose(classical_mds(D, 5)[0][:, 2:], 0, atol=1e-6)


def test_maps_of_little():
    assert classical_mds([[0.0]])[0].tolist() == [[0, 0]]
    assert classical_mds(np.zeros((3, 3)))[1] == 1
    # No Euclidean space has these: a star whose leaves are twice as far from each other as from its centre, times four.
    star = np.full((4, 4), 2.0) - 2 * np.eye(4)
    star[0, 1:] = star[1:, 0] = 1.0
    assert 0 < classical_mds(star)[1] < 1


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((2, 3)),
        np.zeros((0, 0)),
        [[0, 1], [2, 0]],
        [[0, np.nan], [np.nan, 0]],
        [[1, 0], [0, 1]],
        [[0, -1], [-1, 0]],
    ],
)
def test_what_is_no_distance_matrix_is_refused(bad):
    with pytest.raises(ValueError, match="distances"):
        classical_mds(bad)


def test_paths_hold_all_runs_and_what_lies_between_them(run):
    other = [*run[:3], moved(run[2], 0, np.random.default_rng(5))]
    found = paths([run, other], distance_named("edge-jaccard"))
    assert [path.shape for path in found.points] == [(5, 2), (4, 2)]
    assert np.allclose(found.points[0][:3], found.points[1][:3])
    assert found.between(0)[0, 1] == 0
    assert found.between(-1)[0, 1] == edge_jaccard(run[-1], other[-1])
    assert found.between(3)[1, 0] == edge_jaccard(run[3], other[3])
    with pytest.raises(IndexError, match="run 1 has 4 moments"):
        found.between(4)
    with pytest.raises(InvalidTopologyError, match="at least one moment"):
        paths([run, []], distance_named("edge-jaccard"))
    both = paths([run], distance_named("nnstd"))
    assert both.distances[1, 3] == (nnstd(run[1], run[3]).mean + nnstd(run[3], run[1]).mean) / 2


def test_a_recording_of_a_rewired_run_gives_its_moments(run):
    rewiring = pytest.importorskip("gossamer.rewiring")
    recording = rewiring.Recording()
    recording.begin({str(k): g for k, g in enumerate(run[0])})
    for step, (before, after) in enumerate(itertools.pairwise(run), 1):
        masks = [(g.to_mask().ravel(), h.to_mask().ravel()) for g, h in zip(before, after, strict=True)]
        moves = [rewiring.Moved(np.flatnonzero(old & ~new), np.flatnonzero(new & ~old)) for old, new in masks]
        recording.add(10 * step, {str(k): moved for k, moved in enumerate(moves)})
    assert moments_of(recording) == run
    assert moments_of(recording, most=3) == [run[0], run[2], run[4]]
    assert moments_of(recording, most=2) == [run[0], run[-1]]
    still = rewiring.Recording()
    still.begin({"0": run[0][0]})
    assert moments_of(still) == [gs.Topology([run[0][0]])]
    with pytest.raises(ValueError, match="most=1"):
        moments_of(recording, most=1)
