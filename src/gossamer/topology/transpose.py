"""A junction's edges sorted by input."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction


class Columns(NamedTuple):
    """Compressed sparse columns: the edges of input `i` lie at `indptr[i]` to `indptr[i + 1] - 1`.

    `outputs` (E,) is the output of each edge, ascending within an input; `edges` (E,) its number in edge order.
    """

    indptr: NDArray[np.int32]
    outputs: NDArray[np.int32]
    edges: NDArray[np.int32]


def transpose(junction: Junction) -> Columns:
    """Sort the edges by input in O(E).

    >>> from gossamer import Bipartite
    >>> transpose(Bipartite.from_mask([[1, 0], [1, 1]])).outputs
    array([0, 1, 1], dtype=int32)
    """
    if native.extension is not None and type(junction) is Bipartite:
        sizes = (junction.in_features + 1, junction.num_edges, junction.num_edges)
        columns = Columns(*(np.empty(size, dtype=np.int32) for size in sizes))
        native.extension.transposed(junction.indptr, junction.indices, *columns)
        return columns
    matrix = junction.to_scipy(np.arange(junction.num_edges, dtype=np.int32)).tocsc()
    return Columns(matrix.indptr, matrix.indices, matrix.data)
