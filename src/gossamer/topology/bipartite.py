"""One junction, stored as compressed sparse rows by output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer import native
from gossamer.errors import InvalidTopologyError, require_int
from gossamer.topology import convert
from gossamer.topology.junction import Junction
from gossamer.topology.memory import frozen
from gossamer.topology.rows import MAX_EDGES, Rows, as_index_array, from_edges

if TYPE_CHECKING:
    import networkx


@final
class Bipartite(Junction):
    """A junction with an explicit list of edges: 4 bytes an edge and 4 an output.

    Args:
        indptr: where each output's edges begin, shape (O + 1,), from 0 to E, not descending.
        indices: the input of each edge, shape (E,), 0 to I - 1, strictly ascending within an output.
        in_features: number of inputs I.

    Raises:
        InvalidTopologyError: shapes that do not fit, unsorted or duplicate edges, inputs out of range.
        TypeError: arrays that are not integer.

    >>> g = Bipartite([0, 2, 3], [0, 2, 1], in_features=3)
    >>> g
    Bipartite(in_features=3, out_features=2, num_edges=3, density=0.5)
    >>> g.to_mask().astype(int)
    array([[1, 0, 1],
           [0, 1, 0]])
    """

    __slots__ = ("_digest", "_in_features", "_indices", "_indptr")

    def __init__(self, indptr: ArrayLike, indices: ArrayLike, *, in_features: int) -> None:
        self._in_features = require_int("in_features", in_features, low=1, high=MAX_EDGES)
        if not _are_rows(indptr, indices, self._in_features):  # or say what is wrong
            indptr, indices = as_index_array("indptr", indptr), as_index_array("indices", indices)
            _check_rows(indptr, indices, self._in_features)
        self._indptr = frozen(indptr)  # type: ignore[arg-type]
        self._indices = frozen(indices)  # type: ignore[arg-type]
        self._digest: str | None = None

    @classmethod
    def from_edges(cls, inputs: ArrayLike, outputs: ArrayLike, *, in_features: int, out_features: int) -> Self:
        """Make a junction of edges in any order: `inputs[e]` joined to `outputs[e]`, both of shape (E,).

        Raises:
            InvalidTopologyError: an end out of range, an edge given twice, lists of different lengths.

        >>> Bipartite.from_edges([2, 0], [0, 1], in_features=3, out_features=2).indices
        array([2, 0], dtype=int32)
        """
        return cls._of(from_edges(inputs, outputs, in_features=in_features, out_features=out_features))

    @classmethod
    def from_mask(cls, mask: Any) -> Self:
        """Make a junction of a mask (O, I) of bools, zeros and ones.

        Args:
            mask: laid out like `torch.nn.Linear.weight`: an array, a tensor, nested lists or a scipy sparse matrix.

        Raises:
            InvalidTopologyError: another shape, values other than 0 and 1.
            TypeError: a dtype that is neither bool nor numeric.

        >>> Bipartite.from_mask([[1, 0, 1], [0, 1, 0]]).edges()
        (array([0, 2, 1], dtype=int32), array([0, 0, 1], dtype=int32))
        """
        return cls._of(convert.from_mask(mask))

    @classmethod
    def from_scipy(cls, matrix: Any) -> Self:
        """Make a junction of the stored entries of a scipy sparse matrix (O, I).

        A stored zero is an edge, but not where the format pads with zeros: blocks (BSR) and diagonals (DIA).

        Raises:
            InvalidTopologyError: an entry that is stored twice.
            TypeError: no scipy sparse matrix.

        >>> import scipy.sparse
        >>> Bipartite.from_scipy(scipy.sparse.eye_array(4)).num_edges
        4
        """
        return cls._of(convert.from_scipy(matrix))

    @classmethod
    def from_networkx(cls, graph: networkx.Graph) -> Self:
        """Make a junction of a bipartite graph whose nodes carry `bipartite=0` (input) or 1 (output).

        Raises:
            InvalidTopologyError: a node of neither side, an edge within a side or given twice.
            TypeError: no networkx graph.

        >>> import networkx
        >>> Bipartite.from_networkx(networkx.complete_bipartite_graph(3, 2)).num_edges
        6
        """
        return cls._of(convert.from_networkx(graph))

    @classmethod
    def _of(cls, rows: Rows) -> Self:
        return cls(rows.indptr, rows.indices, in_features=rows.in_features)

    @property
    def in_features(self) -> int:
        """Number of inputs I."""
        return self._in_features

    @property
    def out_features(self) -> int:
        """Number of outputs O."""
        return len(self._indptr) - 1

    @property
    def num_edges(self) -> int:
        """Number of edges E."""
        return len(self._indices)

    @property
    def indptr(self) -> NDArray[np.int32]:
        """Where each output's edges begin, shape (O + 1,), read-only."""
        return self._indptr

    @property
    def indices(self) -> NDArray[np.int32]:
        """The input of each edge, shape (E,), read-only."""
        return self._indices

    @property
    def fan_in(self) -> NDArray[np.int32]:
        """Edges into each output, shape (O,)."""
        return np.diff(self._indptr)

    @property
    def fan_out(self) -> NDArray[np.int32]:
        """Edges out of each input, shape (I,)."""
        return np.bincount(self._indices, minlength=self._in_features).astype(np.int32)

    @property
    def nbytes(self) -> int:
        """4 * (E + O + 1) bytes."""
        return self._indptr.nbytes + self._indices.nbytes

    def row_indices(self, start: int, stop: int) -> NDArray[np.int32]:
        """The inputs of the edges of outputs `start` to `stop - 1`."""
        return self._indices[self._indptr[start] : self._indptr[stop]]

    def digest(self) -> str:
        """Name of this junction: 32 hexadecimal digits, made once."""
        if self._digest is None:
            self._digest = super().digest()
        return self._digest

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._indptr, self._indices, self._in_features)


