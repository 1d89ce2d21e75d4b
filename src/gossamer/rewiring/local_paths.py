"""CH3-L3 scores of empty places by paths: every path of length three counts, and is walked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gossamer.rewiring.keys import Keys
from gossamer.rewiring.local_nodes import without
from gossamer.topology import Bipartite
from gossamer.topology.transpose import Columns, transpose

WALKS = 1 << 20
"""Paths held at a time: some 50 MB (but all those of one output)."""


@dataclass(frozen=True, slots=True)
class ByPaths:
    """CH3-L3 of Zhang et al. 2024: a path from output u over t and w to input v counts 1 / sqrt((1 + e_t) (1 + e_w)).

    e is how many links a node has that lead neither to nodes on the paths between u and v nor to u or v. Costs some
    steps for each path, sum over edges of fan-in times fan-out: for layers whose degrees are small.

    References:
        Muscoloni, Abdelhamid, Cannistraci, "Local-community network automata modelling based on length-three-paths for
        prediction of complex network structures", 2018, CH3-L3.
        Zhang, Zhao, Wu, Muscoloni, Cannistraci, "Epitopological learning and Cannistraci-Hebb network shape
        intelligence brain-inspired theory for ultra-sparse advantage in deep learning", ICLR 2024.
    """

    def __call__(self, graph: Bipartite, live: Keys) -> Iterator[tuple[Tensor, Tensor | int]]:
        """The scores above 0."""
        for scores, places in ch3_l3_paths(graph):
            yield without(torch.from_numpy(scores), torch.from_numpy(places), live)


def ch3_l3_paths(graph: Bipartite) -> Iterator[tuple[NDArray[np.float32], Keys]]:
    """Scores (n,) and places (n,) of all pairs that a path joins, some outputs at a time, in ascending order.

    Scores at the junction's own edges mean nothing.
    """
    by_input = transpose(graph)
    walks = np.zeros(graph.out_features)
    inputs, outputs = graph.edges()
    onwards = np.bincount(inputs, graph.fan_in[outputs], minlength=graph.in_features)  # ways of two edges from it
    np.add.at(walks, outputs, onwards[inputs])
    blocks = np.cumsum(walks) // WALKS
    for block in np.split(np.arange(graph.out_features), np.flatnonzero(np.diff(blocks)) + 1):
        yield _scores(graph, by_input, int(block[0]), int(block[-1]) + 1)


def _scores(graph: Bipartite, by_input: Columns, start: int, stop: int) -> tuple[NDArray[np.float32], Keys]:
    import scipy.sparse

    I, O = graph.in_features, graph.out_features
    u = np.repeat(np.arange(start, stop), np.diff(graph.indptr[start : stop + 1]))
    first, w = _followed(by_input.indptr, by_input.outputs, graph.row_indices(start, stop))
    u, t = u[first], graph.row_indices(start, stop).astype(np.int64)[first]
    u, t, w = (ends[u != w] for ends in (u, t, w))
    near_u = _weights(u * O + w, graph.fan_in[w])
    path, v = _followed(graph.indptr, graph.indices, w)
    path, v = path[v != t[path]], v[v != t[path]]
    near_v = _weights(((u[path] - start) * I + t[path]) * I + v, np.diff(by_input.indptr)[t[path]])
    values = near_u[path] * near_v
    matrix = scipy.sparse.coo_array((values, (u[path] - start, v)), shape=(stop - start, I)).tocsr()
    places = np.repeat(np.arange(start, stop), np.diff(matrix.indptr)) * I + matrix.indices
    return matrix.data.astype(np.float32), places


def _followed(
    indptr: NDArray[np.int32], ends: NDArray[np.int32], nodes: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of `nodes` all `ends` of its edges: the position of the node, and the end."""
    counts = np.diff(indptr)[nodes]
    position = np.repeat(np.arange(len(nodes)), counts)
    within = np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)
    return position, ends[indptr[nodes][position] + within].astype(np.int64)


def _weights(pairs: Keys, degrees: NDArray[np.int32]) -> NDArray[np.float64]:
    """1 / sqrt(1 + e) of a node on each path, where as many of `pairs` are equal as the node has links inside."""
    _, which, shared = np.unique(pairs, return_inverse=True, return_counts=True)
    return np.asarray(1 / np.sqrt(1 + np.maximum(0, degrees - shared[which] - 1)), dtype=np.float64)
