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
    T.save(folder / "net.edgelist", WEIGHTS)
    T.save(folder / "rows.npz", WEIGHTS)
    networkx.write_graphml(T.to_networkx(WEIGHTS), folder / "net.graphml")
    networkx.write_graphml(T[0].to_networkx(), folder / "junction.graphml")
    scipy.io.mmwrite(folder / "weights.mtx", matrix)
    scipy.io.mmwrite(folder / "pattern.mtx", T[0].to_scipy(), field="pattern")
    scipy.sparse.save_npz(folder / "weights.npz", matrix)
    np.savez(folder / "masks.npz", *[layer.to_mask() for layer in T])
    return {
        "net.safetensors": (T, None),
        "net.graphml": (T, WEIGHTS),
        "net.edgelist": (T, WEIGHTS),
        "rows.npz": (T, WEIGHTS),
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


@pytest.mark.parametrize("name", ["net.graphml", "weights.mtx", "weights.npz", "masks.npz", "net.edgelist", "rows.npz"])
def test_damaged_files_are_named(tmp_path, name):
    written(tmp_path)
    content = (tmp_path / name).read_bytes()
    for damaged in (b"", content[: len(content) // 3], b"\x00" * 40):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(TopologyFileError, match=f"{name} holds no network"):
            formats.read(tmp_path / name)


def test_files_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(
        TopologyFileError, match=r"ends in '.txt'; .safetensors, .npz, .mtx, .graphml, .edgelist, .edges are"
    ):
        formats.read(tmp_path / "a.txt")
    with pytest.raises(OSError, match="No such file"):
        formats.read(tmp_path / "a.mtx")
    np.savez(tmp_path / "a.npz", weird=np.array([[0, 2]]))
    with pytest.raises(TopologyFileError, match=r"array 'weird': mask\[0, 1\]=2 is not allowed"):
        formats.read(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", np.ones((3, 4)), np.ones((2, 5)))
    with pytest.raises(TopologyFileError, match=r"layers\[0\] has 3 outputs but layers\[1\] has 5 inputs"):
        gs.Topology.load(tmp_path / "b.npz")


ROTATED = gs.Topology([gs.Rotated([0, 2], in_features=7, out_features=9), gs.generators.erdos_renyi(9, 4, 3, rng=0)])


@pytest.mark.parametrize("ending", formats.WRITERS)
@pytest.mark.parametrize("weighted", [True, False], ids=["weights", "edges alone"])
@pytest.mark.parametrize("name", ["two layers", "rotated, and neurons without edges", "no edge"])
def test_what_is_written_is_read_to_the_last_bit(name, weighted, ending, tmp_path):
    topology = {
        "two layers": T,
        "rotated, and neurons without edges": ROTATED,
        "no edge": gs.Topology([gs.Bipartite.from_mask(np.zeros((2, 3), bool))]),
    }[name]
    topology = gs.Topology(topology.layers[:1]) if ending == ".mtx" else topology
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(layer.num_edges) * 10.0 ** rng.integers(-300, 300) for layer in topology]
    weights[0][:1] = 0.0  # an edge of weight 0 is an edge
    topology.save(tmp_path / f"net{ending}", weights if weighted else None)
    assert [each.name for each in tmp_path.iterdir()] == [f"net{ending}"]
    assert gs.Topology.load(tmp_path / f"net{ending}") == topology
    found = formats.read(tmp_path / f"net{ending}").weights
    if weighted and topology.num_edges:
        assert all(np.array_equal(a, b) for a, b in zip(found, weights, strict=True))
    else:
        assert found is None or not topology.num_edges


def test_others_read_what_is_written(tmp_path):
    first = gs.Topology([T[0]])
    first.save(tmp_path / "net.mtx", WEIGHTS[:1])
    assert np.array_equal(scipy.io.mmread(tmp_path / "net.mtx").toarray(), T[0].to_scipy(WEIGHTS[0]).toarray())
    first.save(tmp_path / "net.npz", WEIGHTS[:1])
    assert np.array_equal(scipy.sparse.load_npz(tmp_path / "net.npz").toarray(), T[0].to_scipy(WEIGHTS[0]).toarray())
    T.save(tmp_path / "net.graphml", WEIGHTS)
    expected = {(str(a), str(b), w) for a, b, w in T.to_networkx(WEIGHTS).edges(data="weight")}
    assert set(networkx.read_graphml(tmp_path / "net.graphml").edges(data="weight")) == expected
    T.save(tmp_path / "net.edgelist", WEIGHTS)
    graph = networkx.read_weighted_edgelist(tmp_path / "net.edgelist", create_using=networkx.DiGraph)
    assert set(graph.edges(data="weight")) == expected


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("a h 1\nb h 2\n\n# a remark\nh y 3\n", [[[1, 1]], [[1]]]),
        ("10 2\n9 2\n2 1", [[[1, 1]], [[1]]]),  # numbers in their order: 9, 10
        ("x,y\n", [[[1]]]),
        ("# widths: 2 1 3\n1 2\n2 4\n", [[[0, 1]], [[0], [1], [0]]]),
    ],
)
def test_lists_of_edges_of_others_are_read(text, edges, tmp_path):
    (tmp_path / "net.edges").write_text(text)
    assert gs.Topology.load(tmp_path / "net.edges") == gs.Topology([gs.Bipartite.from_mask(mask) for mask in edges])


def test_weights_follow_their_edges_out_of_any_order(tmp_path):
    (tmp_path / "net.edgelist").write_text("9 2 .5\n2 0 -1\n10 2 .25\n2 1 3\n")
    found = formats.read(tmp_path / "net.edgelist")
    assert [each.tolist() for each in found.weights] == [[0.5, 0.25], [-1.0, 3.0]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it has no edge"),
        ("a b\nb a\n", "lead in a circle"),
        ("a b\nb c\na c\n", "leads from layer 0 to layer 2"),
        ("a b\na b\n", "the edge a - b is there twice"),
        ("a b\nc\n", "line 2 is 'c'"),
        ("a b 1 2\n", "line 1 is 'a b 1 2'"),
        ("a b much\n", "line 1 is 'a b much'"),
        ("a b 1\nc b\n", "the edge c - b has no weight, and others have"),
        ("# widths: 2 2\n0 4\n", "node '4' is none of the 4 of its widths"),
        ("# widths: 2 2\n0 x\n", "node 'x' is none of the 4"),
        ("# edges: 2\n0 1\n", "it says that it has 2 edges, and has 1"),
        ("# widths: 2\n", r"its widths are \[2\]"),
        ("# widths: 2 two\n", "invalid literal"),
        ("# widths: 2 900000000000\n0 2\n", "neurons for 1 edges; up to 1048576 are read"),
        ("# widths: 2 1 2\n0 3\n", "leads from layer 0 to layer 2"),
    ],
)
def test_lists_that_are_no_network_are_refused(text, told, tmp_path):
    (tmp_path / "net.edgelist").write_text(text)
    with pytest.raises(TopologyFileError, match=f"net.edgelist holds no network: .*{told}"):
        gs.Topology.load(tmp_path / "net.edgelist")


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a \.mtx file holds one junction, and there are 2"):
        T.save(tmp_path / "net.mtx")
    with pytest.raises(ValueError, match=r"would be a file of a topology alone: gossamer\.nn\.save_pretrained"):
        T.save(tmp_path / "net.safetensors", WEIGHTS)
    with pytest.raises(InvalidTopologyError, match="weights has 1 arrays for 2 junctions"):
        T.save(tmp_path / "net.graphml", WEIGHTS[:1])
    with pytest.raises(ValueError, match=r"ends in '.txt'; .safetensors, .npz, .* are written"):
        formats.write(T.layers, tmp_path / "net.txt")
    np.savez(tmp_path / "a.npz", **{"0.indptr": [0, 1], "0.indices": [0], "0.shape": [2, 1]})
    with pytest.raises(TopologyFileError, match="layer 0 has rows for 1 outputs, and is said to have 2"):
        formats.read(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", **{"0.indptr": [0, 1], "0.indices": [0], "0.shape": [1, 1], "0.data": [1.0, 2.0]})
    with pytest.raises(TopologyFileError, match=r"layer 0 has weights of shape \(2,\) for 1 edges"):
        formats.read(tmp_path / "a.npz")
    assert [each.name for each in tmp_path.iterdir()] == ["a.npz"]
