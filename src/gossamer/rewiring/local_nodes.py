"""CH3-L3 scores of empty places by the nodes on paths of length three: matrix products, whatever the degrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gossamer.nn import Structure, sparse_linear
from gossamer.rewiring.keys import Keys, junction_of
from gossamer.topology import Bipartite

BLOCK = 256
"""Rows of scores made at a time."""

TILE_PLACES = 1 << 26
"""Scores held at a time: 256 MiB."""

WALK_COST = 200
"""What one step of a sparse product costs in multiply-adds of a batched one (measured: 10 ns against .05)."""


def ch3_l3_blocks(graph: Bipartite) -> Iterator[tuple[int, Tensor]]:
    """CH3-L3 scores of all places, a few outputs (r, I) at a time, and the number of the first of them.

    With A (O, I) the mask, D = A Aᵀ the common inputs of two outputs and T = Aᵀ A the common outputs of two inputs, the
    nodes on paths from output u over an input t and an output w to input v count, each once, 1 / (1 + ext(w)) and
    1 / (1 + ext(t)), where ext is how many links a node has that lead neither to nodes on these paths nor to their end:

        score = e_D A + (e_T Aᵀ)ᵀ,  e_D[u, w] = 1 / (1 + max(0, deg(w) - D[u, w] - 1)) where D[u, w] > 0, e_T likewise.

    Each of the four products is a sparse layer with weights 1 on a batch of rows: 2 (I + O) E multiply-adds in all, in
    bounded memory. Scores at the junction's own edges mean nothing.

    References:
        Muscoloni, Abdelhamid, Cannistraci, "Local-community network automata modelling based on length-three-paths for
        prediction of complex network structures", 2018; the node version of Zhang et al., arXiv 2501.19107, 2025.
    """
    I, O = graph.in_features, graph.out_features
    rows = max(1, min(O, TILE_PLACES // I))
    whole = _Walks(graph)
    for top in range(0, O, rows):
        stop = min(O, top + rows)
        tile = whole if stop - top == O else _Walks(_rows_of(graph, top, stop))
        seen_from_inputs = torch.empty(I, stop - top)
        for start in range(0, I, BLOCK):
            shared = whole.to_inputs(whole.columns(start, min(I, start + BLOCK)))
            seen_from_inputs[start : start + BLOCK] = tile.to_outputs(_closeness(shared, whole.fan_out))
        for start in range(top, stop, BLOCK):
            end = min(stop, start + BLOCK)
            shared = whole.to_outputs(whole.rows(start, end))
            scores = whole.to_inputs(_closeness(shared, whole.fan_in))
            yield start, scores + seen_from_inputs[:, start - top : end - top].t()


def ch3_l3_products(graph: Bipartite) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The non-zero scores of `ch3_l3_blocks`, by sparse products: scores (n,) and places (n,), block by block.

    Costs one step for each path of length three: less where degrees are small against the widths.
    """
    A = graph.to_scipy(np.ones(graph.num_edges, dtype=np.float32))
    inputs = A.T.tocsr()
    seen_from_inputs = _sparse_closeness(inputs @ A, graph.fan_out).T.tocsr()
    for start in range(0, graph.out_features, BLOCK):
        rows = A[start : start + BLOCK]
        scores = (_sparse_closeness(rows @ inputs, graph.fan_in) @ A + rows @ seen_from_inputs).tocoo()
        places = (scores.row.astype(np.int64) + start) * graph.in_features + scores.col
        order = np.argsort(places)
        yield start, torch.from_numpy(scores.data[order]), torch.from_numpy(places[order])


class Score(Protocol):
    """Scores the empty places of a junction."""

    def __call__(self, graph: Bipartite, live: Keys) -> Iterator[tuple[Tensor, Tensor | int]]:
        """Scores (n,), with the ascending places (n,) or the first of n consecutive ones, block after block.

        Args:
            graph: the edges that stay.
            live: their keys; these places score 0 or are left out.
        """


