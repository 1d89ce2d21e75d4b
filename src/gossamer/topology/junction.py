"""What every junction offers, however it stores its edges."""

from __future__ import annotations

import abc
import hashlib
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.topology import convert
from gossamer.topology.memory import equal
from gossamer.topology.rows import Rows

if TYPE_CHECKING:
    import networkx
    import scipy.sparse
    from matplotlib.axes import Axes

_BLOCK_EDGES = 1 << 20


class Junction(abc.ABC):
    """A simple bipartite graph from `in_features` inputs to `out_features` outputs.

    Edges have one order, that of compressed sparse rows by output: edge `e` of output `j` lies at
    `indptr[j] <= e < indptr[j + 1]` and comes from input `indices[e]`, inputs ascending within an output.
    Junctions are values: read-only, compared and hashed by their edges, whatever class holds them.
    """

    __slots__ = ()

    @property
    @abc.abstractmethod
    def in_features(self) -> int:
        """Number of inputs I, at least 1."""

    @property
    @abc.abstractmethod
    def out_features(self) -> int:
        """Number of outputs O, at least 1."""

    @property
    @abc.abstractmethod
    def num_edges(self) -> int:
        """Number of edges E, from 0 to I * O."""

    @property
    @abc.abstractmethod
    def indptr(self) -> NDArray[np.int32]:
        """Where each output's edges begin, shape (O + 1,)."""

    @property
    @abc.abstractmethod
    def indices(self) -> NDArray[np.int32]:
        """The input of each edge, shape (E,)."""

    @property
    @abc.abstractmethod
    def fan_in(self) -> NDArray[np.int32]:
        """Edges into each output, shape (O,), 0 to I."""

    @property
    @abc.abstractmethod
    def fan_out(self) -> NDArray[np.int32]:
        """Edges out of each input, shape (I,), 0 to O."""

    @property
    @abc.abstractmethod
    def nbytes(self) -> int:
        """Bytes that store the topology."""

    @abc.abstractmethod
    def row_indices(self, start: int, stop: int) -> NDArray[np.int32]:
        """The inputs of the edges of outputs `start` to `stop - 1`, in edge order."""

    @property
    def density(self) -> float:
        """E / (I * O), from 0 to 1."""
        return self.num_edges / (self.in_features * self.out_features)

    def edges(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Inputs and outputs of all edges, each of shape (E,), in edge order."""
        outputs = np.repeat(np.arange(self.out_features, dtype=np.int32), self.fan_in)
        return self.indices, outputs

    def to_mask(self) -> NDArray[np.bool_]:
        """Dense mask of shape (O, I), laid out like `torch.nn.Linear.weight`."""
        return convert.to_mask(self._rows())

    def to_scipy(self, weights: NDArray[Any] | None = None) -> scipy.sparse.csr_array:
        """CSR matrix of shape (O, I) with `weights` of shape (E,) in edge order, or ones (float64)."""
        return convert.to_scipy(self._rows(), weights)

    def to_networkx(self) -> networkx.Graph:
        """Graph with inputs 0..I-1 (`bipartite=0`) and outputs I..I+O-1 (`bipartite=1`)."""
        return convert.to_networkx(self._rows())

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mask (O, I), outputs down and inputs across, into `ax` or a new figure, and return the axes.

        `.figure.savefig(path)` writes it. Beyond 256 neurons a cell is the density of several.
        """
        from gossamer.plots.matrix import draw_matrix

        return draw_matrix(self, ax)

    def plot_degrees(self, ax: Axes | None = None) -> Axes:
        """Draw how many neurons of each side have how many edges, into `ax` or a new figure, and return the axes."""
        from gossamer.plots.matrix import draw_degrees

        return draw_degrees(self, ax)

    def _repr_html_(self) -> str:
        from gossamer.plots.summary import junction_html

        return junction_html(self)

    def digest(self) -> str:
        """Name of this junction: 32 hexadecimal digits (BLAKE2b over sizes, fan-in and edges), in O(E) of memory."""
        state = hashlib.blake2b(digest_size=16)
        state.update(f"{self.in_features} {self.out_features} ".encode())
        for block in itertools.chain(self._fan_in_blocks(), self._blocks()):
            state.update(np.ascontiguousarray(block, dtype="<i4").data)
        return state.hexdigest()

    def _fan_in_blocks(self) -> Iterator[NDArray[np.int32]]:
        yield self.fan_in

    def _blocks(self) -> Iterator[NDArray[np.int32]]:
        step = max(1, _BLOCK_EDGES // max(1, self.num_edges // self.out_features))
        for start in range(0, self.out_features, step):
            yield self.row_indices(start, min(start + step, self.out_features))

    def _rows(self) -> Rows:
        return Rows(self.indptr, self.indices, self.in_features)

    def _size(self) -> tuple[int, int, int]:
        return self.in_features, self.out_features, self.num_edges

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Junction):
            return NotImplemented
        if self is other:
            return True
        alike = self._size() == other._size() and equal(self.row_indices(0, 1), other.row_indices(0, 1))
        return alike and equal(self.fan_in, other.fan_in) and equal(self.indices, other.indices)

    def __hash__(self) -> int:
        return hash((self._size(), self.digest()))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(in_features={self.in_features}, out_features={self.out_features}, "
            f"num_edges={self.num_edges}, density={self.density:.4g})"
        )
