"""What counts as a network here: a topology, masks, scipy matrices, or a model that knows its topology."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gossamer.errors import InvalidTopologyError
from gossamer.topology import Bipartite, Junction, Topology, convert


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


NetworkLike = Topology | Junction | HasTopology | HasModules | Iterable[Any]
"""Anything `as_topology` reads."""


def as_topology(network: NetworkLike) -> Topology:
    """Read a network's topology.

    Args:
        network: a `Topology`; a junction; a networkx graph whose nodes carry `bipartite`; a model or layer with
            `.topology()`, or whose `.modules()` have one; or a sequence of junctions, such graphs and layers, scipy
            sparse matrices and dense masks, each (O, I) like `Linear.weight`. A scipy matrix may hold any finite
            values: what is stored is an edge.

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
        return Topology([Bipartite.from_networkx(network)])
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
    return Topology([_as_junction(layer, number) for number, layer in enumerate(network)])


def require_same_widths(a: Topology, b: Topology) -> None:
    """Check that two topologies can be compared neuron by neuron.

    Raises:
        InvalidTopologyError: they differ in depth or in the width of a layer.
    """
    if len(a) != len(b):
        raise InvalidTopologyError(f"the topologies have {len(a)} and {len(b)} junctions; the distance needs as many.")
    if a.widths != b.widths:
        number = next(k for k, pair in enumerate(zip(a.widths, b.widths, strict=True)) if pair[0] != pair[1])
        raise InvalidTopologyError(
            f"layer {number} has {a.widths[number]} neurons in one topology and {b.widths[number]} in the other; "
            "equal widths are needed: gossamer.distances.padded makes them so."
        )


def padded(a: NetworkLike, b: NetworkLike) -> tuple[Topology, Topology]:
    """Give two networks of one depth equal widths, by neurons without edges at the end of each narrower layer.

    This is the convention for layers of unequal width: the surplus neurons of the wider layer are matched to empty
    ones, at cost 1 each (0 if they have no edges themselves), and the sum is divided by the wider layer's width.
    Inputs are padded too, by inputs that nobody reads. Edge order, hence weights, stay as they are.

    Raises:
        InvalidTopologyError: networks of different depths.

    >>> from gossamer.distances import nnstd
    >>> a, b = padded([[[1, 1]]], [[[1, 1], [0, 1]]])
    >>> a.widths, nnstd(a, b).mean
    ((2, 2), 0.5)
    """
    first, second = as_topology(a), as_topology(b)
    if len(first) != len(second):
        raise InvalidTopologyError(
            f"the topologies have {len(first)} and {len(second)} junctions; padding makes widths equal, not depths."
        )
    widths = [max(pair) for pair in zip(first.widths, second.widths, strict=True)]
    return _widened(first, widths), _widened(second, widths)


def _widened(topology: Topology, widths: Sequence[int]) -> Topology:
    if topology.widths == tuple(widths):
        return topology
    return Topology(
        [
            Bipartite(
                np.append(layer.indptr, np.full(outputs - layer.out_features, layer.num_edges)),
                layer.indices,
                in_features=inputs,
            )
            for layer, inputs, outputs in zip(topology, widths, widths[1:], strict=False)
        ]
    )


def _of_modules(model: HasModules) -> Topology:
    found = [module.topology() for module in model.modules() if module is not model and isinstance(module, HasTopology)]
    if not found:
        raise TypeError(f"no module of the {type(model).__name__} has a topology; gossamer.nn.sparsify makes some.")
    return Topology([_as_junction(layer, number) for number, layer in enumerate(found)])


def _as_junction(layer: Any, number: int) -> Junction:
    if isinstance(layer, Junction):
        return layer
    if isinstance(layer, HasTopology):
        return _as_junction(layer.topology(), number)
    if convert.is_networkx(layer):
        return Bipartite.from_networkx(layer)
    if not convert.is_scipy(layer):
        return Bipartite.from_mask(layer)
    if not np.isfinite(layer.tocoo().data).all():
        raise InvalidTopologyError(f"layer {number} is a sparse matrix with values that are not finite.")
    return Bipartite.from_scipy(layer)
