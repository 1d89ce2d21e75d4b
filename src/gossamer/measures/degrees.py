"""Degrees of the neurons, dead units, and connected components: all in time linear in the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.measures import closed_forms
from gossamer.measures.folding import Graph, Weights, biadjacency, fold, layers_of, weights_of

if TYPE_CHECKING:
    import scipy.sparse


class DegreeStatistics(NamedTuple):
    """Summary of one side's degrees: mean, standard deviation over mean, Gini coefficient, least and most."""

    mean: float
    cv: float
    gini: float
    least: float
    most: float


def degree_statistics(degrees: NDArray[np.number]) -> DegreeStatistics:
    """Summarise degrees or node strengths of shape (n,).

    cv = std / mean from 0 to sqrt(n - 1); gini = sum_ij |d_i - d_j| / (2 n^2 mean) from 0 (all equal) to 1 - 1/n.
    Both are 0 where every degree is 0.

    >>> degree_statistics(np.array([2, 2, 2, 2]))
    DegreeStatistics(mean=2.0, cv=0.0, gini=0.0, least=2.0, most=2.0)
    >>> degree_statistics(np.array([0, 4])).gini
    0.5
    """
    d = np.sort(np.asarray(degrees, dtype=np.float64))
    n, total = len(d), float(d.sum())
    if total == 0:
        return DegreeStatistics(0.0, 0.0, 0.0, 0.0, 0.0)
    gini = float(np.dot(2 * np.arange(1, n + 1) - n - 1, d)) / (n * total)
    return DegreeStatistics(total / n, float(d.std()) * n / total, gini, float(d[0]), float(d[-1]))


def fan_in_statistics(g: Graph) -> DegreeStatistics:
    """Statistics of the fan-in of every neuron that has a layer before it.

    >>> from gossamer import Bipartite
    >>> fan_in_statistics(Bipartite.from_mask([[1, 1], [0, 1]])).mean
    1.5
    """
    return degree_statistics(np.concatenate([layer.fan_in for layer in layers_of(g)]))


def fan_out_statistics(g: Graph) -> DegreeStatistics:
    """Statistics of the fan-out of every neuron that has a layer after it.

    >>> from gossamer import Bipartite
    >>> fan_out_statistics(Bipartite.from_mask([[1, 1], [0, 1]])).mean
    1.5
    """
    return degree_statistics(np.concatenate([layer.fan_out for layer in layers_of(g)]))


class DeadUnits(NamedTuple):
    """Units that the network cannot use: inputs without an edge out, outputs without an edge in."""

    inputs: int
    outputs: int


def dead_units(g: Graph) -> DeadUnits:
    """Count units with fan-out 0 and units with fan-in 0, over all layers; 0 to I and 0 to O.

    A hidden unit of a network may count on both sides. Without edges every unit is dead.

    >>> from gossamer import Bipartite
    >>> dead_units(Bipartite([0, 0, 1], [0], in_features=3))
    DeadUnits(inputs=2, outputs=1)
    """
    layers = layers_of(g)
    inputs = sum(int(np.count_nonzero(layer.fan_out == 0)) for layer in layers)
    outputs = sum(int(np.count_nonzero(layer.fan_in == 0)) for layer in layers)
    return DeadUnits(inputs, outputs)


def component_labels(g: Graph, weights: Weights | None = None) -> NDArray[np.int32]:
    """The component of each neuron of the folded graph, shape (I + O,), inputs first; weight 0 joins nothing.

    >>> from gossamer import Bipartite
    >>> component_labels(Bipartite.from_mask([[1, 0], [0, 1]])).tolist()
    [0, 1, 0, 1]
    """
    return labels_of_biadjacency(biadjacency(g, weights))


def labels_of_biadjacency(B: scipy.sparse.csr_array) -> NDArray[np.int32]:
    """As `component_labels`, of a matrix (O, I) whose stored entries are the edges."""
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    O, I = B.shape
    indptr = np.concatenate([np.zeros(I, dtype=B.indptr.dtype), B.indptr])
    # Rows of outputs only: connected_components adds the transposed half itself.
    square = scipy.sparse.csr_array((np.ones(B.nnz, dtype=np.int8), B.indices, indptr), shape=(I + O, I + O))
    labels: NDArray[np.int32] = connected_components(square, directed=False)[1]
    return labels


def components(g: Graph) -> int:
    """Number of connected components, 1 to the number of neurons; isolated neurons count, each as one.

    >>> from gossamer import Rotated
    >>> components(Rotated([0, 2], in_features=4, out_features=4))
    2
    """
    junction = fold(g)
    if closed_forms.is_circulant(junction):
        return closed_forms.circulant_components(junction)
    return int(component_labels(junction).max()) + 1


def node_strength(g: Graph, weights: Weights | None = None) -> float:
    """Mean over all neurons of the sum of |w| at their edges, 2 sum |w| / N, at least 0; mean degree without weights.

    References:
        Cunegatti, Bucur, Iacca, "Understanding Sparse Neural Networks from their Topology via Multipartite Graph
        Representations", TMLR 2024.

    >>> from gossamer import Bipartite
    >>> node_strength(Bipartite.from_mask([[1, 1]]), [-3.0, 3.0])
    4.0
    """
    layers = layers_of(g)
    total = (
        sum(layer.num_edges for layer in layers)
        if weights is None
        else sum(float(np.abs(w).sum()) for w in weights_of(g, weights))
    )
    return 2.0 * total / (layers[0].in_features + sum(layer.out_features for layer in layers))
