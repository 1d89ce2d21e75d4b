"""Graphs whose nodes have features and classes, as values; and those that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import DataUnavailableError, require_int, require_known, require_rng
from gossamer.topology import Bipartite
from gossamer.training.data import folders, graph_files

if TYPE_CHECKING:
    import scipy.sparse

Split = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Numbers of the nodes to train on, to validate on and to test on."""


@dataclass(frozen=True, eq=False, repr=False)
class NodeGraph:
    """An undirected graph of N nodes with features and classes.

    Args:
        name: what it is called.
        junction: N inputs, N outputs, each edge in both directions, no node to itself.
        features: (N, F), scipy CSR of finite numbers; rows may be empty.
        labels: (N,), integers from 0.
        splits: nodes to train, validate and test on.
        source: who made it.
        licence: under which terms.
        dropped: self loops that were given and left out: attention adds one to every node.
        noise: which edges (E,) are known to be noise, or None.

    Raises:
        ValueError: parts that do not fit each other, edges in one direction, self loops, values that are not finite.

    >>> planted_blocks(nodes=40, rng=np.random.default_rng(0))
    NodeGraph('planted blocks', 40 nodes, 113 edges, 16 features, 2 classes, 1 split)
    """

    name: str
    junction: Bipartite
    features: scipy.sparse.csr_array
    labels: NDArray[np.int64]
    splits: tuple[Split, ...]
    source: str
    licence: str
    dropped: int = 0
    noise: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        nodes = len(self.labels)
        shape = (self.junction.in_features, self.junction.out_features)
        if shape != (nodes, nodes) or self.features.shape[0] != nodes:
            raise ValueError(f"{nodes} labels, a junction of {shape} and features of {self.features.shape} do not fit.")
        inputs, outputs = self.junction.edges()
        if (inputs == outputs).any():
            raise ValueError(f"node {inputs[inputs == outputs][0]} is joined to itself; leave self loops out.")
        if not np.array_equal(np.sort(inputs * np.int64(nodes) + outputs), np.sort(outputs * np.int64(nodes) + inputs)):
            raise ValueError("some edges go in one direction only; give each in both.")
        if not np.isfinite(self.features.data).all():
            raise ValueError("features has values that are not finite.")
        for split in self.splits:
            if any(len(part) == 0 or part.min() < 0 or part.max() >= nodes for part in split):
                raise ValueError(f"a split has an empty part or nodes beyond the {nodes} there are.")

    @property
    def num_edges(self) -> int:
        """Undirected edges."""
        return self.junction.num_edges // 2

    @property
    def num_classes(self) -> int:
        """Classes C."""
        return int(self.labels.max()) + 1

    @property
    def isolated(self) -> int:
        """Nodes without neighbours: attention sees themselves alone."""
        return int((self.junction.fan_in == 0).sum())

    @property
    def homophily(self) -> float:
        """Share of edges between nodes of one class, 0 to 1; NaN without edges."""
        inputs, outputs = self.junction.edges()
        return float((self.labels[inputs] == self.labels[outputs]).mean()) if len(inputs) else float("nan")

    def __repr__(self) -> str:
        many = "" if len(self.splits) == 1 else "s"
        parts = f"{len(self.labels)} nodes, {self.num_edges} edges, {self.features.shape[1]} features"
        alone = f", {self.isolated} isolated" if self.isolated else ""
        return f"NodeGraph({self.name!r}, {parts}, {self.num_classes} classes, {len(self.splits)} split{many}{alone})"


