"""Inference on the native kernels, and by scipy.

Neurons of these nets come in sets of 16 and more that read the same inputs, but lie apart. The engine numbers the
outputs of every layer so that they are neighbours, which only renames the next layer's inputs: groups run as small
dense blocks. Every edge is still multiplied for every image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from gossamer.errors import require_int
from gossamer.runtime.linear import Linear, Stack
from gossamer.timing.graph_challenge.nets import CEILING, Net
from gossamer.topology import Bipartite

Weighted = tuple[Bipartite, NDArray[np.float32]]
_BLOCK_BYTES = 256 << 20


class Engine:
    """A net, made ready.

    Args:
        net: of the challenge.
        threads: of the kernels.
        skip: layers after which images without an entry are left out, such as (1, 2, 4, 8); none for all work done.
    """

    def __init__(self, net: Net, *, threads: int, skip: Sequence[int] = ()) -> None:
        self.neurons = net.neurons
        self._threads = require_int("threads", threads, low=1)
        bias = np.full(net.neurons, net.bias, np.float32)
        layers = [Linear(g, weights, bias, "clipped", CEILING) for g, weights in renumbered(net.layers)]
        ends = sorted({require_int("skip", end, low=1) for end in skip if end < len(layers)} | {len(layers)})
        self._parts = [Stack(layers[first:last]) for first, last in zip([0, *ends], ends, strict=False)]

    def __call__(self, images: scipy.sparse.csr_array) -> NDArray[np.int64]:
        """The numbers, from 1, of the images (count, N) that have an entry after the last layer."""
        block = max(1, _BLOCK_BYTES // (4 * self.neurons) // 64 * 64)
        found = [self._block(images[first : first + block]) + first for first in range(0, images.shape[0], block)]
        return np.concatenate([*found, np.empty(0, np.int64)]) + 1

    def _block(self, images: scipy.sparse.csr_array) -> NDArray[np.int64]:
        alive = np.arange(images.shape[0])
        y: NDArray[np.float32] = images.T.toarray().T  # stored pixel by pixel
        for part in self._parts:
            y = part(y, self._threads)
            living = np.flatnonzero(y.T.max(axis=0, initial=0) > 0)
            if len(living) < len(alive):
                alive, y = alive[living], np.take(y.T, living, axis=1).T
            if not len(alive):
                break
        return alive


def renumbered(layers: Sequence[Weighted]) -> list[Weighted]:
    """The same net with the outputs of each layer in such an order that those with the same inputs are neighbours.

    Which images have an entry does not depend on the order of the last layer's outputs.

    >>> g = Bipartite.from_mask([[1, 0], [0, 1], [1, 0], [0, 1]])
    >>> [(new, _)] = renumbered([(g, np.ones(4, np.float32))])
    >>> new.to_mask().astype(int).tolist()
    [[1, 0], [1, 0], [0, 1], [0, 1]]
    """
    names: NDArray[np.int64] | None = None  # the new number of each input
    found = []
    for g, weights in layers:
        matrix = g.to_scipy(weights)
        if names is not None:
            matrix = scipy.sparse.csr_array((matrix.data, names[matrix.indices], matrix.indptr), shape=matrix.shape)
            matrix.sort_indices()
        order = _order(matrix)
        matrix = matrix[order]
        names = np.empty(len(order), np.int64)
        names[order] = np.arange(len(order))
        found.append((Bipartite(matrix.indptr, matrix.indices, in_features=g.in_features), matrix.data))
    return found


def _order(matrix: scipy.sparse.csr_array) -> NDArray[np.int64]:
    """Rows with the same entries behind one another, in the order of the first of each kind."""
    first: dict[bytes, int] = {}
    starts, indices = matrix.indptr, matrix.indices
    rows = (indices[starts[j] : starts[j + 1]].tobytes() for j in range(matrix.shape[0]))
    kinds = np.array([first.setdefault(row, len(first)) for row in rows])
    return np.argsort(kinds, kind="stable")


def by_scipy(net: Net, images: scipy.sparse.csr_array) -> NDArray[np.int64]:
    """The same answer by scipy alone, in float64: rows stay sparse."""
    y = scipy.sparse.csr_array(images, dtype=np.float64)
    for g, weights in net.layers:
        y = y @ g.to_scipy(weights.astype(np.float64)).T.tocsr()
        y.data = np.minimum(np.maximum(y.data + net.bias, 0), CEILING)
        y.eliminate_zeros()
    return np.flatnonzero(np.diff(y.indptr)) + 1
