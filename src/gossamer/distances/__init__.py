"""Pure functions of two topologies that give a number."""

from gossamer.distances.assignment import Match, ScipyOrder, Solver
from gossamer.distances.candidates import Approximate, Exact
from gossamer.distances.canonical import CanonicalForm, canonical_form
from gossamer.distances.joint import SymmetricDistance, symmetric_nnstd
from gossamer.distances.matched import MatchedDistance, nnstd
from gossamer.distances.memory import InsufficientMemoryError
from gossamer.distances.networks import as_topology, padded
from gossamer.distances.relabel import relabelled
from gossamer.distances.ties import TieBounds, tie_bounds, tie_spread

__all__ = [
    "Approximate",
    "CanonicalForm",
    "Exact",
    "InsufficientMemoryError",
    "Match",
    "MatchedDistance",
    "ScipyOrder",
    "Solver",
    "SymmetricDistance",
    "TieBounds",
    "as_topology",
    "canonical_form",
    "nnstd",
    "padded",
    "relabelled",
    "symmetric_nnstd",
    "tie_bounds",
    "tie_spread",
]
