"""RadiX-Nets: deep topologies built on mixed-radix numbers, in which every input reaches every output equally often."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError, require_int
from gossamer.generators.blocks import blown_up
from gossamer.topology import Junction, Rotated, Topology


def radix_net(systems: Sequence[Sequence[int]], widths: Sequence[int] | None = None) -> Topology:
    """Make a network of one junction for each radix of each numeral system.

    In a system (N_1, ..., N_L) of product N', junction i joins node r to the nodes r - j v_i mod N', j < N_i, with the
    place value v_i = N_1 ... N_{i-1}: as counting through the digits, one full system has exactly one path from every
    input to every output. Systems follow one another; then each node of layer i becomes `widths[i]` neurons.

    Args:
        systems: numeral systems, each a sequence of radices of at least 2. All but the last have the same product N',
            the last one's divides it.
        widths: neurons for each node of each layer, one more than there are radices; 1 unless given, and then the
            junctions are `Rotated`.

    Raises:
        InfeasibleTopologyError: products that do not fit.
        InvalidTopologyError: no system, or another number of widths than of layers.

    References:
        Robinett, Kepner, "RadiX-Net: Structured Sparse Matrices for Deep Neural Networks", arXiv 1905.00416,
        section III.

    >>> t = radix_net([(2, 2, 2)])
    >>> t.widths, t.num_edges
    ((8, 8, 8, 8), 48)
    >>> t[2].offsets
    array([0, 4], dtype=int32)
    """
    nodes = _require_systems(systems)
    depth = sum(len(system) for system in systems)
    sizes = [1] * (depth + 1) if widths is None else [require_int("widths", width, low=1) for width in widths]
    if len(sizes) != depth + 1:
        raise InvalidTopologyError(f"widths has {len(sizes)} entries for {depth + 1} layers; give one for each.")
    junctions = [
        Rotated(-np.arange(radix) * math.prod(system[:place]) % nodes, in_features=nodes, out_features=nodes)
        for system in systems
        for place, radix in enumerate(system)
    ]
    return Topology(_widened(junction, *sizes[place : place + 2]) for place, junction in enumerate(junctions))


def _require_systems(systems: Sequence[Sequence[int]]) -> int:
    for number, system in enumerate(systems):
        if not isinstance(system, Sequence):
            raise TypeError(f"systems[{number}]={system!r} is {type(system).__name__}, not a sequence of radices.")
    if not systems or not all(systems):
        raise InvalidTopologyError(f"systems={systems!r} has an empty part; each system has at least one radix.")
    for system in systems:
        for radix in system:
            require_int("radix", radix, low=2)
    nodes = math.prod(systems[0])
    for number, system in enumerate(systems[1:], start=1):
        product, is_last = math.prod(system), number == len(systems) - 1
        if product != nodes and not (is_last and nodes % product == 0):
            rule = "a divisor of it" if is_last else "the same"
            raise InfeasibleTopologyError(
                f"systems[{number}]={tuple(system)} has product {product}; system 0 has {nodes}, and it must be {rule}."
            )
    return nodes


def _widened(junction: Rotated, before: int, after: int) -> Junction:
    return junction if before == after == 1 else blown_up(junction, before, after)
