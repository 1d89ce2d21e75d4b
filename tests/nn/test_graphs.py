"""networkx graph to model to networkx, with weights."""

import networkx
import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import InvalidTopologyError

T = gs.generators.layered((6, 5, 4), gs.generators.regular_random, (3, 2), rng=0)


def graph(*, weights=True, biases=True):
    """A network of somebody's own: names for nodes, in no order."""
    rng = np.random.default_rng(0)
    made = networkx.DiGraph()
    nodes = [(f"{layer}/{number}", layer) for layer, width in enumerate(T.widths) for number in range(width)]
    for name, layer in [nodes[place] for place in rng.permutation(len(nodes))]:
        made.add_node(name, layer=layer, **({"bias": float(np.float32(rng.normal()))} if layer and biases else {}))
    for number, junction in enumerate(T):
        for i, o in zip(*junction.edges(), strict=True):
            made.add_edge(f"{number}/{i}", f"{number + 1}/{o}")
    for _, _, attributes in made.edges(data=True) if weights else ():
        attributes["weight"] = float(np.float32(rng.normal()))
    return made


def forward(net, x):
    """The oracle: node by node, along the edges."""
    values = dict(zip((node for node, layer in net.nodes(data="layer") if layer == 0), x, strict=True))
    for depth in (1, 2):
        for node in [node for node, layer in net.nodes(data="layer") if layer == depth]:
            z = sum(values[tail] * weight for tail, _, weight in net.in_edges(node, data="weight"))
            z += net.nodes[node].get("bias", 0.0)
            values[node] = max(z, 0.0) if depth == 1 else z
    return [values[node] for node, layer in net.nodes(data="layer") if layer == 2]


@pytest.mark.parametrize("biases", [True, False])
def test_a_graph_is_a_model_and_a_graph_again(biases):
    net = graph(biases=biases)
    model = gs.nn.from_networkx(net)
    x = torch.randn(6, dtype=torch.float64)
    found = gs.nn.from_networkx(net, dtype=torch.float64)(x[None])[0]
    torch.testing.assert_close(found, torch.tensor(forward(net, x.tolist()), dtype=torch.float64))
    assert (model[0].bias is not None) == biases

    again = gs.nn.to_networkx(model)
    order = sorted(net, key=lambda node: net.nodes[node]["layer"])  # stable: node order within a layer
    renamed = networkx.relabel_nodes(net, {node: number for number, node in enumerate(order)})
    assert dict(again.nodes(data=True)) == dict(renamed.nodes(data=True))
    assert {(a, b): w for a, b, w in again.edges(data="weight")} == {
        (a, b): w for a, b, w in renamed.edges(data="weight")
    }
    twice = gs.nn.from_networkx(again)
    for a, b in zip(model.parameters(), twice.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_file_of_a_graph_keeps_weights_and_biases(tmp_path):
    model = gs.nn.from_networkx(graph())
    networkx.write_graphml(gs.nn.to_networkx(model), tmp_path / "net.graphml")
    again = gs.nn.from_networkx(networkx.read_graphml(tmp_path / "net.graphml"))
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_without_weights_they_are_drawn():
    model = gs.nn.from_networkx(graph(weights=False, biases=False), nn.Tanh, initialization=gs.nn.Glorot())
    assert isinstance(model[1], nn.Tanh)
    assert all(layer.weight.abs().min() > 0 for layer in model if isinstance(layer, gs.nn.SparseLinear))


def test_what_is_no_network_is_refused():
    net = graph()
    net.nodes["1/2"]["bias"] = "high"
    with pytest.raises(InvalidTopologyError, match="node '1/2' has bias='high', which is no number"):
        gs.nn.from_networkx(net)
    with pytest.raises(TypeError, match="not a networkx graph"):
        gs.nn.from_networkx([(0, 1)])
    with pytest.raises(InvalidTopologyError):
        gs.nn.to_networkx(nn.Linear(2, 2))
