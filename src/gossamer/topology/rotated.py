"""One junction described by k offsets: every input is joined to its own number plus each offset, wrapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, require_int
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction
from gossamer.topology.memory import frozen
from gossamer.topology.rows import MAX_EDGES, as_index_array

_BLOCK = 1 << 20
"""Outputs whose fan-in is computed at a time."""


@final
class Rotated(Junction):
    """Edge (i, j) exists iff (j - i) mod O is one of the offsets: k wrapped diagonals, k * 4 bytes at any width.

    Args:
        offsets: the positions of the ones in the vector that is rotated, shape (k,), distinct, 0 to O - 1.
        in_features: number of inputs I.
        out_features: number of outputs O.

    Raises:
        InvalidTopologyError: offsets out of range or given twice, no offset, more than 2**31 - 1 edges.
        TypeError: offsets that are not integer.

    References:
        Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683, 2017.

    >>> g = Rotated([0, 1], in_features=3, out_features=3)
    >>> g.to_mask().T.astype(int)
    array([[1, 1, 0],
           [0, 1, 1],
           [1, 0, 1]])
    """

    __slots__ = ("_in_features", "_offsets", "_out_features")

    def __init__(self, offsets: ArrayLike, *, in_features: int, out_features: int) -> None:
        self._in_features = require_int("in_features", in_features, low=1, high=MAX_EDGES)
        self._out_features = require_int("out_features", out_features, low=1, high=MAX_EDGES)
        values = np.sort(as_index_array("offsets", offsets))
        if not values.size:
            raise InvalidTopologyError("offsets is empty; a rotated junction has at least one.")
        if values[0] < 0 or values[-1] >= out_features:
            wrong = values[0] if values[0] < 0 else values[-1]
            raise InvalidTopologyError(f"offset {wrong} is not allowed: 0 to {out_features - 1} is.")
        twice = np.flatnonzero(np.diff(values) == 0)
        if twice.size:
            raise InvalidTopologyError(f"offset {values[twice[0]]} is given more than once.")
        if len(values) * in_features > MAX_EDGES:
            raise InvalidTopologyError(f"{len(values) * in_features} edges are too many: {MAX_EDGES} is the most.")
        self._offsets = frozen(values)

    @property
    def offsets(self) -> NDArray[np.int32]:
        """The offsets, shape (k,), ascending, read-only."""
        return self._offsets

    @property
    def in_features(self) -> int:
        """Number of inputs I."""
        return self._in_features

    @property
    def out_features(self) -> int:
        """Number of outputs O."""
        return self._out_features

    @property
    def num_edges(self) -> int:
        """I * k."""
        return self._in_features * len(self._offsets)

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Where each output's edges begin, shape (O + 1,), made anew at each call."""
        starts = np.zeros(self._out_features + 1, dtype=np.int32)
        np.cumsum(self.fan_in, out=starts[1:])
        return starts

    @property
    def indices(self) -> NDArray[np.int32]:
        """The input of each edge, shape (E,), made anew at each call."""
        return np.concatenate(list(self._blocks()))

    @property
    def fan_in(self) -> NDArray[np.int32]:
        """Edges into each output, shape (O,)."""
        return self._fan_in(0, self._out_features)

    @property
    def fan_out(self) -> NDArray[np.int32]:
        """Edges out of each input, shape (I,): k for all."""
        return np.full(self._in_features, len(self._offsets), dtype=np.int32)

    @property
    def nbytes(self) -> int:
        """4 bytes an offset."""
        return self._offsets.nbytes

    def row_indices(self, start: int, stop: int) -> NDArray[np.int32]:
        """The inputs of the edges of outputs `start` to `stop - 1`."""
        outputs = np.arange(start, stop, dtype=np.int64)[:, None]
        residues = np.sort((outputs - self._offsets) % self._out_features, axis=1)
        turns = np.arange(-(-self._in_features // self._out_features), dtype=np.int64) * self._out_features
        inputs = residues[:, None, :] + turns[:, None]
        return inputs[inputs < self._in_features].astype(np.int32)

    def _fan_in(self, start: int, stop: int) -> NDArray[np.int32]:
        """Edges into outputs `start` to `stop - 1`: those of whole turns, and of the inputs left over.

        Left over are the inputs 0 to `rest - 1`; with offset o they reach outputs o to o + rest - 1, wrapped.
        """
        turns, rest = divmod(self._in_features, self._out_features)
        outputs, first = np.arange(start, stop), self._offsets.astype(np.int64)
        begun, ended = (np.searchsorted(ends, outputs, side="right") for ends in (first, first + rest))
        not_yet_ended = len(first) - np.searchsorted(first + rest - self._out_features, outputs, side="right")
        return (turns * len(first) + begun - ended + not_yet_ended).astype(np.int32)

    def _fan_in_blocks(self) -> Iterator[NDArray[np.int32]]:
        for start in range(0, self._out_features, _BLOCK):
            yield self._fan_in(start, min(start + _BLOCK, self._out_features))

    def _blocks(self) -> Iterator[NDArray[np.int32]]:
        if self._in_features >= self._out_features:  # rows have as many places as edges, or twice as many
            yield from super()._blocks()
            return
        inputs = np.arange(self._in_features, dtype=np.int64)[:, None]
        keys = ((inputs + self._offsets) % self._out_features * self._in_features + inputs).ravel()
        keys.sort()
        yield (keys % self._in_features).astype(np.int32)

    def to_bipartite(self) -> Bipartite:
        """The same junction with its edges written out."""
        return Bipartite(self.indptr, self.indices, in_features=self._in_features)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Rotated):
            return self._size() == other._size() and np.array_equal(self._offsets, other._offsets)
        return super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()

    def __repr__(self) -> str:
        k = len(self._offsets)
        shown = ", ".join(str(offset) for offset in self._offsets[:8]) + (", ..." if k > 8 else "")
        return f"Rotated([{shown}], in_features={self._in_features}, out_features={self._out_features})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._offsets, self._in_features, self._out_features)


def _restore(offsets: NDArray[np.int32], in_features: int, out_features: int) -> Rotated:
    return Rotated(offsets, in_features=in_features, out_features=out_features)