def undirected(ends: ArrayLike, *, nodes: int) -> tuple[Bipartite, int]:
    """The junction of undirected edges (E, 2), given once or twice, and how many self loops were left out.

    Raises:
        ValueError: ends that are no node.

    >>> junction, loops = undirected([[0, 1], [1, 0], [2, 2]], nodes=3)
    >>> junction.num_edges, loops
    (2, 1)
    """
    given = np.asarray(ends)
    pairs = given.astype(np.int64).reshape(-1, 2) if np.isfinite(given).all() else np.empty((0, 2), np.int64)
    if pairs.size != given.size or not np.array_equal(pairs.ravel(), given.ravel()):
        raise ValueError("an edge ends at something that is no whole number.")
    wrong = pairs[(pairs < 0) | (pairs >= nodes)]
    if len(wrong):
        raise ValueError(f"an edge ends at node {wrong[0]}; 0 to {nodes - 1} are there.")
    loops = pairs[:, 0] == pairs[:, 1]
    both = np.concatenate([pairs[~loops], pairs[~loops][:, ::-1]])
    keys = np.unique(both[:, 0] * nodes + both[:, 1])
    junction = Bipartite.from_edges(keys // nodes, keys % nodes, in_features=nodes, out_features=nodes)
    return junction, int(loops.sum())


def planted_blocks(
    *, nodes: int = 200, degree: float = 4.0, noise: float = 2.0, signal: float = 0.5, rng: np.random.Generator
) -> NodeGraph:
    """Two blocks of nodes with edges inside, and noise edges between them.

    No score of the form f(i) + g(j) tells these noise edges from the others: for two blocks that is exclusive or.

    Args:
        nodes: in all, at least 4.
        degree: mean edges of a node to its own block.
        noise: mean edges of a node to the other block.
        signal: by how many standard deviations the blocks' means differ in each of 16 Gaussian features.
        rng: decides all.
    """
    labels = np.arange(require_int("nodes", nodes, low=4)) * 2 // nodes
    rng = require_rng(rng)
    same = labels[:, None] == labels[None, :]
    odds = np.where(same, degree, noise) * 2 / nodes
    means = np.outer(labels - 0.5, np.full(16, signal))
    return _planted("planted blocks", odds, labels, means, np.arange(nodes), lambda i, j: labels[i] != labels[j], rng)


def planted_strangers(
    *, nodes: int = 200, degree: float = 4.0, noise: float = 2.0, signal: float = 0.5, rng: np.random.Generator
) -> NodeGraph:
    """Two blocks of nodes, and a fifth of all nodes that belong to none: their edges are noise.

    Strangers have a random class, no signal in the features that tell classes apart, and one feature that marks them.
    They are neither trained on nor tested on.

    Args:
        nodes: in all, at least 10.
        degree: mean edges of a node to its own block.
        noise: mean edges of a node of a block to strangers.
        signal: by how many standard deviations the blocks' means differ in each of 16 Gaussian features.
        rng: decides all.
    """
    strangers = np.arange(require_int("nodes", nodes, low=10)) >= nodes - nodes // 5
    rng = require_rng(rng)
    residents = int((~strangers).sum())
    labels = np.where(strangers, rng.integers(0, 2, nodes), np.arange(nodes) * 2 // residents).clip(0, 1)
    odds = np.where(labels[:, None] == labels[None, :], degree * 2 / residents, 0.0)
    odds = np.where(strangers[:, None] != strangers[None, :], noise / strangers.sum(), odds)
    odds = np.where(strangers[:, None] & strangers[None, :], 0.0, odds)
    means = np.outer(np.where(strangers, 0.0, labels - 0.5), np.append(np.full(16, signal), 0.0))
    means[strangers, -1] = 4.0
    judged = np.flatnonzero(~strangers)
    return _planted("planted strangers", odds, labels, means, judged, lambda i, j: strangers[i] | strangers[j], rng)


def _planted(
    name: str,
    odds: NDArray[np.float64],
    labels: NDArray[np.int64],
    means: NDArray[np.float64],
    judged: NDArray[np.int64],
    is_noise: Callable[[Any, Any], Any],
    rng: np.random.Generator,
) -> NodeGraph:
    """Edges at the given odds, features around the given means; a fifth of the judged nodes trains, one validates."""
    import scipy.sparse

    nodes = len(labels)
    junction, _ = undirected(np.argwhere(np.triu(rng.random((nodes, nodes)) < odds, 1)), nodes=nodes)
    features = scipy.sparse.csr_array(means + rng.normal(size=means.shape))
    order = rng.permutation(judged)
    train, validation, test = (np.sort(part) for part in np.split(order, [len(order) // 5, 2 * len(order) // 5]))
    noise = np.asarray(is_noise(*junction.edges()))
    split = (train, validation, test)
    return NodeGraph(name, junction, features, labels, (split,), "drawn here", "none needed", noise=noise)


@dataclass(frozen=True)
class GraphEntry:
    """What is known of a graph before it is read.

    Args:
        name: of the graph.
        files: one file of it, and the folders it may lie in.
        read: reads the folder.
        source: who made it.
        licence: under which terms.
    """

    name: str
    file: str
    subfolders: tuple[str, ...]
    read: Callable[[Path], graph_files.Raw]
    source: str
    licence: str

    def load(self) -> NodeGraph:
        """Read it; rows of features are divided by their sums, as is customary.

        Raises:
            DataUnavailableError: it is not on this machine.
            DataFileError: a file of it is damaged.
        """
        place = next((p for p in folders.places(*self.subfolders) if (p / self.file).is_file()), None)
        if place is None:
            searched = ", ".join(str(folder) for folder in folders.search_folders())
            raise DataUnavailableError(
                f"{self.name} is not in {searched}. To get it: name in {folders.VARIABLE} a folder with "
                f"{self.subfolders[0]}/{self.file}; it is not downloaded."
            )
        raw = self.read(place)
        junction, loops = undirected(raw.edges, nodes=len(raw.labels))
        features = _rows_sum_to_one(raw.features)
        return NodeGraph(self.name, junction, features, raw.labels, raw.splits, self.source, self.licence, loops)


def load_graph(name: str) -> NodeGraph:
    """Read a graph by its name: cora, cornell, texas or actor.

    Raises:
        ValueError: there is no graph of this name.
        DataUnavailableError: it is not on this machine.
        DataFileError: a file of it is damaged.
    """
    return require_known("graph", name, GRAPHS).load()


def _rows_sum_to_one(features: Any) -> scipy.sparse.csr_array:
    import scipy.sparse

    sums = np.asarray(features.sum(1)).ravel()
    return scipy.sparse.csr_array(scipy.sparse.diags_array(1 / np.where(sums > 0, sums, 1)) @ features)


_WEBKB = "WebKB of CMU, as github graphdml-uiuc-jlu/geom-gcn ships it"
_NODES = "out1_node_feature_label.txt"
GRAPHS = {
    entry.name: entry
    for entry in (
        GraphEntry("cora", "cora.npz", ("cora",), graph_files.read_planetoid, "github kimiyoung/planetoid", "MIT"),
        GraphEntry("cornell", _NODES, ("geom-gcn/cornell", "cornell"), graph_files.read_geom, _WEBKB, "none named"),
        GraphEntry("texas", _NODES, ("geom-gcn/texas", "texas"), graph_files.read_geom, _WEBKB, "none named"),
        GraphEntry(
            "actor",
            _NODES,
            ("geom-gcn/film", "film", "actor"),
            graph_files.read_geom,
            "H. Pei et al., Actor co-occurrence, as github graphdml-uiuc-jlu/geom-gcn ships it",
            "none named",
        ),
    )
}
"""Every known graph by name."""
