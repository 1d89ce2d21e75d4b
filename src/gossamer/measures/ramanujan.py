"""How close a junction is to a Ramanujan graph, also where its degrees differ.

References:
    Hoang, Liu, Marculescu, Wang, "Revisiting Pruning at Initialization through the Lens of Ramanujan Graph",
    ICLR 2023; subgraphs as in the authors' code (VITA-Group/ramanujan-on-pai).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gossamer.measures.adjacency import largest_two
from gossamer.measures.folding import Graph, Weights, layers_of, weights_of

if TYPE_CHECKING:
    import scipy.sparse

LEAST_DEGREE = 3


def imdb(g: Graph) -> float:
    """Iterative mean difference of bound: the mean over subgraphs of sqrt(d_L - 1) + sqrt(d_R - 1) - s_2.

    For every degree d that inputs of a layer have, the subgraph of just those inputs and the outputs they reach is
    d-left-regular; it counts if d and the mean degree of its outputs are at least 3. A network's subgraphs are those
    of its layers.

    Returns:
        A number from -sqrt(I O) to sqrt(I) + sqrt(O); nan where no subgraph counts.

    >>> from gossamer import Bipartite
    >>> imdb(Bipartite.from_mask([[1] * 5] * 5))
    4.0
    """
    margins = [_margin(matrix) for matrix in _left_regular(g)]
    return float(np.mean(margins)) if margins else math.nan


def weighted_spectral_gap(g: Graph, weights: Weights) -> float:
    """Mean of s_1 - s_2 of |W| over the subgraphs of `imdb`, at least 0; nan where no subgraph counts.

    >>> from gossamer import Bipartite
    >>> round(weighted_spectral_gap(Bipartite.from_mask([[1] * 3] * 3), [2.0] * 9), 6)
    6.0
    """
    gaps = [first - second for first, second in map(largest_two, _left_regular(g, weights))]
    return float(np.mean(gaps)) if gaps else math.nan


def _margin(matrix: scipy.sparse.csr_array) -> float:
    degrees = (matrix.nnz / size for size in matrix.shape)
    return sum(math.sqrt(d - 1) for d in degrees) - largest_two(matrix)[1]


def _left_regular(g: Graph, weights: Weights | None = None) -> Iterator[scipy.sparse.csr_array]:
    """The left-regular subgraphs that count, without the outputs that they do not reach."""
    layers = layers_of(g)
    values = [None] * len(layers) if weights is None else [np.abs(w) for w in weights_of(g, weights)]
    for layer, weight in zip(layers, values, strict=True):
        matrix, degrees = layer.to_scipy(weight), layer.fan_out
        for degree in np.unique(degrees[degrees >= LEAST_DEGREE]):
            chosen = matrix[:, degrees == degree]
            reached = chosen[np.diff(chosen.indptr) > 0]
            if reached.nnz >= LEAST_DEGREE * reached.shape[0]:
                yield reached
