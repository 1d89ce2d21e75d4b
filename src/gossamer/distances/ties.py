"""How far ties can move NNSTD: proven bounds over all optimal matches, and the spread of random draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.matched import nnstd
from gossamer.distances.optima import Blocks, interval_costs, optima
from gossamer.distances.ram import require_memory
from gossamer.distances.reading import NetworkLike, as_topology, require_same_widths
from gossamer.errors import Rng, require_int, require_rng
from gossamer.topology import Junction, Topology, relabelled
from gossamer.topology.order import reordered

_TOLERANCE = 1e-9


@final
@dataclass(frozen=True, eq=False)
class TieBounds:
    """Where NNSTD lies whatever optimal matches are chosen.

    Attributes:
        lower: per layer, (L,): no choice of optimal matches in the layers before gives less.
        upper: per layer, (L,): none gives more.
        undetermined: per layer, how many neurons may have more than one partner, (L,).
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    undetermined: NDArray[np.int64]

    @property
    def mean(self) -> tuple[float, float]:
        """Bounds of the network's distance."""
        return float(np.mean(self.lower)), float(np.mean(self.upper))


@final
@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer's part of the answer: bounds of its distance, and of how many neurons a match is undetermined."""

    lower: float
    upper: float
    undetermined: int


def tie_bounds(a: NetworkLike, b: NetworkLike, *, alternatives: int = 32) -> TieBounds:
    """Bound each layer of NNSTD over every choice of optimal matches, hence over every relabelling and solver.

    Layer 0 is unique. An assignment is optimal if and only if it uses pairs of reduced cost 0 only, so neurons can
    exchange partners only along cycles of such pairs: within strongly connected blocks. Blocks bound the overlap of
    two neurons of the next layer (at most the smaller count in each block, at least what must overlap), overlaps
    bound costs, and costs bound the minimum. Where costs are intervals, pairs whose reduced cost is at most the
    width of the minimum's interval take the place of reduced cost 0. The bounds are proven, and not always tight:
    they widen from layer to layer, to what fan-ins alone say at worst. As long as the optimal matches are few they
    are followed one by one instead, and the bounds are attained.

    Args:
        a: a network.
        b: another of the same widths. Memory: about 40 bytes a pair of neurons.
        alternatives: how many combinations of optimal matches are followed at most, 0 or more.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        InsufficientMemoryError: the cost matrices do not fit.

    References:
        Complementary slackness of the assignment problem: R. Burkard, M. Dell'Amico, S. Martello, "Assignment
        Problems", SIAM 2009, section 4.1. The block bounds are ours.

    >>> t = [[[1, 0], [0, 0], [0, 0]], [[1, 1, 0]]]
    >>> tie_bounds(t, [[[1, 0], [0, 0], [0, 0]], [[1, 0, 1]]]).upper
    array([0.        , 0.66666667])
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    require_int("alternatives", alternatives, low=0)
    widest = max(first.widths[1:])
    require_memory(40 * widest**2, f"bounding ties among {widest} x {widest} neurons")
    found = _bound(first.layers, second.layers, Blocks.identity(first.widths[0]), alternatives)
    return TieBounds(
        np.array([layer.lower for layer in found]),
        np.array([layer.upper for layer in found]),
        np.array([layer.undetermined for layer in found]),
    )


def tie_spread(a: NetworkLike, b: NetworkLike, draws: int, *, rng: Rng) -> TieBounds:
    """The least and greatest value of each layer of NNSTD that `draws` random relabellings of both networks attain.

    What is attained lies within `tie_bounds`, and the true range between the two.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        ValueError: `draws` is less than 1.

    >>> spread = tie_spread([[[1, 0], [0, 1]]], [[[0, 1], [1, 0]]], 3, rng=0)
    >>> float(spread.lower.max()), float(spread.upper.max())
    (0.0, 0.0)
    """
    require_int("draws", draws, low=1)
    rng = require_rng(rng)
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    values = np.array([nnstd(_shuffled(first, rng), _shuffled(second, rng)).per_layer for _ in range(draws)])
    spread = values.max(axis=0) - values.min(axis=0)
    moved = np.append((spread[1:] > _TOLERANCE) * np.array(first.widths[1:-1], dtype=np.int64), 0)
    return TieBounds(values.min(axis=0), values.max(axis=0), moved)


def _shuffled(topology: Topology, rng: np.random.Generator) -> Topology:
    return relabelled(topology, [None, *(rng.permutation(width) for width in topology.widths[1:])])


def _bound(first: Sequence[Junction], second: Sequence[Junction], blocks: Blocks, alternatives: int) -> list[_Layer]:
    """Bound these junctions, given what may stand for what among their inputs."""
    if not first:
        return []
    optimum = optima(interval_costs(first[0], second[0], blocks))
    width = len(optimum.match)
    here = _Layer(optimum.low / width, optimum.high / width, optimum.blocks.undetermined)
    options = optimum.matches(alternatives) if len(first) > 1 else None
    if options is None:
        return [here, *_bound(first[1:], second[1:], optimum.blocks, alternatives)]
    outputs = np.arange(second[1].out_features)
    distinct = {reordered(second[1], option, outputs)[0].digest(): option for option in options}
    branches = [
        _bound(first[1:], second[1:], Blocks.matched(option), alternatives // len(distinct))
        for option in distinct.values()
    ]
    return [here, *(_either(parts) for parts in zip(*branches, strict=True))]


def _either(parts: Sequence[_Layer]) -> _Layer:
    return _Layer(
        min(part.lower for part in parts),
        max(part.upper for part in parts),
        max(part.undetermined for part in parts),
    )
