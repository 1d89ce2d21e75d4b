"""Compressed sparse rows as plain arrays: what every conversion goes through."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, require_int

MAX_EDGES = 2**31 - 1
"""Edges are counted in int32, as scipy and the kernels do; so are the neurons of a side."""


class Rows(NamedTuple):
    """Compressed sparse rows by output: `indptr` (O + 1,), `indices` (E,), and the number of inputs."""

    indptr: NDArray[np.integer[Any]]
    indices: NDArray[np.integer[Any]]
    in_features: int

    @property
    def out_features(self) -> int:
        """Number of outputs O."""
        return len(self.indptr) - 1

    @property
    def outputs(self) -> NDArray[np.int64]:
        """The output of each edge, shape (E,)."""
        return np.repeat(np.arange(self.out_features), np.diff(self.indptr))


def as_index_array(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return `values` as a one-dimensional int64 array, refusing anything that is not integer."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidTopologyError(f"{name} has shape {array.shape}; it must have one dimension.")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}; it must be an integer type.")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise InvalidTopologyError(f"{name} holds {array.max()}; numbers below 2**31 are allowed.")
    return array.astype(np.int64)


def from_edges(inputs: ArrayLike, outputs: ArrayLike, *, in_features: int, out_features: int) -> Rows:
    """Sort an edge list into rows; the order given does not matter, duplicates are refused."""
    I = require_int("in_features", in_features, low=1, high=MAX_EDGES)
    O = require_int("out_features", out_features, low=1, high=MAX_EDGES)
    sources, targets = as_index_array("inputs", inputs), as_index_array("outputs", outputs)
    if sources.shape != targets.shape:
        raise InvalidTopologyError(f"{len(sources)} inputs and {len(targets)} outputs: one of each makes an edge.")
    for name, ends, size in (("inputs", sources, I), ("outputs", targets, O)):
        outside = np.flatnonzero((ends < 0) | (ends >= size))
        if outside.size:
            raise InvalidTopologyError(f"{name}[{outside[0]}]={ends[outside[0]]} is not allowed: 0 to {size - 1} is.")
    keys = targets * I + sources
    keys.sort()
    twice = np.flatnonzero(keys[1:] == keys[:-1])
    if twice.size:
        output, source = divmod(int(keys[twice[0]]), I)
        raise InvalidTopologyError(f"the edge from input {source} to output {output} is given more than once.")
    outputs_sorted, indices = np.divmod(keys, I)
    return Rows(np.searchsorted(outputs_sorted, np.arange(O + 1)), indices, I)
