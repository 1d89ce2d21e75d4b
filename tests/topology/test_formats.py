"""Networks in the files of others, and as graphs."""

import networkx
import numpy as np
import pytest
import scipy.io
import scipy.sparse

import gossamer as gs
from gossamer.errors import InvalidTopologyError, TopologyFileError
from gossamer.topology import formats, graphs

T = gs.generators.layered((6, 5, 4), gs.generators.regular_random, (3, 2), rng=0)
WEIGHTS = [np.linspace(-1, 2, layer.num_edges) for layer in T]


def test_a_whole_network_goes_to_networkx_and_back():
    graph = T.to_networkx(WEIGHTS)
    assert graph.is_directed()
    assert [attributes["layer"] for _, attributes in graph.nodes(data=True)] == [0] * 6 + [1] * 5 + [2] * 4
    for layer, weights, start in zip(T, WEIGHTS, (0, 6), strict=True):
        inputs, outputs = layer.edges()
        for i, o, weight in zip(inputs, outputs, weights, strict=True):
            assert graph[start + i][start + layer.in_features + o]["weight"] == weight
    assert gs.Topology.from_networkx(graph) == T
    junctions, weights = graphs.from_networkx(graph)
    assert all(np.array_equal(a, b) for a, b in zip(weights, WEIGHTS, strict=True))
    assert graphs.from_networkx(T.to_networkx())[1] is None
    assert gs.Topology(junctions) == T


def test_any_names_and_orders_of_nodes_and_undirected_graphs_do():
    graph = networkx.relabel_nodes(networkx.Graph(T.to_networkx()), str)
    assert gs.Topology.from_networkx(graph) == T
    model = gs.nn.mlp(T)
    weights = [layer.weight for layer in model if isinstance(layer, gs.nn.SparseLinear)]
    ends = T.to_networkx(weights).edges(data="weight")
    assert sum(weight for _, _, weight in ends) == pytest.approx(
        sum(float(w.detach().sum()) for w in weights), rel=1e-5
    )


def layered(*edges, layers=(0, 0, 1, 1), directed=True):
    graph = networkx.DiGraph() if directed else networkx.Graph()
    graph.add_nodes_from((node, {"layer": layer}) for node, layer in enumerate(layers))
    graph.add_edges_from(edges)
    return graph


@pytest.mark.parametrize(
    ("graph", "error", "message"),
    [
        (layered((0, 2), layers=(0, 0, None, 1)), InvalidTopologyError, "node 2 has layer=None"),
        (layered((0, 2), layers=(0, 0, "x", 1)), InvalidTopologyError, "node 2 has layer='x'"),
        (layered((0, 2), layers=(0, 0, 2, 2)), InvalidTopologyError, "no node has layer=1"),
        (layered(layers=(0, 0)), InvalidTopologyError, "all nodes have layer=0"),
        (layered((2, 0)), InvalidTopologyError, "the edge 2 - 0 leads from layer 1 to layer 0"),
        (layered((0, 1)), InvalidTopologyError, "the edge 0 - 1 leads from layer 0 to layer 0"),
        (networkx.MultiDiGraph(layered((0, 2))), InvalidTopologyError, "graph is a multigraph"),
        (networkx.path_graph(3), InvalidTopologyError, "node 0 has layer=None"),
        (5, TypeError, "graph=5 is int, not a networkx graph whose nodes carry their layer"),
    ],
)
def test_graphs_that_are_no_network_are_refused_by_node(graph, error, message):
    with pytest.raises(error, match=message):
        gs.Topology.from_networkx(graph)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(InvalidTopologyError, match="weights has 1 arrays for 2 junctions"):
        T.to_networkx(WEIGHTS[:1])
    with pytest.raises(InvalidTopologyError, match=r"weights has shape \(3,\)"):
        T.to_networkx([np.ones(3), WEIGHTS[1]])


def written(folder):
    first, matrix = gs.Topology([T[0]]), T[0].to_scipy(weights=WEIGHTS[0])
    T.save(folder / "net.safetensors")
    networkx.write_graphml(T.to_networkx(WEIGHTS), folder / "net.graphml")
    networkx.write_graphml(T[0].to_networkx(), folder / "junction.graphml")
    scipy.io.mmwrite(folder / "weights.mtx", matrix)
    scipy.io.mmwrite(folder / "pattern.mtx", T[0].to_scipy(), field="pattern")
    scipy.sparse.save_npz(folder / "weights.npz", matrix)
    np.savez(folder / "masks.npz", *[layer.to_mask() for layer in T])
    return {
        "net.safetensors": (T, None),
        "net.graphml": (T, WEIGHTS),
        "junction.graphml": (first, None),
        "weights.mtx": (first, WEIGHTS[:1]),
        "pattern.mtx": (first, None),
        "weights.npz": (first, WEIGHTS[:1]),
        "masks.npz": (T, None),
    }


def test_every_format_is_read(tmp_path):
    for name, (topology, weights) in written(tmp_path).items():
        assert gs.Topology.load(tmp_path / name) == topology, name
        if not name.endswith(".safetensors"):
            found = formats.read(tmp_path / name)
            assert (found.weights is None) == (weights is None), name
            for ours, theirs in zip(found.weights or [], weights or [], strict=True):
                np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("name", ["net.graphml", "weights.mtx", "weights.npz", "masks.npz"])
def test_damaged_files_are_named(tmp_path, name):
    written(tmp_path)
    content = (tmp_path / name).read_bytes()
    for damaged in (b"", content[: len(content) // 3], b"\x00" * 40):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(TopologyFileError, match=f"{name} holds no network"):
            formats.read(tmp_path / name)


def test_files_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(TopologyFileError, match=r"ends in '.txt'; .safetensors, .npz, .mtx, .graphml are read"):
        formats.read(tmp_path / "a.txt")
    with pytest.raises(OSError, match="No such file"):
        formats.read(tmp_path / "a.mtx")
    np.savez(tmp_path / "a.npz", weird=np.array([[0, 2]]))
    with pytest.raises(TopologyFileError, match=r"array 'weird': mask\[0, 1\]=2 is not allowed"):
        formats.read(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", np.ones((3, 4)), np.ones((2, 5)))
    with pytest.raises(TopologyFileError, match=r"layers\[0\] has 3 outputs but layers\[1\] has 5 inputs"):
        gs.Topology.load(tmp_path / "b.npz")
