"""Pure functions of two topologies that give a number."""

from gossamer.distances.assignment import Match, ScipyOrder, Solver
from gossamer.distances.candidates import Approximate, Exact
from gossamer.distances.matched import MatchedDistance, nnstd
from gossamer.distances.memory import InsufficientMemoryError
from gossamer.distances.networks import as_topology, padded
from gossamer.distances.relabel import relabelled

__all__ = [
    "Approximate",
    "Exact",
    "InsufficientMemoryError",
    "Match",
    "MatchedDistance",
    "ScipyOrder",
    "Solver",
    "as_topology",
    "nnstd",
    "padded",
    "relabelled",
]
