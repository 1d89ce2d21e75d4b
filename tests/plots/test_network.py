"""The drawing of a network: what is drawn, what is dead, and what is said."""

import networkx
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb

import gossamer as gs
from gossamer.errors import InvalidTopologyError
from gossamer.plots import draw_network, live_neurons
from gossamer.plots.style import COLOURS, GREY


def network(rng, *, density=0.15):
    return gs.Topology([gs.Bipartite.from_mask(rng.random(shape) < density) for shape in ((12, 9), (7, 12), (3, 7))])


def edges_of(ax):
    return [each for each in ax.collections if isinstance(each, PathCollection)]


def dots(ax, *, filled):
    return sum(len(line.get_xdata()) for line in ax.lines if (line.get_markerfacecolor() != "white") == filled)


@pytest.mark.parametrize("seed", range(6))
def test_live_neurons_lie_on_a_path_of_networkx(seed):
    t = network(np.random.default_rng(seed))
    graph = t.to_networkx()
    layers = networkx.get_node_attributes(graph, "layer")
    inputs = {node for node, layer in layers.items() if layer == 0}
    outputs = {node for node, layer in layers.items() if layer == 3}
    expected = [
        bool(inputs & (networkx.ancestors(graph, node) | {node}))
        and bool(outputs & (networkx.descendants(graph, node) | {node}))
        for node in sorted(graph)
    ]
    assert np.concatenate(live_neurons(t.layers)).tolist() == expected


def test_every_edge_and_every_neuron_is_drawn():
    t = network(np.random.default_rng(0))
    ax = t.plot()
    assert [len(part.get_paths()) for part in edges_of(ax)] == [g.num_edges for g in t]
    alive = np.concatenate(live_neurons(t.layers))
    assert dots(ax, filled=True) == alive.sum()
    assert dots(ax, filled=False) == (~alive).sum() > 0
    assert f"{t.num_edges:,} edges" in ax.get_title()
    assert "dead" in ax.get_title()
    assert {text.get_text().split()[1] for text in ax.texts} == {"inputs", "hidden", "outputs"}


def test_edges_on_no_way_are_grey():
    g, h = gs.Bipartite.from_mask([[1, 0], [0, 1]]), gs.Bipartite.from_mask([[1, 0]])
    first, second = edges_of(gs.Topology([g, h]).plot())
    assert [tuple(colour[:3]) for colour in first.get_edgecolors()] == [to_rgb(COLOURS[0]), to_rgb(GREY)]
    assert [tuple(colour[:3]) for colour in second.get_edgecolors()] == [to_rgb(COLOURS[0])]


def test_what_is_left_out_is_said():
    t = gs.Topology([gs.generators.dense(700, 20)])
    ax = draw_network(t.layers, most_edges=500)
    assert len(edges_of(ax)[0].get_paths()) == 500
    assert "500 of them are drawn" in ax.get_title()
    assert "at most 600 neurons" in ax.get_title()
    ends = np.array([path.vertices[0, 1] for path in edges_of(ax)[0].get_paths()])
    assert len(np.unique(ends)) > 200, "the edges that are drawn are spread"


def test_weights_choose_colours_and_the_strongest_edges():
    g = gs.generators.dense(10, 10)
    weights = np.arange(100) - 50.0
    (edges,) = edges_of(draw_network([g], weights=[weights], most_edges=3))
    signs = [tuple(colour[:3]) == to_rgb(COLOURS[0]) for colour in edges.get_edgecolors()]
    assert signs == [False, False, True] or signs == [False, True, True]
    kept = np.sort(np.argsort(-np.abs(weights), kind="stable")[:3])
    assert signs == (weights[kept] >= 0).tolist()


def test_weights_must_fit():
    with pytest.raises(InvalidTopologyError, match=r"weights has \[2\] numbers; the edges are \[1\]"):
        gs.Topology([gs.Bipartite.from_mask([[1]])]).plot(weights=[[1.0, 2.0]])


@pytest.mark.parametrize("widths", [(1, 1), (3, 1), (1, 50)])
def test_the_narrowest_layers_are_drawn(widths):
    ax = gs.Topology([gs.generators.dense(*widths)]).plot()
    ax.figure.canvas.draw()
    assert len(edges_of(ax)[0].get_paths()) == widths[0] * widths[1]