@dataclass(frozen=True, slots=True)
class ByNodes:
    """CH3-L3 of Zhang et al. 2025: each node on a path of length three counts once, 2 (I + O) E multiply-adds."""

    def __call__(self, graph: Bipartite, live: Keys) -> Iterator[tuple[Tensor, Tensor | int]]:
        """The scores."""
        I, O = graph.in_features, graph.out_features
        inputs, outputs = graph.edges()
        walks = float((graph.fan_in.astype(np.float64)[outputs] * graph.fan_out[inputs]).sum())
        if walks * WALK_COST < (I + O) * graph.num_edges:
            for _, scores, places in ch3_l3_products(graph):
                yield without(scores, places, live)
            return
        for start, block in ch3_l3_blocks(graph):
            flat = block.contiguous().view(-1)
            low, high = np.searchsorted(live, [start * I, start * I + len(flat)])
            flat[torch.from_numpy(live[low:high] - start * I)] = 0
            yield flat, start * I


def without(scores: Tensor, places: Tensor, live: Keys) -> tuple[Tensor, Tensor]:
    """The scores and ascending places that are not live ones."""
    if not len(places):
        return scores, places
    low, high = np.searchsorted(live, [int(places[0]), int(places[-1]) + 1])
    is_empty = ~torch.isin(places, torch.from_numpy(live[low:high]), assume_unique=True)
    return scores[is_empty], places[is_empty]


class _Walks:
    """Products of batches with the mask of a junction."""

    def __init__(self, graph: Bipartite) -> None:
        inputs, outputs = graph.edges()
        keys = inputs.astype(np.int64) * graph.out_features + outputs
        keys.sort()
        self._graph = graph
        self._reverse = junction_of(keys, graph.out_features, graph.in_features)
        self._forward_structure = Structure.of(graph)
        self._reverse_structure = Structure.of(self._reverse)
        self._ones = torch.ones(graph.num_edges)
        self.fan_in = torch.from_numpy(graph.fan_in.astype(np.float32))
        self.fan_out = torch.from_numpy(graph.fan_out.astype(np.float32))

    @torch.no_grad()
    def to_outputs(self, x_BI: Tensor) -> Tensor:
        """X Aᵀ (B, O)."""
        return sparse_linear(x_BI, self._ones, None, structure=self._forward_structure)

    @torch.no_grad()
    def to_inputs(self, x_BO: Tensor) -> Tensor:
        """X A (B, I)."""
        return sparse_linear(x_BO, self._ones, None, structure=self._reverse_structure)

    def rows(self, start: int, stop: int) -> Tensor:
        """Rows of A, (B, I), stored feature by feature."""
        return _dense_rows(self._graph, start, stop)

    def columns(self, start: int, stop: int) -> Tensor:
        """Columns of A, transposed: (B, O), stored feature by feature."""
        return _dense_rows(self._reverse, start, stop)


def _dense_rows(graph: Bipartite, start: int, stop: int) -> Tensor:
    rows = torch.zeros(graph.in_features, stop - start)
    batch = np.repeat(np.arange(stop - start), graph.fan_in[start:stop])
    rows[torch.from_numpy(graph.row_indices(start, stop).astype(np.int64)), torch.from_numpy(batch)] = 1
    return rows.t()


def _rows_of(graph: Bipartite, start: int, stop: int) -> Bipartite:
    indptr = graph.indptr[start : stop + 1] - graph.indptr[start]
    return Bipartite(indptr, graph.row_indices(start, stop), in_features=graph.in_features)


def _closeness(shared: Tensor, degrees: Tensor) -> Tensor:
    return torch.where(shared > 0, 1 / (1 + (degrees - shared - 1).clamp_(min=0)), 0.0)


def _sparse_closeness(shared: Any, degrees: NDArray[np.int32]) -> Any:
    shared.data = 1 / (1 + np.maximum(0, degrees.astype(np.float32)[shared.indices] - shared.data - 1))
    return shared
