"""Checks that the generators share: what a junction of a given shape can hold."""

from __future__ import annotations

from typing import Any

from gossamer.errors import InfeasibleTopologyError, require_int
from gossamer.topology import MAX_EDGES


def require_shape(in_features: Any, out_features: Any) -> tuple[int, int]:
    """Return both sizes as ints of at least 1."""
    return (
        require_int("in_features", in_features, low=1, high=MAX_EDGES),
        require_int("out_features", out_features, low=1, high=MAX_EDGES),
    )


def require_num_edges(num_edges: Any, in_features: int, out_features: int) -> int:
    """Return `num_edges` as an int that the junction can hold."""
    count = require_int("num_edges", num_edges, low=0)
    pairs = in_features * out_features
    if count > pairs:
        raise InfeasibleTopologyError(
            f"num_edges={count} exceeds the {pairs} pairs of a {in_features} x {out_features} junction."
        )
    return require_storable(count)


def require_degree(degree: Any, in_features: int, out_features: int) -> int:
    """Return `degree`, the fan-out of an input, as an int from 1 to the number of outputs."""
    k = require_int("degree", degree, low=1)
    if k > out_features:
        raise InfeasibleTopologyError(
            f"degree={k} exceeds the {out_features} outputs of a {in_features} x {out_features} junction."
        )
    require_storable(k * in_features)
    return k


def require_fan_in(fan_in: Any, in_features: int, out_features: int) -> int:
    """Return `fan_in` as an int from 1 to the number of inputs."""
    k = require_int("fan_in", fan_in, low=1)
    if k > in_features:
        raise InfeasibleTopologyError(
            f"fan_in={k} exceeds the {in_features} inputs of a {in_features} x {out_features} junction."
        )
    require_storable(k * out_features)
    return k


def require_storable(num_edges: int) -> int:
    """Return `num_edges`, which must fit the int32 that counts edges."""
    if num_edges > MAX_EDGES:
        raise InfeasibleTopologyError(f"{num_edges} edges are too many: {MAX_EDGES} is the most.")
    return num_edges
