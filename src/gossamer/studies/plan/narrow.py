"""The control of a sparse network: a fully connected one with as many edges, which has fewer neurons."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from gossamer.generators import narrowed
from gossamer.studies.architecture import Architecture
from gossamer.training.data import Dataset


def narrow(wide: Architecture, data: Dataset) -> Architecture:
    """The fully connected network with as many edges as `wide`, or as near to it as whole neurons allow.

    Args:
        wide: a sparse architecture; only its sizes count.
        data: gives it its ends.

    Raises:
        InfeasibleTopologyError: fewer edges than one neuron a hidden layer needs.

    >>> from gossamer.generators import named
    >>> from gossamer.training.data import load
    >>> sparse = Architecture(named("erdos_renyi"), hidden=(64,), edges=(512, None))
    >>> narrow(sparse, load("digits")).topology(load("digits"), seed=0)
    Topology(64-16-10, num_edges=1184, density=1)
    """
    sizes = (data.num_features, *wide.hidden, data.num_outputs)
    junctions = zip(wide.edges, pairwise(sizes), strict=True)
    total = sum(n * m if count is None else count for count, (n, m) in junctions)
    slim = narrowed(sizes, total)
    return replace(wide, family=None, hidden=slim[1:-1], edges=(None,) * len(wide.edges))
