"""Names of the generators, and one way to call them all: where the command line and study files find objects."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gossamer.errors import InfeasibleTopologyError, require_rng
from gossamer.generators import random, rotating
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.topology import Junction


class Size(enum.Enum):
    """What the third argument of a generator counts."""

    NUM_EDGES = "num_edges"
    DEGREE = "degree"
    FAN_IN = "fan_in"
    EXPECTED_DEGREE = "expected degree"

    def edges_each(self, in_features: int, out_features: int) -> int:
        """Edges that one unit of the size stands for."""
        if self is Size.NUM_EDGES:
            return 1
        return out_features if self is Size.FAN_IN else in_features


def _any_count(in_features: int, out_features: int) -> range:
    return range(in_features * out_features + 1)


def _any_degree(in_features: int, out_features: int) -> range:
    return range(1, out_features + 1)


def _any_fan_in(in_features: int, out_features: int) -> range:
    return range(1, in_features + 1)


@dataclass(frozen=True)
class Family:
    """A generator with what a caller must know to use it without knowing which it is.

    Attributes:
        name: what users type.
        make: the generator.
        size: what its third argument counts.
        sizes: the sizes it can make for so many inputs and outputs, evenly spaced.
        random: whether it needs `rng`.
        rotated: whether it makes `Rotated` junctions.
    """

    name: str
    make: Callable[..., Junction]
    size: Size
    sizes: Callable[[int, int], range]
    random: bool = True
    rotated: bool = False

    def __call__(self, in_features: int, out_features: int, size: int, *, rng: np.random.Generator) -> Junction:
        """Make a junction of `size`, in the generator's own terms; the deterministic ones leave `rng` alone."""
        require_rng(rng)
        return self.make(in_features, out_features, size, **({"rng": rng} if self.random else {}))

    def with_edges(self, in_features: int, out_features: int, num_edges: int, *, rng: np.random.Generator) -> Junction:
        """Make a junction of `num_edges` edges, in expectation if the size is an expected one.

        A degree k is `num_edges = k * in_features` for every generator: the way to compare them at equal cost.

        Raises:
            InfeasibleTopologyError: the generator cannot make this count; the message names the nearest it can.

        >>> rng = np.random.default_rng(0)
        >>> named("constant_fan_in").with_edges(6, 4, 12, rng=rng).fan_in
        array([3, 3, 3, 3], dtype=int32)
        >>> named("fibonacci").with_edges(784, 1000, 12000, rng=rng)
        Traceback (most recent call last):
            ...
        gossamer.errors.InfeasibleTopologyError: num_edges=12000 cannot be met by fibonacci on a 784 x 1000 junction;
        the nearest are 11760 and 12544.
        """
        I, O = require_shape(in_features, out_features)
        count = require_num_edges(num_edges, I, O)
        near = self.nearest_edges(I, O, count)
        if count not in near:
            nearest = " and ".join(str(number) for number in near) or "none"
            raise InfeasibleTopologyError(
                f"num_edges={count} cannot be met by {self.name} on a {I} x {O} junction; the nearest are {nearest}."
            )
        return self(I, O, count // self.size.edges_each(I, O), rng=rng)

    def nearest_edges(self, in_features: int, out_features: int, num_edges: int) -> tuple[int, ...]:
        """The count itself if it can be made, else those next below and above that can.

        >>> named("regular_random").nearest_edges(10, 4, 25)
        (20, 30)
        """
        each, sizes = self.size.edges_each(in_features, out_features), self.sizes(in_features, out_features)
        if not sizes:
            return ()
        below = (num_edges // each - sizes.start) // sizes.step
        places = {max(below, 0), min(below + 1, len(sizes) - 1)}
        counts = sorted(each * sizes[min(place, len(sizes) - 1)] for place in places)
        return (num_edges,) if num_edges in counts else tuple(counts)


_FAMILIES = (
    Family("erdos_renyi", random.erdos_renyi, Size.NUM_EDGES, _any_count),
    Family("bernoulli", random.bernoulli, Size.EXPECTED_DEGREE, _any_degree),
    Family("regular_random", random.regular_random, Size.DEGREE, _any_degree),
    Family("constant_fan_in", random.constant_fan_in, Size.FAN_IN, _any_fan_in),
    Family("rotating_random", rotating.rotating_random, Size.DEGREE, _any_degree, rotated=True),
    Family("rotating_bernoulli", rotating.rotating_bernoulli, Size.EXPECTED_DEGREE, _any_degree, rotated=True),
    Family("rotating_regular", rotating.rotating_regular, Size.DEGREE, _any_degree, random=False, rotated=True),
    Family("fibonacci", rotating.fibonacci, Size.DEGREE, _any_degree, random=False, rotated=True),
    Family("rotating_contiguous", rotating.rotating_contiguous, Size.DEGREE, _any_degree, random=False, rotated=True),
    Family("rotating_even", rotating.rotating_even, Size.DEGREE, _any_degree, random=False, rotated=True),
)

GENERATORS: Mapping[str, Family] = MappingProxyType({family.name: family for family in _FAMILIES})
"""Every generator of junctions by its name."""


def named(name: str) -> Family:
    """Return the generator of this name.

    Raises:
        ValueError: there is none; the message lists them all.

    >>> named("fibonacci").rotated
    True
    """
    if name in GENERATORS:
        return GENERATORS[name]
    close = difflib.get_close_matches(str(name), GENERATORS, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"topology={name!r} is unknown; there are {', '.join(GENERATORS)}.{hint}")
