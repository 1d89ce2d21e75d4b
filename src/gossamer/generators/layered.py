"""Whole topologies: one junction between each two neighbouring layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gossamer.errors import InvalidTopologyError, require_rng
from gossamer.generators.random import dense
from gossamer.topology import Junction, Topology


def layered(
    widths: Sequence[int], generator: Callable[..., Junction], sizes: Sequence[int | None], **options: Any
) -> Topology:
    """Make every junction of a network with one generator.

    Args:
        widths: neurons of each layer, input first; at least two.
        generator: called as `generator(in_features, out_features, size, **options)`.
        sizes: the generator's size for each junction: edge counts (those of `gossamer.generators.budgets`), degrees or
            fan-ins. None makes a junction fully connected, as the last one often is.
        **options: handed to the generator at every call, such as `rng`.

    Raises:
        InvalidTopologyError: fewer than two widths, or another number of sizes than of junctions.

    >>> import numpy as np
    >>> from gossamer.generators import budgets, erdos_renyi, fibonacci
    >>> layered((784, 1000, 10), fibonacci, (16, None))
    Topology(784-1000-10, num_edges=22544, density=0.02839)
    >>> widths = (784, 300, 10)
    >>> layered(widths, erdos_renyi, budgets.erdos_renyi(widths, 0.1), rng=np.random.default_rng(0))
    Topology(784-300-10, num_edges=23820, density=0.1)
    """
    if len(widths) < 2:
        raise InvalidTopologyError(f"widths={tuple(widths)} has {len(widths)} entries; a network has at least two.")
    if len(sizes) != len(widths) - 1:
        raise InvalidTopologyError(
            f"sizes has {len(sizes)} entries for {len(widths) - 1} junctions; give one for each."
        )
    if "rng" in options:  # a seed is one stream for all junctions, not the same one for each
        options["rng"] = require_rng(options["rng"])
    return Topology(
        dense(n, m) if size is None else generator(n, m, size, **options)
        for n, m, size in zip(widths, widths[1:], sizes, strict=False)
    )
