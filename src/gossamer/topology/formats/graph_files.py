"""Whole networks in the files of graphs: GraphML and lists of edges, both as networkx reads and writes them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.topology import graphs
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.formats.weighted import Weighted
from gossamer.topology.junction import Junction

_WIDTHS = "# widths:"
"""How a list of edges says its layers' widths; nodes are then 0, 1, ... layer by layer, as those of `to_networkx`."""

_COUNT = "# edges:"
"""How it says how many there are, so that a file that was cut off is known."""


def read_graphml(path: Path) -> Weighted:
    """Read a network whose nodes have `layer`, or a junction whose nodes have `bipartite`."""
    from xml.etree.ElementTree import ParseError

    import networkx

    try:
        graph = networkx.read_graphml(path)
    except (ParseError, networkx.NetworkXError) as error:
        raise ValueError(f"it is no GraphML ({error}).") from error
    attributes = [each for _, each in graph.nodes(data=True)]
    if attributes and all("bipartite" in each for each in attributes):
        return Weighted((Bipartite.from_networkx(networkx.Graph(graph)),), None)
    junctions, weights = graphs.from_networkx(graph)
    return Weighted(tuple(junctions), weights)


def write_graphml(layers: Sequence[Junction], weights: Sequence[NDArray[Any] | None]) -> bytes:
    """A directed graph whose nodes have `layer`, and whose edges have `weight` if there are any."""
    import networkx

    content = io.BytesIO()
    networkx.write_graphml(_graph(layers, weights), content)
    return content.getvalue()


def read_edges(path: Path) -> Weighted:
    """Read lines "tail head" or "tail head weight"; other lines that begin with # are left aside.

    If a line "# widths: 64 32 10" is there, nodes are 0, 1, ... layer by layer, and the numbers of neurons are those.
    Otherwise they are whatever names: a node's layer is the number of edges that lead to it, and all are on edges.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    widths, count = (_said(lines, what) for what in (_WIDTHS, _COUNT))
    edges = [_edge(number, line) for number, line in enumerate(lines, 1) if _holds_an_edge(line)]
    if count is not None and count != [len(edges)]:
        raise ValueError(f"it says that it has {count[0] if count else 'no'} edges, and has {len(edges)}.")
    bare = next((each for each in edges if each[2] is None), None)
    if bare is not None and any(each[2] is not None for each in edges):
        raise ValueError(f"the edge {bare[0]} - {bare[1]} has no weight, and others have.")
    if widths is None:
        if not edges:
            raise ValueError('it has no edge: lines "tail head" or "tail head weight" are needed.')
        layer = _layers_of(edges)
    else:
        layer = _numbered(widths, edges)
    graph = _with_layers(layer, edges)
    junctions, weights = graphs.from_networkx(graph)
    return Weighted(tuple(junctions), weights if edges and bare is None else None)


def write_edges(layers: Sequence[Junction], weights: Sequence[NDArray[Any] | None]) -> bytes:
    """Widths, how many edges there are, and a line for each; `networkx.read_weighted_edgelist` reads it, too."""
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
    lines = [f"{_WIDTHS} {' '.join(map(str, widths))}", f"{_COUNT} {sum(layer.num_edges for layer in layers)}"]
    for tail, head, weight in _graph(layers, weights).edges(data="weight"):
        lines.append(f"{tail} {head}" if weight is None else f"{tail} {head} {weight!r}")
    return ("\n".join(lines) + "\n").encode()


def _graph(layers: Sequence[Junction], weights: Sequence[NDArray[Any] | None]) -> Any:
    given = [values for values in weights if values is not None]
    return graphs.to_networkx(tuple(layers), given if len(given) == len(layers) else None)


_Edge = tuple[str, str, float | None]


def _said(lines: Sequence[str], what: str) -> list[int] | None:
    """The numbers behind a word in a remark; None if there is no such remark."""
    found = next((line for line in lines if line.startswith(what)), None)
    return None if found is None else [int(number) for number in found.removeprefix(what).split()]


def _holds_an_edge(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _edge(number: int, line: str) -> _Edge:
    words = line.replace(",", " ").split()
    try:
        tail, head, *rest = words
        weight = None
        if rest:
            (weight,) = map(float, rest)
        return tail, head, weight
    except ValueError:
        raise ValueError(f'line {number} is {line!r}; "tail head" or "tail head weight" is needed.') from None


def _numbered(widths: Sequence[int], edges: Sequence[_Edge]) -> dict[str, int]:
    """The layer of each node, of nodes 0, 1, ... layer by layer."""
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"its widths are {list(widths)}; two or more whole numbers from 1 are needed.")
    total = sum(widths)
    most = max(1 << 20, 64 * max(1, len(edges)))
    if total > most:
        raise ValueError(
            f"its widths {list(widths)} are {total} neurons for {len(edges)} edges; up to {most} are read."
        )
    strange = next((end for edge in edges for end in edge[:2] if not (end.isdecimal() and int(end) < total)), None)
    if strange is not None:
        raise ValueError(f"node {strange!r} is none of the {total} of its widths, 0 to {total - 1}.")
    return {str(node): layer for node, layer in enumerate(np.repeat(np.arange(len(widths)), widths).tolist())}


def _layers_of(edges: Sequence[_Edge]) -> dict[str, int]:
    """The layer of each node that is on an edge, in the order of numbers if all are numbers, else as they come."""
    import networkx

    graph = networkx.DiGraph((tail, head) for tail, head, _ in edges)
    try:
        generations = list(networkx.topological_generations(graph))
    except networkx.NetworkXUnfeasible:
        raise ValueError(
            f'its edges lead in a circle, so that no node is an input; a line "{_WIDTHS} ..." says which are.'
        ) from None
    layer = {node: number for number, nodes in enumerate(generations) for node in nodes}
    numbers = all(node.isdecimal() for node in layer)
    return {node: layer[node] for node in (sorted(graph, key=int) if numbers else graph)}


def _with_layers(layer: dict[str, int], edges: Sequence[_Edge]) -> Any:
    import networkx

    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_nodes_from((node, {"layer": number}) for node, number in layer.items())
    for tail, head, weight in edges:
        tail, head = (str(int(tail)), str(int(head))) if tail not in layer or head not in layer else (tail, head)
        if graph.has_edge(tail, head):
            raise InvalidTopologyError(f"the edge {tail} - {head} is there twice.")
        graph.add_edge(tail, head, **({} if weight is None else {"weight": weight}))
    return graph
