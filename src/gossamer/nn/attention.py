"""Networks on the nodes of a graph: attention by gates that close edges, by softmax, or none.

The graph is a junction of nodes to nodes, and the kernels of sparse layers do the work: values of nodes are kept
channel by channel, (C, N), so that a sum over neighbours is a sparse layer whose batch is the channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gossamer.nn.functional import sparse_linear
from gossamer.nn.hard_concrete import HardConcrete
from gossamer.nn.structure import Structure
from gossamer.topology import Bipartite, Junction

if TYPE_CHECKING:
    import scipy.sparse


class Edges(NamedTuple):
    """The edges of a graph with a self loop at every node, in edge order.

    Attributes:
        structure: N inputs, N outputs.
        source: (E,), the node whose value goes along the edge.
        target: (E,), the node that it goes to.
    """

    structure: Structure
    source: Tensor
    target: Tensor

    @classmethod
    def of(cls, junction: Junction) -> Edges:
        """Add the self loops that are missing.

        Raises:
            ValueError: the junction does not join nodes to the same nodes.
        """
        nodes = junction.in_features
        if junction.out_features != nodes:
            raise ValueError(f"a junction of {nodes} to {junction.out_features} is no graph of nodes to themselves.")
        inputs, outputs = (np.asarray(ends, dtype=np.int64) for ends in junction.edges())
        keys = np.union1d(outputs * nodes + inputs, np.arange(nodes) * (nodes + 1))
        sources, targets = keys % nodes, keys // nodes
        looped = Bipartite.from_edges(sources, targets, in_features=nodes, out_features=nodes)
        return cls(Structure.of(looped), torch.from_numpy(sources), torch.from_numpy(targets))

    @property
    def loops(self) -> Tensor:
        """Which edges are self loops, (E,)."""
        return self.source == self.target


@dataclass(frozen=True)
class NodeFeatures:
    """Features of nodes as a junction of features to nodes, with values."""

    structure: Structure
    values: Tensor

    @classmethod
    def of(cls, features: scipy.sparse.csr_array) -> NodeFeatures:
        """Of a scipy matrix (N, F)."""
        junction = Bipartite.from_scipy(features)
        matrix = features.tocsr()
        matrix.sort_indices()
        return cls(Structure.of(junction), torch.tensor(matrix.data, dtype=torch.float32))

    def projected(self, weight: Tensor, dropout: float) -> Tensor:
        """X Wᵀ as (C, N), for a weight (C, F); each non-zero feature is left out with a probability."""
        return sparse_linear(weight, functional.dropout(self.values, dropout), None, structure=self.structure)


class Mixing(Protocol):
    """Says with which weights nodes take up their neighbours' values."""

    def __call__(self, layer: int, h: Tensor, before: Mixed | None) -> Mixed:
        """Weights for `layer`, whose values are `h` (heads, C, N); `before` is what the layer before had."""


class Mixed(NamedTuple):
    """Weights of the edges.

    Attributes:
        weights: (heads, E) or (1, E) for all heads, or None if nodes do not see each other.
        logits: log α of the gates (E,), or None without gates.
    """

    weights: Tensor | None
    logits: Tensor | None


class Gated(nn.Module):
    """One hard-concrete gate an edge, from the first head of the first layer, for all heads and layers.

    z_ij of logit a_l·h_i + a_r·h_j + b, 1 for self loops; weights z_ij / Σ_i z_ij over what comes into j.

    References:
        Y. Ye, S. Ji, "Sparse Graph Attention Networks", 1912.00552; code SGAT @8732b17.
    """

    def __init__(self, edges: Edges, channels: int, gates: HardConcrete | None = None) -> None:
        super().__init__()
        self.edges, self.gates = edges, HardConcrete() if gates is None else gates
        self.left, self.right = (nn.Parameter(_xavier(1, channels)[0]) for _ in range(2))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, layer: int, h: Tensor, before: Mixed | None) -> Mixed:
        """See `Mixing`."""
        if before is not None:
            return before
        source, target = self.edges.source, self.edges.target
        logits = (self.left @ h[0])[source] + (self.right @ h[0])[target] + self.bias
        gates = self.gates.sample(logits) if self.training else self.gates.expected(logits)
        gates = torch.where(self.edges.loops, 1.0, gates)
        sums = gates.new_zeros(h.shape[2]).index_add(0, target, gates)
        return Mixed((gates / sums[target]).unsqueeze(0), logits)


