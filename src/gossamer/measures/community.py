"""Modularity: how well a graph falls into groups that keep their edges to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError
from gossamer.measures import eigensolver, kernels
from gossamer.measures.folding import Graph, biadjacency, square

if TYPE_CHECKING:
    import scipy.sparse

_LOOSE = 1e-3  # a split needs an eigenvector's signs, not its digits


def modularity(g: Graph, labels: ArrayLike) -> float:
    """Q = sum over groups of e_c / E - (d_c / 2E)^2, from -1/2 to 1; 0 without edges.

    Args:
        g: a junction, or a network, which is folded.
        labels: the group of each neuron, integers of shape (I + O,), inputs first.

    Raises:
        InvalidTopologyError: labels of another shape.

    References:
        Newman, Girvan, "Finding and evaluating community structure in networks", Physical Review E 69, 2004.
    """
    return _modularity(square(biadjacency(g)), np.asarray(labels))


def spectral_modularity(g: Graph) -> float:
    """Modularity of the groups that `spectral_communities` finds, from 0 to 1: a lower bound on the largest."""
    A = square(biadjacency(g))
    return _modularity(A, _communities(A))


def spectral_communities(g: Graph) -> NDArray[np.intp]:
    """The group of each neuron of the folded graph, shape (I + O,), found without randomness.

    Groups are split by the signs of the leading eigenvector of their modularity matrix while Q rises.

    References:
        Newman, "Finding community structure in networks using the eigenvectors of matrices", Physical Review E 74,
        2006, eq. (51); no fine-tuning of the splits.
    """
    return _communities(square(biadjacency(g)))


def _communities(A: scipy.sparse.csr_array) -> NDArray[np.intp]:
    labels = np.zeros(A.shape[0], dtype=np.intp)
    degrees = np.asarray(A.sum(axis=1))
    waiting, groups = [np.flatnonzero(degrees > 0)], 0
    while waiting:
        group = waiting.pop()
        side = _split(A[group][:, group], degrees[group], float(degrees.sum()))
        if side is None:
            labels[group] = groups
            groups += 1
        else:
            waiting += [group[side], group[~side]]
    return labels


def _split(A: scipy.sparse.csr_array, degrees: NDArray[np.float64], ends: float) -> NDArray[np.bool_] | None:
    """One side of the best split of a group by signs, or None where Q would not rise."""
    if A.shape[0] < 2:
        return None
    correction = np.asarray(A.sum(axis=1)) - degrees * degrees.sum() / ends

    def apply(x: NDArray[np.float64]) -> NDArray[np.float64]:
        y: NDArray[np.float64] = A @ x - degrees * (degrees @ x / ends) - correction * x
        return y

    side = _leading(apply, A.shape[0], 2 * float(degrees.max())) > 0
    signs = np.where(side, 1.0, -1.0)
    rises = float(signs @ apply(signs)) > 1e-9 * ends
    return side if rises and 0 < np.count_nonzero(side) < len(side) else None


def _leading(apply: kernels.Apply, size: int, scale: float) -> NDArray[np.float64]:
    if size <= eigensolver.DENSE_LIMIT:
        matrix = np.column_stack([apply(unit) for unit in np.eye(size)])
        vector: NDArray[np.float64] = np.linalg.eigh((matrix + matrix.T) / 2)[1][:, -1]
        return vector
    start = eigensolver.chirp(size)
    return eigensolver.largest(apply, start, scale=scale, tolerance=_LOOSE, what="modularity").vector


def _modularity(A: scipy.sparse.csr_array, labels: NDArray[np.intp]) -> float:
    if labels.shape != (A.shape[0],) or labels.dtype.kind not in "iu":
        raise InvalidTopologyError(
            f"labels has shape {labels.shape} and dtype {labels.dtype}; {A.shape[0]} integers are needed."
        )
    if not A.nnz:
        return 0.0
    groups = np.unique(labels, return_inverse=True)[1]
    ends = float(A.sum())
    rows = np.repeat(groups, np.diff(A.indptr))
    inside = float(A.data[rows == groups[A.indices]].sum())
    volumes = np.bincount(groups, np.asarray(A.sum(axis=1)))
    return inside / ends - float(np.square(volumes / ends).sum())
