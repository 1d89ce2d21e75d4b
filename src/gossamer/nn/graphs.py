"""Networks of sparse layers as networkx graphs, and back, with weights and biases."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gossamer.errors import InvalidTopologyError
from gossamer.nn.initialization import Initialization
from gossamer.nn.layer import SparseLayer
from gossamer.nn.mlp import mlp, topology_of
from gossamer.nn.sequential import Sequential
from gossamer.nn.sharded import whole
from gossamer.topology import Topology, graphs

if TYPE_CHECKING:
    import networkx


def to_networkx(model: nn.Module) -> networkx.DiGraph:
    """A model's sparse layers as one directed graph, from inputs to outputs.

    Activations are not in it.

    Args:
        model: its sparse layers feed one another, as those of `mlp` do.

    Returns:
        Nodes 0, 1, ... layer by layer, with "layer" from 0, and "bias" where there are biases; edges with "weight".

    Raises:
        InvalidTopologyError: no sparse layer, or layers whose widths do not fit.

    >>> import gossamer as gs
    >>> model = mlp(gs.Topology([gs.Bipartite.from_mask([[1, 0], [1, 1]])]))
    >>> to_networkx(model).nodes[3]
    {'layer': 1, 'bias': 0.0}
    """
    layers = [layer for layer in model.modules() if isinstance(layer, SparseLayer)]
    graph = topology_of(model).to_networkx([whole(layer.weight.detach()) for layer in layers])
    start = layers[0].in_features
    for layer in layers:
        if layer.bias is not None:
            for node, bias in enumerate(whole(layer.bias.detach()).tolist(), start):
                graph.nodes[node]["bias"] = bias
        start += layer.out_features
    return graph


def from_networkx(
    graph: networkx.Graph,
    activation: Callable[[], nn.Module] = nn.ReLU,
    *,
    initialization: Initialization | None = None,
    dtype: torch.dtype | None = None,
) -> Sequential:
    """A perceptron with the nodes and edges of a graph, and its weights.

    Args:
        graph: as `gossamer.Topology.from_networkx` reads it: nodes with "layer", edges from each layer to the next. If
            all edges have "weight" these are the weights; nodes may have "bias" (0 where they have none).
        activation: makes the module behind every hidden layer.
        initialization: of the weights, if the graph has none; see `mlp`.
        dtype: of the parameters.

    Raises:
        InvalidTopologyError: a node without its layer, a gap, an edge that skips a layer.
        TypeError: it is no networkx graph.

    >>> import gossamer as gs
    >>> t = gs.Topology([gs.Bipartite.from_mask([[1, 0], [1, 1]])])
    >>> from_networkx(t.to_networkx([[0.5, 1, 2]]))[0].weight.tolist()
    [0.5, 1.0, 2.0]
    """
    junctions, weights = graphs.from_networkx(graph)
    biases = _biases(graph, len(junctions))
    model = mlp(Topology(junctions), activation, bias=biases is not None, initialization=initialization, dtype=dtype)
    layers = [layer for layer in model if isinstance(layer, SparseLayer)]
    with torch.no_grad():
        for layer, values in zip(layers, weights or [], strict=weights is not None):
            layer.weight.copy_(torch.from_numpy(values))
        for layer, bias in zip(layers, biases or [], strict=biases is not None):
            assert layer.bias is not None
            layer.bias.copy_(bias)
    return model


def _biases(graph: Any, count: int) -> list[Tensor] | None:
    """Of each layer but the inputs; None if no node has one."""
    found: list[list[float]] = [[] for _ in range(count + 1)]
    known = False
    for node, attributes in graph.nodes(data=True):
        bias = attributes.get("bias", 0.0)
        known |= "bias" in attributes
        try:
            found[attributes["layer"]].append(float(bias))
        except (TypeError, ValueError):
            raise InvalidTopologyError(f"node {node!r} has bias={bias!r}, which is no number.") from None
    return [torch.tensor(values, dtype=torch.float64) for values in found[1:]] if known else None
