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
_ALIKE = 1e-6  # neurons whose colours differ by less are taken for alike
_ZERO = 1e-9  # entries of a vector that are smaller against its largest have no sign


def modularity(g: Graph, labels: ArrayLike) -> float:
    """Q = sum over groups of e_c / E - (d_c / 2E)^2, from -1/2 to 1; 0 without edges.

    Args:
        g: a junction, or a network, which is folded.
        labels: the group of each neuron, integers of shape (I + O,), inputs first.

    Raises:
        InvalidTopologyError: labels of another shape.

    References:
        Newman, Girvan, "Finding and evaluating community structure in networks", Physical Review E 69, 2004.

    >>> from gossamer import Bipartite
    >>> modularity(Bipartite.from_mask([[1, 0], [0, 1]]), [0, 1, 0, 1])
    0.5
    """
    return _modularity(square(biadjacency(g)), np.asarray(labels))


def spectral_modularity(g: Graph) -> float:
    """Modularity of the groups that `spectral_communities` finds, from 0 to 1: a lower bound on the largest.

    >>> from gossamer import Bipartite
    >>> spectral_modularity(Bipartite.from_mask([[1, 0], [0, 1]]))
    0.5
    """
    A = square(biadjacency(g))
    return _modularity(A, _communities(A))


def spectral_communities(g: Graph) -> NDArray[np.intp]:
    """The group of each neuron of the folded graph, shape (I + O,), found without randomness.

    Groups are split by the signs of the leading eigenvector of their modularity matrix while Q rises. The order of
    neurons does not matter: where several eigenvectors lead, the surroundings of neurons decide (but for groups of more
    than 400 neurons that all look alike, such as rotated junctions).

    References:
        Newman, "Finding community structure in networks using the eigenvectors of matrices", Physical Review E 74,
        2006, eq. (51); no fine-tuning of the splits.

    >>> from gossamer import Bipartite
    >>> labels = spectral_communities(Bipartite.from_mask([[1, 0], [0, 1]]))
    >>> bool(labels[0] == labels[2] != labels[1] == labels[3])
    True
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

    vector = _leading(apply, _colours(A, degrees), 2 * float(degrees.max()))
    side = vector > _ZERO * np.abs(vector).max()
    signs = np.where(side, 1.0, -1.0)
    rises = float(signs @ apply(signs)) > 1e-9 * ends
    return side if rises and 0 < np.count_nonzero(side) < len(side) else None


def _colours(A: scipy.sparse.csr_array, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """A number for each neuron that depends on its surroundings and not on its place, as in colour refinement.

    Neurons with different surroundings (up to three edges away) get different numbers, but for coincidences.
    """
    each = np.maximum(np.asarray(A.sum(axis=1)), 1.0)
    colours = np.cos(degrees + 0.3 * each)
    for _ in range(3):
        colours = np.cos(3.1 * colours + 5.7 * (A @ colours) / each + 7.3 * (A @ colours**2) / each + 1.0)
    return np.asarray(colours, dtype=np.float64)


def _leading(apply: kernels.Apply, start: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """A leading eigenvector: of all that lead, the one nearest to `start`, so that the order of neurons has no say."""
    size = len(start)
    if size > eigensolver.DENSE_LIMIT:
        start = eigensolver.chirp(size) if np.ptp(start) < _ALIKE else start
        return eigensolver.largest(apply, start, scale=scale, tolerance=_LOOSE, what="modularity").vector
    matrix = np.column_stack([apply(unit) for unit in np.eye(size)])
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    space = vectors[:, values > values[-1] - 1e-9 * scale]
    nearest = np.asarray(space @ (start @ space), dtype=np.float64)
    if np.linalg.norm(nearest) > _ALIKE * np.linalg.norm(start):
        return nearest
    seen = space @ space.T  # all neurons look alike: take the view of the one whose split is best
    signs = np.where(seen > _ZERO * np.abs(seen).max(axis=0), 1.0, -1.0)
    gains = np.einsum("nv,nm,mv->v", signs, matrix, signs, optimize=True)
    best: NDArray[np.float64] = seen[:, int(np.argmax(gains > gains.max() - 1e-9 * scale * size))]
    return best


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
