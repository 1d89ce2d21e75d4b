"""Whole networks to and from networkx: nodes with `layer`, edges with `weight` where there are weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.topology import convert
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction

if TYPE_CHECKING:
    import networkx


def to_networkx(layers: tuple[Junction, ...], weights: Iterable[ArrayLike] | None) -> networkx.DiGraph:
    """A directed graph from inputs to outputs: nodes 0, 1, ... layer by layer, with `layer` from 0."""
    import networkx

    given = paired(layers, weights)
    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_nodes_from(range(layers[0].in_features), layer=0)
    start = 0
    for number, (junction, values) in enumerate(zip(layers, given, strict=True), 1):
        behind = start + junction.in_features
        graph.add_nodes_from(range(behind, behind + junction.out_features), layer=number)
        inputs, outputs = junction.edges()
        ends = zip(
            (inputs.astype(np.int64) + start).tolist(), (outputs.astype(np.int64) + behind).tolist(), strict=True
        )
        if values is None:
            graph.add_edges_from(ends)
        else:
            graph.add_weighted_edges_from((a, b, w) for (a, b), w in zip(ends, values.tolist(), strict=True))
        start = behind
    return graph


def from_networkx(graph: networkx.Graph) -> tuple[list[Bipartite], list[NDArray[np.float64]] | None]:
    """The junctions of a graph, and their weights (E,) in edge order if every edge has one."""
    if not convert.is_networkx(graph):
        raise TypeError(
            f"graph={graph!r} is {type(graph).__name__}, not a networkx graph whose nodes carry their layer: 0, 1, ..."
        )
    if graph.is_multigraph():
        raise InvalidTopologyError(
            "graph is a multigraph; at most one edge may join two neurons: networkx.DiGraph(graph)."
        )
    place, widths = _numbered(graph)
    edges: list[list[tuple[int, int, Any]]] = [[] for _ in widths[1:]]
    for a, b, weight in graph.edges(data="weight"):
        (layer, tail), (behind, head) = (place[a], place[b]) if graph.is_directed() else sorted((place[a], place[b]))
        if behind != layer + 1:
            raise InvalidTopologyError(
                f"the edge {a!r} - {b!r} leads from layer {layer} to layer {behind}; it must lead to the next one."
            )
        edges[layer].append((tail, head, weight))
    junctions, weights = zip(
        *(_junction(each, n, m) for each, n, m in zip(edges, widths, widths[1:], strict=False)), strict=True
    )
    found = [values for values in weights if values is not None]
    return list(junctions), found if len(found) == len(junctions) else None


def _numbered(graph: networkx.Graph) -> tuple[dict[Any, tuple[int, int]], list[int]]:
    """(layer, number in it) of each node, in node order, and how many each layer has."""
    layers: dict[int, int] = {}
    place: dict[Any, tuple[int, int]] = {}
    for node, attributes in graph.nodes(data=True):
        layer = attributes.get("layer")
        if isinstance(layer, (bool, np.bool_)) or not isinstance(layer, (int, np.integer)) or layer < 0:
            raise InvalidTopologyError(f"node {node!r} has layer={layer!r}; a whole number from 0 (inputs) is needed.")
        number = layers.get(int(layer), 0)
        layers[int(layer)] = number + 1
        place[node] = (int(layer), number)
    missing = [layer for layer in range(max(layers, default=1) + 1) if layer not in layers]
    if missing:
        raise InvalidTopologyError(f"no node has layer={missing[0]}; a network has layers 0, 1, ... without a gap.")
    if len(layers) < 2:
        raise InvalidTopologyError("all nodes have layer=0; a network has at least two layers.")
    return place, [layers[layer] for layer in sorted(layers)]


def _junction(
    edges: list[tuple[int, int, Any]], in_features: int, out_features: int
) -> tuple[Bipartite, NDArray[np.float64] | None]:
    ordered = sorted(edges, key=lambda edge: (edge[1], edge[0]))
    inputs, outputs = [edge[0] for edge in ordered], [edge[1] for edge in ordered]
    junction = Bipartite.from_edges(inputs, outputs, in_features=in_features, out_features=out_features)
    if any(edge[2] is None for edge in ordered):
        return junction, None
    return junction, np.array([edge[2] for edge in ordered], dtype=np.float64)


def paired(layers: Sequence[Junction], weights: Iterable[ArrayLike] | None) -> list[NDArray[Any] | None]:
    """The weights (E,) of each junction; None for each if there are none.

    Raises:
        InvalidTopologyError: weights that do not fit.
    """
    if weights is None:
        return [None] * len(layers)
    given = list(weights)
    if len(given) != len(layers):
        raise InvalidTopologyError(f"weights has {len(given)} arrays for {len(layers)} junctions; give one for each.")
    return [_fitting(values, junction) for values, junction in zip(given, layers, strict=True)]


def _fitting(weights: ArrayLike, junction: Junction) -> NDArray[Any]:
    values = convert.as_dense("weights", weights)
    if values.shape != (junction.num_edges,):
        raise InvalidTopologyError(f"weights has shape {values.shape}; the junction has ({junction.num_edges},) edges.")
    return values
