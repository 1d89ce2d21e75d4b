"""What counts as a junction and as a network: values, masks, scipy matrices, networkx graphs, models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gossamer.errors import InvalidTopologyError
from gossamer.topology import convert
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction
from gossamer.topology.topology import Topology


@runtime_checkable
class HasTopology(Protocol):
    """A layer or model that says what is connected to what, like `gossamer.nn.SparseLinear`."""

    def topology(self) -> Junction | Topology:
        """The connections now."""
        ...


@runtime_checkable
class HasModules(Protocol):
    """A model made of modules, like `torch.nn.Module`; those that have a topology are its layers, in order."""

    def modules(self) -> Iterable[Any]:
        """Every module, the model first."""
        ...


JunctionLike = Junction | HasTopology | Any
"""Anything `as_junction` reads."""

NetworkLike = Topology | Junction | HasTopology | HasModules | Iterable[Any]
"""Anything `as_topology` reads."""


def as_junction(value: JunctionLike, *, what: str = "junction") -> Junction:
    """Read one junction.

    Args:
        value: a junction; a `Topology` of one; a layer with `.topology()`; a networkx graph whose nodes carry
            `bipartite`; a scipy sparse matrix of finite values, whose stored entries are edges; a mask of 0 and 1. All
            matrices are (O, I), like `Linear.weight`.
        what: how errors call it.

    Raises:
        InvalidTopologyError: a mask that is not 0 or 1, values that are not finite, a topology of several junctions.
        TypeError: none of the above; the message says how to make a junction.

    >>> as_junction([[1, 0], [1, 1]])
    Bipartite(in_features=2, out_features=2, num_edges=3, density=0.75)
    """
    if isinstance(value, Junction):
        return value
    if isinstance(value, Topology):
        if len(value) != 1:
            raise InvalidTopologyError(f"{what} is a topology of {len(value)} junctions; take one of its layers.")
        return value[0]
    if isinstance(value, HasTopology):
        return as_junction(value.topology(), what=what)
    if convert.is_networkx(value):
        return Bipartite.from_networkx(value)
    if convert.is_scipy(value):
        if not np.isfinite(value.tocoo().data).all():
            raise InvalidTopologyError(f"{what} is a sparse matrix with values that are not finite.")
        return Bipartite.from_scipy(value)
    if hasattr(value, "ndim") or (isinstance(value, (list, tuple)) and value):
        return Bipartite.from_mask(value)
    raise TypeError(
        f"{what} is {type(value).__name__}, which is no junction; gossamer.Bipartite.from_mask(mask (O, I)), "
        ".from_edges(inputs, outputs, ...), .from_scipy(matrix) or .from_networkx(graph) makes one."
    )


def as_topology(network: NetworkLike) -> Topology:
    """Read a network's topology.

    Args:
        network: a `Topology`; a junction; a networkx graph, of one junction (nodes with `bipartite`) or of a whole
            network (nodes with `layer`); a model or layer with `.topology()`, or whose `.modules()` have one; or a
            sequence of what `as_junction` reads.

    Raises:
        InvalidTopologyError: masks that are not 0 or 1, values that are not finite, widths that do not fit, no layers.
        TypeError: none of the above.

    >>> as_topology([[[1, 0], [1, 1]], [[0, 1]]])
    Topology(2-2-1, num_edges=4, density=0.6667)
    """
    if isinstance(network, Topology):
        return network
    if isinstance(network, Junction):
        return Topology([network])
    if convert.is_networkx(network):
        return _of_graph(network)
    if isinstance(network, HasTopology):
        return as_topology(network.topology())
    if isinstance(network, HasModules):
        return _of_modules(network)
    if getattr(network, "ndim", None) == 2:
        raise TypeError(
            f"network is one {type(network).__name__} of shape {tuple(getattr(network, 'shape', ()))}; "
            "give a list of masks (O, I), one a layer."
        )
    if isinstance(network, (str, bytes)) or not isinstance(network, Iterable):
        raise TypeError(
            f"network is {type(network).__name__}, which has no topology; a Topology or a list of masks does."
        )
    return Topology([as_junction(layer, what=f"layer {number}") for number, layer in enumerate(network)])


def _of_graph(graph: Any) -> Topology:
    if all("layer" in attributes for _, attributes in graph.nodes(data=True)) and len(graph):
        return Topology.from_networkx(graph)
    return Topology([Bipartite.from_networkx(graph)])


def _of_modules(model: HasModules) -> Topology:
    found = [module.topology() for module in model.modules() if module is not model and isinstance(module, HasTopology)]
    if not found:
        raise TypeError(f"no module of the {type(model).__name__} has a topology; gossamer.nn.sparsify makes some.")
    return Topology([as_junction(layer, what=f"layer {number}") for number, layer in enumerate(found)])