def _restore(indptr: NDArray[np.int32], indices: NDArray[np.int32], in_features: int) -> Bipartite:
    return Bipartite(indptr, indices, in_features=in_features)


def _are_rows(indptr: ArrayLike, indices: ArrayLike, in_features: int) -> bool:
    """Whether arrays are plain int32 ones that hold rows; if not, they may do so all the same."""
    arrays = (indptr, indices)
    plain = all(type(a) is np.ndarray and a.dtype == np.int32 and a.ndim == 1 and a.flags.c_contiguous for a in arrays)
    return plain and native.extension is not None and bool(native.extension.are_rows(indptr, indices, in_features))


def _check_rows(indptr: NDArray[np.int64], indices: NDArray[np.int64], in_features: int) -> None:
    if len(indptr) < 2:
        raise InvalidTopologyError(f"indptr has {len(indptr)} entries; a junction has at least one output, so two.")
    if len(indices) > MAX_EDGES:
        raise InvalidTopologyError(f"{len(indices)} edges are too many: {MAX_EDGES} is the most.")
    if indptr[0] != 0 or indptr[-1] != len(indices):
        raise InvalidTopologyError(
            f"indptr runs from {indptr[0]} to {indptr[-1]}; it must run from 0 to the {len(indices)} edges."
        )
    descents = np.flatnonzero(indptr[1:] < indptr[:-1])  # a difference could wrap around
    if descents.size:
        j = descents[0]
        raise InvalidTopologyError(f"indptr[{j + 1}]={indptr[j + 1]} is less than indptr[{j}]={indptr[j]}.")
    outside = np.flatnonzero((indices < 0) | (indices >= in_features))
    if outside.size:
        e = outside[0]
        raise InvalidTopologyError(f"indices[{e}]={indices[e]} is not allowed: 0 to {in_features - 1} is.")
    rising = np.diff(indices) > 0
    starts = indptr[1:-1]
    rising[starts[(starts > 0) & (starts < len(indices))] - 1] = True
    if not rising.all():
        e = int(np.flatnonzero(~rising)[0])
        j = int(np.searchsorted(indptr, e, side="right")) - 1
        what = "twice" if indices[e] == indices[e + 1] else "unsorted"
        raise InvalidTopologyError(
            f"the edges of output {j} are {what}: input {indices[e]} is followed by {indices[e + 1]}."
        )
