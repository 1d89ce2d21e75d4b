"""Training of networks on the nodes of one graph: all nodes in every step, labels of some."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gossamer.errors import TrainingDivergedError, require_fraction, require_int
from gossamer.nn.attention import Gated, GraphNetwork, Mixed, NodeFeatures
from gossamer.topology import Bipartite
from gossamer.training.data.graphs import NodeGraph, Split


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """How a network of nodes is trained.

    Args:
        epochs: at most.
        patience: epochs without a better validation accuracy or loss after which training ends.
        rate: of Adam.
        decay: L2 penalty on all parameters.
        penalty: λ, for each edge that is expected to be open.
    """

    epochs: int = 1000
    patience: int = 150
    rate: float = 0.01
    decay: float = 5e-4
    penalty: float = 1e-6

    def __post_init__(self) -> None:
        require_int("epochs", self.epochs, low=1)
        require_int("patience", self.patience, low=1)
        for name in ("rate", "decay", "penalty"):
            require_fraction(name, getattr(self, name), high=math.inf if name == "penalty" else 1.0)


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What came of it, at the epoch of the best validation accuracy.

    Attributes:
        validation: accuracy, 0 to 1.
        test: accuracy, 0 to 1.
        epochs: trained.
        seconds: they took.
    """

    validation: float
    test: float
    epochs: int
    seconds: float


def fit_nodes(model: GraphNetwork, graph: NodeGraph, split: Split, config: NodeConfig) -> NodeResult:
    """Train in place, and put the model back to the epoch of its best validation accuracy (least loss among equals).

    Randomness (dropout, gates) is torch's global generator.

    Raises:
        TrainingDivergedError: the loss is no longer finite.
    """
    features, labels = NodeFeatures.of(graph.features), torch.from_numpy(graph.labels)
    train, validation, test = (torch.from_numpy(part) for part in split)
    adam = torch.optim.Adam(model.parameters(), lr=config.rate, weight_decay=config.decay)
    best, state, least, highest, since = (-1.0, -math.inf), model.state_dict(), math.inf, -1.0, 0
    started, epoch = time.perf_counter(), 0
    while epoch < config.epochs and since < config.patience:
        epoch += 1
        _step(model, features, labels, train, adam, config.penalty)
        loss, accuracy = _judged(model, features, labels, validation)
        since = 0 if loss < least or accuracy > highest else since + 1
        least, highest = min(loss, least), max(accuracy, highest)
        if (accuracy, -loss) > best:
            best, state = (accuracy, -loss), copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    tested = _judged(model, features, labels, test)[1]
    return NodeResult(best[0], tested, epoch, time.perf_counter() - started)


def open_edges(model: GraphNetwork, graph: NodeGraph) -> Bipartite:
    """The edges that a trained network still uses, self loops left out: those of positive weight at test.

    >>> import numpy as np
    >>> from gossamer.nn.attention import Edges
    >>> from gossamer.training.data.graphs import planted_blocks
    >>> graph = planted_blocks(nodes=40, rng=np.random.default_rng(0))
    >>> edges = Edges.of(graph.junction)
    >>> model = GraphNetwork(edges, Gated(edges, 8), features=16, classes=2, hidden=8)
    >>> 0 <= open_edges(model, graph).num_edges <= graph.junction.num_edges
    True
    """
    mixed = _at_test(model, NodeFeatures.of(graph.features))[1]
    used = ~model.edges.loops
    used = torch.zeros_like(used) if mixed.weights is None else used & (mixed.weights > 0).any(0)
    nodes = len(graph.labels)
    ends = (model.edges.source[used].numpy(), model.edges.target[used].numpy())
    return Bipartite.from_edges(*ends, in_features=nodes, out_features=nodes)


def _step(
    model: GraphNetwork, features: NodeFeatures, labels: Tensor, train: Tensor, adam: torch.optim.Adam, rate: float
) -> None:
    model.train()
    outputs, mixed = model.run(features)
    loss = functional.cross_entropy(outputs[train], labels[train])
    if mixed.logits is not None and isinstance(model.mixing, Gated):
        loss = loss + rate * model.mixing.gates.open_probability(mixed.logits).sum()
    if not torch.isfinite(loss):
        raise TrainingDivergedError(f"the loss is {float(loss.detach())}; a smaller rate than that given may help.")
    adam.zero_grad()
    loss.backward()
    adam.step()


def _judged(model: GraphNetwork, features: NodeFeatures, labels: Tensor, nodes: Tensor) -> tuple[float, float]:
    outputs = _at_test(model, features)[0][nodes]
    loss = functional.cross_entropy(outputs, labels[nodes])
    return float(loss), float((outputs.argmax(1) == labels[nodes]).double().mean())


@torch.no_grad()
def _at_test(model: GraphNetwork, features: NodeFeatures) -> tuple[Tensor, Mixed]:
    model.eval()
    return model.run(features)
