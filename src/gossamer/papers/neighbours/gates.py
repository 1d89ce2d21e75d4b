"""Which edges of a graph a network needs: sparse graph attention, plain attention, and no edges at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import nn

from gossamer.distances import nnstd
from gossamer.measures import components
from gossamer.nn.attention import Alone, Edges, Gated, GraphNetwork, Softmax
from gossamer.papers.neighbours import gates_judged
from gossamer.papers.neighbours.part import Cell, Part
from gossamer.probes.finding import Number
from gossamer.seeds import stream, torch_seed
from gossamer.topology import Bipartite
from gossamer.training.data.graphs import NodeGraph, load_graph, planted_blocks, planted_strangers
from gossamer.training.nodes import NodeConfig, fit_nodes, open_edges

PLANTED = {"planted blocks": planted_blocks, "planted strangers": planted_strangers}
MATCHED = 3000
"""Most nodes of a graph whose NNSTD is taken: the assignment is of nodes to nodes."""


@dataclass(frozen=True, slots=True)
class Net:
    """A kind of network.

    Args:
        mixing: gated, softmax or alone.
        hidden: channels of a head.
        heads: of the first layer.
        dropout: of values and of edges' weights.
        rate: of Adam.
        patience: in epochs.
    """

    mixing: str
    hidden: int = 64
    heads: int = 2
    dropout: tuple[float, float] = (0.4, 0.3)
    rate: float = 0.01
    patience: int = 150


NETS = {
    "SGAT": Net("gated"),
    "GAT": Net("softmax"),
    "GAT, 8 heads of 8": Net("softmax", hidden=8, heads=8, dropout=(0.6, 0.6), rate=0.005, patience=100),
    "MLP": Net("alone"),
}
"""SGAT as its authors set it for Cora; GAT of the same size and training, and as its own authors set it; no edges."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """How much is tried on one graph.

    Args:
        penalties: λ of SGAT: the authors' 1e-6 first, then ours.
        seeds: how many; seed s takes split s of a graph's splits, round and round.
        nets: kinds of network.
    """

    penalties: tuple[float, ...]
    seeds: int
    nets: tuple[str, ...] = ("SGAT", "GAT", "MLP")


@dataclass(frozen=True, slots=True)
class Graphs:
    """What is measured.

    Args:
        trials: by graph.
        settings: how networks are trained, but for what `NETS` says.
    """

    trials: Mapping[str, Strengths] = field(
        default_factory=lambda: {
            "planted blocks": Strengths((1e-6, 1e-3, 3e-3, 1e-2, 3e-2), 10),
            "planted strangers": Strengths((1e-6, 1e-3, 3e-3, 1e-2, 3e-2), 10),
            "texas": Strengths((1e-6, 1e-4, 1e-3, 1e-2), 10),
            "cornell": Strengths((1e-6, 1e-4, 1e-3, 1e-2), 10),
            "cora": Strengths((1e-6, 1e-5), 5, tuple(NETS)),
            "actor": Strengths((1e-6, 1e-5, 1e-4), 10),
        }
    )
    settings: NodeConfig = field(default_factory=NodeConfig)


def cells(graphs: Graphs) -> list[Cell]:
    """One a seed, graph, kind of network and penalty; a whole seed before the next one."""
    most = max(trial.seeds for trial in graphs.trials.values())
    return [
        {"graph": graph, "net": net, "penalty": penalty, "seed": seed}
        for seed in range(most)
        for graph, trial in graphs.trials.items()
        if seed < trial.seeds
        for net in trial.nets
        for penalty in (trial.penalties if NETS[net].mixing == "gated" else (0.0,))
    ]


def measure(settings: NodeConfig, cell: Cell) -> dict[str, Number]:
    """Train one network, and measure the graph before and after."""
    net, seed = NETS[str(cell["net"])], int(cell["seed"] or 0)
    name = str(cell["graph"])
    graph = PLANTED[name](rng=stream(seed, "planted graph")) if name in PLANTED else load_graph(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "weights"))
        model = network(net, graph)
        config = replace(settings, rate=net.rate, patience=net.patience, penalty=float(cell["penalty"] or 0))
        found = fit_nodes(model, graph, graph.splits[seed % len(graph.splits)], config)
    left = open_edges(model, graph)
    return {
        "test": found.test,
        "validation": found.validation,
        "epochs": found.epochs,
        "edges": graph.junction.num_edges,
        **compared(graph, left),
    }


def network(net: Net, graph: NodeGraph) -> GraphNetwork:
    """An untrained network of a kind for a graph."""
    edges = Edges.of(graph.junction)
    mixing = _mixing(net, edges, graph.num_classes)
    sizes = {"features": graph.features.shape[1], "classes": graph.num_classes}
    return GraphNetwork(edges, mixing, **sizes, hidden=net.hidden, heads=net.heads, dropout=net.dropout)


def compared(graph: NodeGraph, left: Bipartite) -> dict[str, Number]:
    """The graph that is left beside the one that was: both are junctions."""
    signal, noise = _closed(graph, left)
    small = len(graph.labels) <= MATCHED
    return {
        "removed": 1 - left.num_edges / graph.junction.num_edges,
        "closed_signal": signal,
        "closed_noise": noise,
        "components_before": int(components(graph.junction)),
        "components_after": int(components(left)),
        "nnstd": nnstd(graph.junction, left).mean if small else None,
    }


def _closed(graph: NodeGraph, left: Bipartite) -> tuple[float | None, float | None]:
    """Shares closed of the edges that are signal and of those that are noise; None if there are none.

    Noise is what the graph says, else edges between nodes of different classes.
    """
    inputs, outputs = (np.asarray(ends, dtype=np.int64) for ends in graph.junction.edges())
    noise = graph.labels[inputs] != graph.labels[outputs] if graph.noise is None else graph.noise
    kept_inputs, kept_outputs = (np.asarray(ends, dtype=np.int64) for ends in left.edges())
    nodes = len(graph.labels)
    kept = np.isin(outputs * nodes + inputs, kept_outputs * nodes + kept_inputs)
    signal, other = (float(1 - kept[kind].mean()) if kind.any() else None for kind in (~noise, noise))
    return signal, other


def _mixing(net: Net, edges: Edges, classes: int) -> nn.Module:
    if net.mixing == "gated":
        return Gated(edges, net.hidden)
    return Softmax(edges, [(net.heads, net.hidden), (1, classes)]) if net.mixing == "softmax" else Alone()


PART = Part("gates", 1, cells, measure, gates_judged.conclude)
