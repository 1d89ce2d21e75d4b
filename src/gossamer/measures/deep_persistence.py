"""Deep graph persistence: neural persistence of the network's paths instead of its layers.

References:
    Girrbach, Christensen, Winther, Akata, Koepke, "Addressing caveats of neural persistence with deep graph
    persistence", TMLR 2023, arXiv 2307.10865.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, require_known
from gossamer.measures.persistence import as_matrices, maximum_spanning_forest, total_of_forest

if TYPE_CHECKING:
    import scipy.sparse

_BLOCK_ENTRIES = 1 << 22


class DeepGraphPersistence(NamedTuple):
    """Persistence of S, rescaled to a largest entry of 1 as neural persistence does, and as it stands."""

    normalised: float
    """`total` over sqrt(I + O - 1), I inputs and O outputs of the network."""
    total: float
    """From 1 to sqrt(I + O)."""
    unscaled_normalised: float
    unscaled_total: float
    """Without rescaling S: the value of the authors' published function."""


class _Standardised(NamedTuple):
    """A layer's standardised |weights|, those of live edges stored, and the value that all pruned pairs have."""

    live: scipy.sparse.csr_array
    pruned: float


def deep_graph_persistence(
    weights: Iterable[ArrayLike | Any], *, support: Literal["all", "edges"] = "all"
) -> DeepGraphPersistence:
    """Neural persistence of S[i, k], the largest over input-output paths of the path's smallest weight.

    Each layer is standardised, |w - mean| / std, and all are divided by the network's largest value. No layer is made
    dense: time is E * I, memory one block of S.

    Args:
        weights: one (O, I) array or scipy matrix a layer.
        support: "all", as published: mean and std are over all pairs, and a pruned pair, standardised, is an edge like
            any other. "edges" (ours): over live edges only, and pruned pairs stay absent.

    Raises:
        InvalidTopologyError: as `neural_persistence`, or widths that do not fit.
        ValueError: another support.

    >>> result = deep_graph_persistence([[[0.5, 1.0], [0.2, 0.4]]])
    >>> round(result.total, 6)
    1.281663
    """
    standardise = require_known("support", support, {"all": _over_all_pairs, "edges": _over_live_edges})
    matrices = as_matrices(weights)
    for number, (before, after) in enumerate(itertools.pairwise(matrices)):
        if before.shape[0] != after.shape[1]:
            raise InvalidTopologyError(
                f"weights[{number}] has {before.shape[0]} outputs but weights[{number + 1}] has "
                f"{after.shape[1]} inputs; they must be equal."
            )
    layers = [standardise(matrix) for matrix in matrices]
    peak = max(max(layer.pruned, float(layer.live.data.max(initial=0.0))) for layer in layers) or 1.0
    forest = _forest([_Standardised(layer.live / peak, layer.pruned / peak) for layer in layers])
    nodes = matrices[0].shape[1] + matrices[-1].shape[0]
    top = float(forest.max(initial=0.0)) or 1.0
    total, unscaled = total_of_forest(forest / top, nodes), total_of_forest(forest, nodes)
    root = math.sqrt(nodes - 1)
    return DeepGraphPersistence(total / root, total, unscaled / root, unscaled)


def _over_all_pairs(matrix: scipy.sparse.csr_array) -> _Standardised:
    pairs = math.prod(matrix.shape)
    mean = float(matrix.data.sum()) / pairs
    variance = (float(np.square(matrix.data - mean).sum()) + (pairs - matrix.nnz) * mean * mean) / pairs
    live = matrix.copy()
    live.data = _ratio(np.abs(matrix.data - mean), math.sqrt(variance))
    pruned = float(_ratio(np.array([abs(mean)]), math.sqrt(variance))[0]) if matrix.nnz < pairs else 0.0
    return _Standardised(live, pruned)


def _over_live_edges(matrix: scipy.sparse.csr_array) -> _Standardised:
    live = matrix.copy()
    if matrix.nnz:
        live.data = _ratio(np.abs(matrix.data - matrix.data.mean()), float(matrix.data.std()))
    return _Standardised(live, 0.0)


def _ratio(values: NDArray[np.float64], std: float) -> NDArray[np.float64]:
    """Values / std, 0 in a constant layer."""
    return values / std if std > 0 else np.zeros_like(values)


def _forest(layers: list[_Standardised]) -> NDArray[np.float64]:
    """Positive weights of the maximum spanning forest of S, made block by block of its inputs."""
    I, O = layers[0].live.shape[1], layers[-1].live.shape[0]
    step = max(1, _BLOCK_ENTRIES // max(max(layer.live.shape) for layer in layers))
    inputs = outputs = np.empty(0, dtype=np.int32)
    values = np.empty(0)
    for start in range(0, I, step):
        S = _strongest_paths(layers, start, min(start + step, I))
        row, column = np.nonzero(S > 0)
        inputs = np.concatenate([inputs, (column + start).astype(np.int32)])
        outputs = np.concatenate([outputs, row.astype(np.int32)])
        values = np.concatenate([values, S[row, column]])
        # The forest of a union is the forest of its parts' forests: no more than I + O edges are carried on.
        kept = maximum_spanning_forest((O, I), (inputs, outputs), values)
        inputs, outputs, values = inputs[kept], outputs[kept], values[kept]
    return values


def _strongest_paths(layers: list[_Standardised], start: int, stop: int) -> NDArray[np.float64]:
    """S transposed, (O, stop - start), from inputs `start` to `stop - 1`: the max-min product of the layers."""
    first = layers[0]
    S = np.full((first.live.shape[0], stop - start), first.pruned)
    block = first.live[:, start:stop].tocoo()
    S[block.row, block.col] = block.data
    for layer in layers[1:]:
        S = _extended(S, layer)
    return S


def _extended(S: NDArray[np.float64], layer: _Standardised) -> NDArray[np.float64]:
    """The max-min product of one more layer with S, (neurons, inputs)."""
    live, pruned = layer
    result = np.zeros((live.shape[0], S.shape[1]))
    ranked = np.argsort(-S, axis=0) if pruned > 0 else None
    for k in range(live.shape[0]):
        edges = slice(live.indptr[k], live.indptr[k + 1])
        near = live.indices[edges]
        if len(near):
            result[k] = np.minimum(S[near], live.data[edges, None]).max(axis=0)
        if ranked is not None and len(near) < len(S):
            np.maximum(result[k], np.minimum(_best_elsewhere(S, ranked, near), pruned), out=result[k])
    return result


def _best_elsewhere(S: NDArray[np.float64], ranked: NDArray[np.intp], near: NDArray[np.int32]) -> NDArray[np.float64]:
    """For each column of S the largest entry whose row is not in `near`."""
    taken = np.zeros(len(S), dtype=bool)
    taken[near] = True
    place = np.zeros(S.shape[1], dtype=np.intp)
    columns = np.arange(S.shape[1])
    waiting = columns[taken[ranked[0]]]
    while len(waiting):
        place[waiting] += 1
        waiting = waiting[taken[ranked[place[waiting], waiting]]]
    return S[ranked[place, columns], columns]
