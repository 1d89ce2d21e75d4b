"""Pure functions of two topologies that give a number."""

from gossamer.distances.assignment import Match, ScipyOrder, Solver
from gossamer.distances.candidates import Approximate, Exact
from gossamer.distances.canonical import CanonicalForm, canonical_form
from gossamer.distances.edges import edge_hamming, edge_jaccard, edge_overlap
from gossamer.distances.edits import EditBounds, edit_bounds
from gossamer.distances.embedding import classical_mds
from gossamer.distances.evolution import Evolution, Paths, evolution, labelled_layers, matched_layers, moments_of, paths
from gossamer.distances.matched import MatchedDistance, nnstd
from gossamer.distances.pairs import console_bar, pairwise
from gossamer.distances.ram import InsufficientMemoryError
from gossamer.distances.reading import as_topology, padded
from gossamer.distances.registry import DISTANCES, Distance, distance_named
from gossamer.distances.spectra import degree_sequence, spectral
from gossamer.distances.symmetric import SymmetricDistance, symmetric_nnstd
from gossamer.distances.table import DistanceTable, distance_table
from gossamer.distances.ties import TieBounds, tie_bounds, tie_spread
from gossamer.topology import relabelled

__all__ = [
    "DISTANCES",
    "Approximate",
    "CanonicalForm",
    "Distance",
    "DistanceTable",
    "EditBounds",
    "Evolution",
    "Exact",
    "InsufficientMemoryError",
    "Match",
    "MatchedDistance",
    "Paths",
    "ScipyOrder",
    "Solver",
    "SymmetricDistance",
    "TieBounds",
    "as_topology",
    "canonical_form",
    "classical_mds",
    "console_bar",
    "degree_sequence",
    "distance_named",
    "distance_table",
    "edge_hamming",
    "edge_jaccard",
    "edge_overlap",
    "edit_bounds",
    "evolution",
    "labelled_layers",
    "matched_layers",
    "moments_of",
    "nnstd",
    "padded",
    "pairwise",
    "paths",
    "relabelled",
    "spectral",
    "symmetric_nnstd",
    "tie_bounds",
    "tie_spread",
]
