"""Which edges of a graph a network on its nodes needs: sparse graph attention, trained and looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
import torch

from gossamer.distances import MatchedDistance, nnstd
from gossamer.errors import require_int, require_rng
from gossamer.measures import components
from gossamer.nn.attention import Edges, Gated, GraphNetwork
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.finding import Finding, Number
from gossamer.topology import Bipartite
from gossamer.training.data.graphs import NodeGraph
from gossamer.training.nodes import NodeConfig, NodeResult, fit_nodes, open_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MATCHED = 3000
"""Most nodes of a graph whose NNSTD is taken: the assignment is of nodes to nodes."""


@final
@dataclass(frozen=True, eq=False)
class GraphGates(Finding):
    """A graph before and after its gates closed.

    Attributes:
        before: the graph, a junction of nodes to nodes.
        after: the edges with weight at test.
        result: accuracies, epochs and seconds.
        distance: NNSTD of the two; None for more than 3000 nodes.
    """

    before: Bipartite
    after: Bipartite
    result: NodeResult
    distance: MatchedDistance | None

    equation: ClassVar[str] = "z_ij = clip(1.2 σ((a_l·h_i + a_r·h_j + b) / β) − 0.1, 0, 1); removed: z_ij = 0"

    @property
    def closed_share(self) -> float:
        """Share of the edges that were closed, 0 to 1."""
        edges = self.before.num_edges
        return 1 - self.after.num_edges / edges if edges else 0.0

    def record(self) -> Mapping[str, Number]:
        """Accuracies, edges, the share removed, components and the distance."""
        return {
            "test_accuracy": self.result.test,
            "validation_accuracy": self.result.validation,
            "gates_edges": self.before.num_edges,
            "gates_closed": self.closed_share,
            "components_before": int(components(self.before)),
            "components_after": int(components(self.after)),
            "gates_nnstd": None if self.distance is None else self.distance.mean,
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many nodes have how many neighbours, before and after."""
        ax = axes_or_new(ax)
        most = int(self.before.fan_in.max(initial=0))
        for name, junction in (("before", self.before), ("after", self.after)):
            counts = np.bincount(junction.fan_in, minlength=most + 1)
            there = np.flatnonzero(counts)
            ax.plot(there + 1, counts[there], marker=".", linestyle="none", label=name)
        title = f"{100 * self.closed_share:.3g} % of the edges closed by gates"
        ax.set(xlabel="neighbours + 1", ylabel="nodes", xscale="log", yscale="log", title=title)
        ax.legend()
        return ax


def graph_gates(
    graph: NodeGraph,
    *,
    rng: np.random.Generator | int,
    penalty: float = 1e-6,
    split: int = 0,
    config: NodeConfig | None = None,
) -> GraphGates:
    """Train sparse graph attention on a graph, and say which edges it uses.

    Self loops are always open and not counted; isolated nodes see themselves alone.

    Args:
        graph: of nodes with classes.
        rng: decides weights, dropout and gates.
        penalty: λ for each edge that is expected to be open; published: 1e-6.
        split: which of the graph's splits.
        config: how it is trained, but for its penalty.

    Raises:
        ValueError: no such split; a penalty below 0.
        TypeError: no `NodeGraph`.

    References:
        Y. Ye, S. Ji, "Sparse Graph Attention Networks", 1912.00552; settings of the code SGAT @8732b17 for Cora.

    >>> from gossamer.training.data.graphs import planted_strangers
    >>> found = graph_gates(planted_strangers(rng=0), rng=0, penalty=1e-2, config=NodeConfig(epochs=5))
    >>> found.before.num_edges >= found.after.num_edges
    True
    """
    if not isinstance(graph, NodeGraph):
        raise TypeError(f"graph is {type(graph).__name__}, not a NodeGraph, such as load_graph gives.")
    require_int("split", split, low=0, high=len(graph.splits) - 1)
    seed = int(require_rng(rng).integers(2**63))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        edges = Edges.of(graph.junction)
        sizes = {"features": graph.features.shape[1], "classes": graph.num_classes}
        model = GraphNetwork(edges, Gated(edges, 64), **sizes)
        settings = replace(NodeConfig() if config is None else config, penalty=penalty)
        result = fit_nodes(model, graph, graph.splits[split], settings)
    left = open_edges(model, graph)
    small = len(graph.labels) <= MATCHED
    return GraphGates(graph.junction, left, result, nnstd(graph.junction, left) if small else None)
