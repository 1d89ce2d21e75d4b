"""Graphs of nodes: what is read is what the files say, and files that say it wrongly are refused."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

import gossamer as gs
from gossamer.errors import DataFileError, DataUnavailableError
from gossamer.training.data.graphs import NodeGraph, load_graph, planted_blocks, planted_strangers, undirected

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def _folder(path, nodes="0\t1,0,1\t0\n1\t0,0,1\t1\n2\t1,1,1\t0", edges="0\t1\n1\t0\n2\t2"):
    path.mkdir(parents=True)
    (path / "out1_node_feature_label.txt").write_text("node_id\tfeature\tlabel\n" + nodes + "\n")
    (path / "out1_graph_edges.txt").write_text("node_id\tnode_id\n" + edges + "\n")
    masks = {name: np.eye(3, dtype=bool)[k] for k, name in enumerate(("train_mask", "val_mask", "test_mask"))}
    np.savez(path / "split_0.npz", **masks)


def test_a_folder_of_geom_gcn_is_read(tmp_path, monkeypatch):
    _folder(tmp_path / "geom-gcn" / "texas")
    monkeypatch.setenv("GOSSAMER_DATA", str(tmp_path))
    graph = load_graph("texas")
    assert (graph.num_edges, graph.dropped, graph.isolated, graph.num_classes) == (1, 1, 1, 2)
    np.testing.assert_allclose(graph.features.toarray(), [[0.5, 0, 0.5], [0, 0, 1], [1 / 3] * 3])
    assert [part.tolist() for part in graph.splits[0]] == [[0], [1], [2]]
    assert graph.homophily == 0 and "1 isolated" in repr(graph)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"nodes": "0\t1,0\t0\n2\t1,0\t0"}, "count from 0"),
        ({"nodes": "0\t1,x\t0"}, "invalid literal"),
        ({"edges": "0 1"}, "line 2 has 1 fields"),
    ],
)
def test_damaged_files_are_refused(tmp_path, monkeypatch, parts, words):
    _folder(tmp_path / "cornell", **parts)
    monkeypatch.setenv("GOSSAMER_DATA", str(tmp_path))
    with pytest.raises(DataFileError, match=words):
        load_graph("cornell")


def test_graphs_that_are_not_there_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GOSSAMER_DATA", str(tmp_path))
    with pytest.raises(DataUnavailableError, match="cora is not in"):
        load_graph("cora")
    with pytest.raises(ValueError, match="no graph 'coar'"):
        load_graph("coar")


@pytest.mark.parametrize(
    ("name", "nodes", "edges", "classes", "splits"),
    [("cora", 2708, 5278, 7, 1), ("cornell", 183, 277, 5, 10), ("texas", 183, 279, 5, 10)],
)
def test_the_real_graphs_have_the_published_sizes(monkeypatch, name, nodes, edges, classes, splits):
    if not (SHARED / "cora").exists():
        pytest.skip(f"the graphs are not at {SHARED}")
    monkeypatch.setenv("GOSSAMER_DATA", str(SHARED))
    graph = load_graph(name)
    assert (len(graph.labels), graph.num_edges, graph.num_classes, len(graph.splits)) == (nodes, edges, classes, splits)
    sums = graph.features.sum(1)
    np.testing.assert_allclose(sums[sums > 0], 1)
    for split in graph.splits:
        assert len(np.unique(np.concatenate(split))) == sum(map(len, split))


def test_edges_given_once_or_twice_are_one_and_loops_are_none():
    junction, loops = undirected([[0, 1], [1, 0], [1, 2], [3, 3]], nodes=4)
    assert junction == gs.Bipartite.from_mask([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]) and loops == 1
    with pytest.raises(ValueError, match="node 4"):
        undirected([[0, 4]], nodes=4)


@pytest.mark.parametrize("draw", [planted_blocks, planted_strangers])
def test_planted_graphs_have_the_edges_that_were_asked_for(draw):
    graph = draw(nodes=400, degree=6.0, noise=3.0, rng=np.random.default_rng(0))
    inputs, outputs = graph.junction.edges()
    judged = np.concatenate(graph.splits[0])
    here = np.isin(inputs, judged)
    assert (here & ~graph.noise).sum() / len(judged) == pytest.approx(6.0, rel=0.1)
    assert (here & graph.noise).sum() / len(judged) == pytest.approx(3.0, rel=0.15)
    assert (graph.labels[inputs] == graph.labels[outputs])[~graph.noise].all()


def test_graphs_whose_parts_do_not_fit_are_refused():
    good = planted_blocks(nodes=10, rng=np.random.default_rng(0))
    parts = {"name": "x", "junction": good.junction, "features": good.features, "labels": good.labels}
    rest = {"splits": good.splits, "source": "", "licence": ""}
    one_way = gs.Bipartite.from_edges([0], [1], in_features=10, out_features=10)
    loop = gs.Bipartite.from_edges([0], [0], in_features=10, out_features=10)
    for change, words in (
        ({"junction": one_way}, "one direction"),
        ({"junction": loop}, "joined to itself"),
        ({"labels": good.labels[:9]}, "do not fit"),
        ({"features": scipy.sparse.csr_array(np.full((10, 2), np.nan))}, "not finite"),
    ):
        with pytest.raises(ValueError, match=words):
            NodeGraph(**{**parts, **change}, **rest)
