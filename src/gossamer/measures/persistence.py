"""Neural persistence: how far the strong weights of each layer hold it together, by its maximum spanning tree.

References:
    Rieck, Togninalli, Bock, Moor, Horn, Gumbsch, Borgwardt, "Neural Persistence: A Complexity Measure for Deep Neural
    Networks Using Algebraic Topology", ICLR 2019, arXiv 1812.09764. Their code appends the bias as one more input row;
    do so before the call to follow it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.measures import kernels

if TYPE_CHECKING:
    import scipy.sparse


class NeuralPersistence(NamedTuple):
    """Persistence of each layer and of the network, and the variance that it mostly follows."""

    per_layer: tuple[float, ...]
    """Each layer's total over sqrt(I + O - 1): 0 to slightly above 1."""
    mean: float
    """Plain mean of `per_layer`."""
    totals: tuple[float, ...]
    """sqrt(1 + sum over the tree of (1 - w')^2), from 1 to sqrt(I + O)."""
    weight_variance: float
    """Variance of w' over all entries of all layers, pruned ones as 0: persistence says little beyond it."""


def neural_persistence(weights: Iterable[ArrayLike | Any]) -> NeuralPersistence:
    """Neural persistence of a network, in time E log E; no layer is made dense.

    w' = |w| / max |w| over all layers. Each layer's maximum spanning tree (pruned pairs weigh 0) gives the total
    sqrt(1 + sum (1 - w')^2): the 1 is the class that never dies. All weights 0: totals sqrt(I + O).

    Args:
        weights: one (O, I) array or scipy matrix a layer; an entry of 0 is a pruned pair.

    Raises:
        InvalidTopologyError: no layer, one that is not a matrix with entries, or a weight that is not finite.

    >>> result = neural_persistence([[[0.5, 1.0], [0.2, 0.4]]])
    >>> round(result.totals[0], 6), round(result.mean, 6)
    (1.268858, 0.732575)
    """
    layers = as_matrices(weights)
    peak = max((float(np.abs(layer.data).max()) for layer in layers if layer.nnz), default=1.0)
    scaled = [abs(layer) / peak for layer in layers]
    totals = tuple(_total(layer) for layer in scaled)
    per_layer = tuple(total / math.sqrt(sum(m.shape) - 1) for total, m in zip(totals, scaled, strict=True))
    entries = sum(math.prod(layer.shape) for layer in scaled)
    mean = math.fsum(float(layer.data.sum()) for layer in scaled) / entries
    # Pruned entries are all alike, so the variance needs the live ones and a count.
    spread = math.fsum(float(np.square(layer.data - mean).sum()) for layer in scaled)
    pruned = entries - sum(layer.nnz for layer in scaled)
    variance = (spread + pruned * mean * mean) / entries
    return NeuralPersistence(per_layer, sum(per_layer) / len(per_layer), totals, variance)


def as_matrices(weights: Iterable[ArrayLike | Any]) -> list[scipy.sparse.csr_array]:
    """The layers as float64 CSR matrices without stored zeros."""
    import scipy.sparse

    layers = []
    for number, given in enumerate(weights):
        array: Any = given if scipy.sparse.issparse(given) else np.asarray(given, dtype=np.float64)
        if array.ndim != 2 or 0 in array.shape:
            raise InvalidTopologyError(f"weights[{number}] has shape {array.shape}; it must be (outputs, inputs).")
        layer = scipy.sparse.csr_array(array, dtype=np.float64, copy=True)
        layer.sum_duplicates()
        layer.eliminate_zeros()
        if not np.isfinite(layer.data).all():
            wrong = layer.data[~np.isfinite(layer.data)][0]
            raise InvalidTopologyError(f"weights[{number}] contains {wrong}; weights must be finite.")
        layers.append(layer)
    if not layers:
        raise InvalidTopologyError("weights is empty; a network has at least one layer.")
    return layers


def _total(layer: scipy.sparse.csr_array) -> float:
    coordinates = layer.tocoo()
    edges = coordinates.col.astype(np.int32), coordinates.row.astype(np.int32)
    kept = maximum_spanning_forest(layer.shape, edges, coordinates.data)
    return total_of_forest(coordinates.data[kept], sum(layer.shape))


def maximum_spanning_forest(
    shape: Sequence[int], edges: tuple[NDArray[np.int32], NDArray[np.int32]], weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Places of the edges (inputs, outputs) that make the maximum spanning forest of an (O, I) graph."""
    O, I = shape
    order = np.argsort(-weights, kind="stable")
    return kernels.spanning_forest(I + O, edges[0], edges[1] + np.int32(I), order)


def total_of_forest(weights: NDArray[np.float64], nodes: int) -> float:
    """sqrt(1 + sum (1 - w)^2) over a spanning tree: the forest's edges, joined by edges of weight 0."""
    missing = nodes - 1 - len(weights)
    return math.sqrt(1 + missing + float(np.square(1 - weights).sum()))
