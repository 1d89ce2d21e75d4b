"""The family of distances: each with its name, what it promises, and what it is blind to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from gossamer.distances.edges import edge_hamming, edge_jaccard, edge_overlap
from gossamer.distances.edits import edit_bounds
from gossamer.distances.matched import nnstd
from gossamer.distances.reading import as_topology
from gossamer.distances.spectra import degree_sequence, spectral
from gossamer.distances.symmetric import symmetric_nnstd
from gossamer.errors import require_known
from gossamer.topology import Topology


@final
@dataclass(frozen=True)
class Distance:
    """A function (Topology, Topology) -> number from 0 (alike) to 1, and what it promises; the tests hold it to that.

    Attributes:
        name: what the command line calls it.
        function: computes it.
        blind_to: what may differ at distance 0.
        symmetric: d(a, b) = d(b, a), to rounding.
        triangle: d(a, c) <= d(a, b) + d(b, c), to rounding.
        separates: 0 only for equal networks.
        ignores_labels: unchanged when hidden and output neurons of either network are relabelled.
    """

    name: str
    function: Callable[[Topology, Topology], float]
    blind_to: str
    symmetric: bool = False
    triangle: bool = False
    separates: bool = False
    ignores_labels: bool = False

    def __call__(self, a: Topology, b: Topology) -> float:
        """The distance."""
        return self.function(a, b)


def _nnstd(a: Topology, b: Topology) -> float:
    return nnstd(a, b).mean


def _symmetric_nnstd(a: Topology, b: Topology) -> float:
    return symmetric_nnstd(a, b).mean


def _edit_lower(a: Topology, b: Topology) -> float:
    return edit_bounds(a, b).lower / max(1, as_topology(a).num_edges + as_topology(b).num_edges)


def _edit_upper(a: Topology, b: Topology) -> float:
    return edit_bounds(a, b).upper / max(1, as_topology(a).num_edges + as_topology(b).num_edges)


DISTANCES: tuple[Distance, ...] = (
    Distance("nnstd", _nnstd, "outgoing edges, most relabellings, and what ties hide"),
    Distance(
        "symmetric-nnstd",
        _symmetric_nnstd,
        "relabellings of hidden and output neurons",
        symmetric=True,
        ignores_labels=True,
    ),
    Distance("edge-jaccard", edge_jaccard, "nothing", symmetric=True, triangle=True, separates=True),
    Distance("edge-hamming", edge_hamming, "nothing", symmetric=True, triangle=True, separates=True),
    Distance("edge-overlap", edge_overlap, "edges that only the larger network has", symmetric=True),
    Distance(
        "spectral",
        spectral,
        "relabellings of every layer, transposition, cospectral graphs, how junctions fit together",
        symmetric=True,
        triangle=True,
        ignores_labels=True,
    ),
    Distance(
        "degree-sequence",
        degree_sequence,
        "everything but how many neurons have how many edges",
        symmetric=True,
        triangle=True,
        ignores_labels=True,
    ),
    Distance(
        "edit-lower",
        _edit_lower,
        "whatever degrees and the first layer's neurons do not show",
        symmetric=True,
        ignores_labels=True,
    ),
    Distance(
        "edit-upper",
        _edit_upper,
        "relabellings of hidden and output neurons",
        symmetric=True,
        ignores_labels=True,
    ),
)
"""Every distance; the edit bounds are relative to the edges of both networks."""


def distance_named(name: str) -> Distance:
    """The distance of that name.

    Raises:
        ValueError: there is none; the message lists them.

    >>> distance_named("edge-jaccard").triangle
    True
    """
    return require_known("distance", name, {distance.name: distance for distance in DISTANCES})
