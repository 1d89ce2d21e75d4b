"""Matrices of distances: values, symmetry, interruption, resumption."""

import numpy as np
import pytest
from tests.distances.worlds import random_topology

from gossamer.distances import Distance, console_bar, distance_named, edge_jaccard, nnstd, pairwise
from gossamer.errors import TopologyFileError


@pytest.fixture
def networks():
    rng = np.random.default_rng(0)
    return [random_topology((6, 8, 7, 3), 0.3, rng) for _ in range(6)]


@pytest.mark.parametrize("workers", [1, 3, None])
def test_every_pair_is_computed(networks, workers):
    table = pairwise(networks, distance_named("nnstd"), workers=workers)
    assert table.tolist() == [[nnstd(a, b).mean for b in networks] for a in networks]
    table = pairwise(networks, distance_named("edge-jaccard"), workers=workers)
    assert table.tolist() == [[edge_jaccard(a, b) for b in networks] for a in networks]


def test_progress_counts_every_pair_once(networks):
    seen = []
    pairwise(networks, distance_named("edge-jaccard"), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 15) for n in range(16)]
    with console_bar("pairs") as bar:
        pairwise(networks, distance_named("edge-jaccard"), progress=bar)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_matrix_is_resumed(networks, tmp_path, error):
    store, calls = tmp_path / "table.npz", []

    def counted(a, b):
        calls.append((a.digest(), b.digest()))
        if len(calls) == 10 and not store.exists():
            raise error("stopped")
        return nnstd(a, b).mean

    distance = Distance("counted", counted, "nothing")
    with pytest.raises(error):
        pairwise(networks, distance, workers=1, store=store)
    kept = np.load(store)["values"]
    assert 0 < np.isfinite(kept).sum() < 36
    before = len(calls)
    table = pairwise(networks, distance, workers=1, store=store)
    assert len(calls) - before == np.isnan(kept).sum()
    assert table.tolist() == [[nnstd(a, b).mean for b in networks] for a in networks]
    assert [path.name for path in tmp_path.iterdir()] == ["table.npz"]
    pairwise(networks, distance, store=store)
    assert len(calls) - before == np.isnan(kept).sum()


def test_a_store_of_other_networks_is_refused(networks, tmp_path):
    store = tmp_path / "table.npz"
    pairwise(networks, distance_named("edge-jaccard"), store=store)
    with pytest.raises(TopologyFileError, match="holds the edge-jaccard of 6 networks, not the nnstd of these 6"):
        pairwise(networks, distance_named("nnstd"), store=store)
    with pytest.raises(TopologyFileError, match="of 6 networks, not the edge-jaccard of these 2"):
        pairwise(networks[:2], distance_named("edge-jaccard"), store=store)
    store.write_bytes(b"no table")
    with pytest.raises(TopologyFileError, match="holds no table of distances"):
        pairwise(networks, distance_named("nnstd"), store=store)


def test_bad_workers_are_refused(networks):
    with pytest.raises(ValueError, match="workers=0"):
        pairwise(networks, distance_named("nnstd"), workers=0)


def test_one_network_or_none(networks):
    assert pairwise(networks[:1], distance_named("edge-jaccard")).tolist() == [[0.0]]
    assert pairwise([], distance_named("edge-jaccard")).shape == (0, 0)
