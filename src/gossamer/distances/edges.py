"""Distances of edge sets as they are labelled: nothing is matched, neuron `j` stands for neuron `j`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.reading import NetworkLike, as_topology, require_same_widths
from gossamer.topology import Junction, Topology


class EdgeCounts(NamedTuple):
    """Edges of two networks: of the first, of the second, of both, and possible ones."""

    first: int
    second: int
    shared: int
    possible: int


def edge_jaccard(a: NetworkLike, b: NetworkLike) -> float:
    """Jaccard distance |A ^ B| / |A u B| of the edge sets of all junctions, 0 to 1; 0 if neither has an edge.

    A metric. Blind to: nothing, two networks at distance 0 are equal; but a mere relabelling counts as change.

    Raises:
        InvalidTopologyError: networks of different depths or widths.

    References:
        P. Jaccard, "Distribution de la flore alpine dans le bassin des Dranses", Bull. Soc. Vaud. Sci. Nat. 37, 1901.

    >>> edge_jaccard([[[1, 1, 0]]], [[[0, 1, 1]]])
    0.6666666666666666
    """
    count = edge_counts(a, b)
    union = count.first + count.second - count.shared
    return (union - count.shared) / union if union else 0.0


def edge_hamming(a: NetworkLike, b: NetworkLike) -> float:
    """Share of possible edges that only one network has, |A ^ B| / sum(I * O), 0 to 1.

    A metric. Blind to: nothing; but sparse networks are always close, at most the sum of their densities.

    Raises:
        InvalidTopologyError: networks of different depths or widths.

    >>> edge_hamming([[[1, 1, 0]]], [[[0, 1, 1]]])
    0.6666666666666666
    """
    count = edge_counts(a, b)
    return (count.first + count.second - 2 * count.shared) / count.possible


def edge_overlap(a: NetworkLike, b: NetworkLike) -> float:
    """One minus the overlap coefficient |A n B| / min(|A|, |B|) of the edge sets, 0 to 1; 0 if either is empty.

    How much of the smaller network is not in the larger: what pruning asks. Not a metric: the triangle inequality
    fails. Blind to: edges that only the larger network has; a network is at distance 0 from each of its subnetworks.

    Raises:
        InvalidTopologyError: networks of different depths or widths.

    References:
        D. Szymkiewicz, "Une contribution statistique a la geographie floristique", Acta Soc. Bot. Pol. 11, 1934.

    >>> edge_overlap([[[1, 1, 0]]], [[[1, 1, 1]]])
    0.0
    """
    count = edge_counts(a, b)
    smaller = min(count.first, count.second)
    return (smaller - count.shared) / smaller if smaller else 0.0


def edge_counts(a: NetworkLike, b: NetworkLike) -> EdgeCounts:
    """Count the edges of two networks of equal widths, and those they share.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    return EdgeCounts(first.num_edges, second.num_edges, _shared(first, second), _possible(first))


def shared_edges(a: Junction, b: Junction) -> int:
    """How many edges two junctions of one shape have in common."""
    return len(np.intersect1d(edge_keys(a), edge_keys(b), assume_unique=True))


def edge_keys(junction: Junction) -> NDArray[np.int64]:
    """The number output * I + input of each edge, ascending, (E,)."""
    inputs, outputs = junction.edges()
    return outputs.astype(np.int64) * junction.in_features + inputs


def _shared(a: Topology, b: Topology) -> int:
    return sum(shared_edges(g, h) for g, h in zip(a, b, strict=True))


def _possible(topology: Topology) -> int:
    return sum(layer.in_features * layer.out_features for layer in topology)
