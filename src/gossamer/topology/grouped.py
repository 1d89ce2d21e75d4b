"""One junction described by a smaller one: its neurons stand for groups, its edges for all edges between two groups."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError, require_int
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction
from gossamer.topology.rows import MAX_EDGES


@final
class Grouped(Junction):
    """A blow-up of a junction: `base` times a matrix of ones (g, h), in 1 / (g h) of the bytes.

    Neighbouring outputs of a group read the same inputs: the weights of a group are a small dense matrix.

    Args:
        base: the junction between groups.
        outputs: outputs of a group g, at least 1.
        inputs: inputs of a group h, at least 1.

    Raises:
        InvalidTopologyError: more than 2**31 - 1 neurons or edges.
        TypeError: a base that is no `Bipartite`.

    >>> g = Grouped(Bipartite([0, 1, 2], [1, 0], in_features=2), outputs=2)
    >>> g.to_mask().astype(int)
    array([[0, 1],
           [0, 1],
           [1, 0],
           [1, 0]])
    """

    __slots__ = ("_base", "_inputs", "_outputs")

    def __init__(self, base: Bipartite, *, outputs: int = 1, inputs: int = 1) -> None:
        if not isinstance(base, Bipartite):
            raise TypeError(f"base is {type(base).__name__}; a Bipartite is needed.")
        self._base = base
        self._outputs = require_int("outputs", outputs, low=1, high=MAX_EDGES)
        self._inputs = require_int("inputs", inputs, low=1, high=MAX_EDGES)
        for name, size in (("inputs", self.in_features), ("outputs", self.out_features), ("edges", self.num_edges)):
            if size > MAX_EDGES:
                raise InvalidTopologyError(f"{size} {name} are too many: {MAX_EDGES} is the most.")

    @property
    def base(self) -> Bipartite:
        """The junction between groups, (O / g) outputs and (I / h) inputs."""
        return self._base

    @property
    def group(self) -> tuple[int, int]:
        """Outputs and inputs of a group, (g, h)."""
        return self._outputs, self._inputs

    @property
    def in_features(self) -> int:
        """Number of inputs I."""
        return self._base.in_features * self._inputs

    @property
    def out_features(self) -> int:
        """Number of outputs O."""
        return self._base.out_features * self._outputs

    @property
    def num_edges(self) -> int:
        """The base's edges times g h."""
        return self._base.num_edges * self._outputs * self._inputs

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Where each output's edges begin, shape (O + 1,), made anew at each call."""
        starts = np.zeros(self.out_features + 1, dtype=np.int32)
        np.cumsum(self.fan_in, out=starts[1:])
        return starts

    @property
    def indices(self) -> NDArray[np.int32]:
        """The input of each edge, shape (E,), made anew at each call."""
        return self.row_indices(0, self.out_features)

    @property
    def fan_in(self) -> NDArray[np.int32]:
        """Edges into each output, shape (O,)."""
        return np.repeat(self._base.fan_in * np.int32(self._inputs), self._outputs)

    @property
    def fan_out(self) -> NDArray[np.int32]:
        """Edges out of each input, shape (I,)."""
        return np.repeat(self._base.fan_out * np.int32(self._outputs), self._inputs)

    @property
    def nbytes(self) -> int:
        """The base's."""
        return self._base.nbytes

    def row_indices(self, start: int, stop: int) -> NDArray[np.int32]:
        """The inputs of the edges of outputs `start` to `stop - 1`."""
        members = np.arange(self._inputs, dtype=np.int32)
        indptr, indices = self._base.indptr, self._base.indices
        groups = np.arange(start, stop) // self._outputs
        lengths = np.diff(indptr)[groups]
        firsts = np.repeat(indptr[groups].astype(np.int64) - (np.cumsum(lengths) - lengths), lengths)
        of_base = indices[firsts + np.arange(len(firsts))]
        return (of_base[:, None] * np.int32(self._inputs) + members).ravel()

    def to_bipartite(self) -> Bipartite:
        """The same junction with its edges written out."""
        return Bipartite(self.indptr, self.indices, in_features=self.in_features)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Grouped) and self.group == other.group:
            return self._base == other._base
        return super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()

    def __repr__(self) -> str:
        return f"Grouped({self._base!r}, outputs={self._outputs}, inputs={self._inputs})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._base, self._outputs, self._inputs)


def _restore(base: Bipartite, outputs: int, inputs: int) -> Grouped:
    return Grouped(base, outputs=outputs, inputs=inputs)


def compact(junction: Junction) -> Junction:
    """The same junction as a `Grouped` one with the largest groups there are, or itself if no neighbours are alike.

    >>> compact(Bipartite.from_mask([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])).group
    (2, 2)
    """
    if isinstance(junction, Grouped):
        base, (outputs, inputs) = compact(junction.base), junction.group
        if not isinstance(base, Grouped):
            return junction
        return Grouped(base.base, outputs=outputs * base.group[0], inputs=inputs * base.group[1])
    if not isinstance(junction, Bipartite):
        return junction
    outputs = _common_group(junction.indptr, junction.indices)
    few = Bipartite.from_scipy(junction.to_scipy()[::outputs])
    columns = few.to_scipy().tocsc()
    inputs = _common_group(columns.indptr, columns.indices)
    if outputs == inputs == 1:
        return junction
    base = Bipartite.from_scipy(columns[:, ::inputs].tocsr())
    return Grouped(base, outputs=outputs, inputs=inputs)


def as_grouped(junction: Junction, outputs: int) -> Junction:
    """The same junction as a `Grouped` one with so many outputs a group, or itself if they do not read the same.

    >>> as_grouped(Bipartite.from_mask([[1, 0], [1, 0], [0, 1], [0, 1]]), 2).base.to_mask().astype(int)
    array([[1, 0],
           [0, 1]])
    """
    if not isinstance(junction, Bipartite) or outputs < 2 or junction.out_features % outputs:
        return junction
    indptr, lengths = junction.indptr, junction.fan_in[::outputs]
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    entries = np.repeat(indptr[:-1:outputs] - starts[:-1], lengths) + np.arange(starts[-1])
    base = Bipartite(starts, junction.indices[entries], in_features=junction.in_features)
    found = Grouped(base, outputs=outputs)
    return found if found == junction else junction


def _common_group(indptr: NDArray[np.int32], indices: NDArray[np.int32]) -> int:
    """The largest number of neighbouring rows, dividing all rows, within which each row is like the next."""
    lengths = np.diff(indptr)
    same = lengths[1:] == lengths[:-1]
    before = np.repeat(np.concatenate([[0], lengths[:-1]]), lengths)  # of each entry: how far back its twin lies
    entries = np.arange(len(indices))
    differs = indices != indices[np.maximum(entries - before, 0)]
    rows = np.repeat(np.arange(len(lengths)), lengths)[differs]
    same[rows[rows > 0] - 1] = False
    return int(np.gcd.reduce(np.append(np.flatnonzero(~same) + 1, len(lengths))))