class Softmax(nn.Module):
    """Attention of every head and layer by softmax of LeakyReLU(a_l·h_i + a_r·h_j) over what comes into a node.

    References:
        P. Veličković et al., "Graph Attention Networks", ICLR 2018, equation 3.
    """

    def __init__(self, edges: Edges, shapes: list[tuple[int, int]]) -> None:
        super().__init__()
        self.edges = edges
        self.left, self.right = (nn.ParameterList([_xavier(*shape) for shape in shapes]) for _ in range(2))

    def forward(self, layer: int, h: Tensor, before: Mixed | None) -> Mixed:
        """See `Mixing`."""
        source, target = self.edges.source, self.edges.target
        left = torch.einsum("hc,hcn->hn", self.left[layer], h)
        right = torch.einsum("hc,hcn->hn", self.right[layer], h)
        scores = functional.leaky_relu(left[:, source] + right[:, target], 0.2)
        tops = scores.new_full((len(h), h.shape[2]), -torch.inf)
        tops = tops.scatter_reduce(1, target.expand_as(scores), scores.detach(), "amax")
        powers = torch.exp(scores - tops[:, target])
        sums = powers.new_zeros(len(h), h.shape[2]).index_add(1, target, powers)
        return Mixed(powers / sums[:, target], None)


class Alone(nn.Module):
    """Nodes do not see each other: a multilayer perceptron."""

    def forward(self, layer: int, h: Tensor, before: Mixed | None) -> Mixed:
        """See `Mixing`."""
        return Mixed(None, None)


class GraphNetwork(nn.Module):
    """Two layers over the nodes of a graph: heads of hidden channels, ELU, then classes.

    Args:
        edges: of the graph.
        features: F of a node.
        hidden: channels of a head.
        heads: of the first layer; the second has one.
        classes: C.
        mixing: how neighbours are taken up.
        dropout: probability that an input or hidden value, and that an edge's weight, is left out.

    Shapes: `NodeFeatures` to logits (N, C).
    """

    def __init__(
        self,
        edges: Edges,
        mixing: nn.Module,
        *,
        features: int,
        classes: int,
        hidden: int = 64,
        heads: int = 2,
        dropout: tuple[float, float] = (0.4, 0.3),
    ) -> None:
        super().__init__()
        self.edges, self.mixing, self.heads, self.dropout = edges, mixing, heads, dropout
        self.first = nn.Parameter(_xavier(heads * hidden, features))
        self.second = nn.Parameter(_xavier(classes, heads * hidden))

    def forward(self, features: NodeFeatures) -> Tensor:
        """Logits (N, C)."""
        return self.run(features)[0]

    def run(self, features: NodeFeatures) -> tuple[Tensor, Mixed]:
        """Logits (N, C), and the weights of the first layer's edges."""
        share = self.dropout[0] if self.training else 0.0
        h = features.projected(self.first, share)
        first = self.mixing(0, h.view(self.heads, -1, h.shape[1]), None)
        h = functional.dropout(functional.elu(self._taken_up(h, first)), share)
        h = self.second @ h
        second = self.mixing(1, h.unsqueeze(0), first)
        return self._taken_up(h, second).T, first

    def _taken_up(self, h: Tensor, mixed: Mixed) -> Tensor:
        if mixed.weights is None:
            return h
        weights = functional.dropout(mixed.weights, self.dropout[1], self.training)
        parts = zip(h.chunk(len(weights)), weights, strict=True)
        return torch.cat([sparse_linear(part, each, None, structure=self.edges.structure) for part, each in parts])


def _xavier(rows: int, columns: int) -> Tensor:
    """As in the published code, gain √2."""
    return nn.init.xavier_normal_(torch.empty(rows, columns), gain=2**0.5)
