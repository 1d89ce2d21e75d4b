"""One way to call every generator of junctions, and what to know of each."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gossamer.errors import GossamerError, ImportedError, InfeasibleTopologyError, Rng, require_int, require_rng
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.importing import where_raised
from gossamer.topology import Junction
from gossamer.topology.reading import as_junction


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
        source: digest of the file that defines it, if it is somebody's own; it names runs.
    """

    name: str
    make: Callable[..., Junction]
    size: Size
    sizes: Callable[[int, int], range]
    random: bool = True
    rotated: bool = False
    source: str = ""

    def __call__(self, in_features: int, out_features: int, size: int, *, rng: Rng) -> Junction:
        """Make a junction of `size`, in the generator's own terms; the deterministic ones leave `rng` alone.

        Raises:
            InfeasibleTopologyError: the generator cannot make this size.
        """
        rng = require_rng(rng)
        I, O = require_shape(in_features, out_features)
        number = require_int(self.size.value, size, low=0)
        if number not in self.sizes(I, O):
            each = self.size.edges_each(I, O)
            near = [str(count // each) for count in self.nearest_edges(I, O, number * each)]
            raise InfeasibleTopologyError(
                f"{self.size.value}={number} cannot be met by {self.name} on a {I} x {O} junction; "
                f"the nearest: {_listed(near)}."
            )
        return self._checked(self._made(I, O, number, rng), I, O)

    def _made(self, in_features: int, out_features: int, size: int, rng: Rng) -> Any:
        """What the generator returns; somebody's own is named if it raises."""
        try:
            return self.make(in_features, out_features, size, **({"rng": rng} if self.random else {}))
        except GossamerError:
            raise
        except Exception as error:
            if getattr(self.make, "__module__", "").startswith("gossamer."):
                raise
            raise ImportedError(f"{self.name} raised {type(error).__name__}: {error}{where_raised(error)}") from error

    def _checked(self, made: Any, in_features: int, out_features: int) -> Junction:
        """What the generator returned as a junction of these sizes."""
        if not isinstance(made, Junction):
            made = as_junction(made, what=f"what {self.name} returned")
        if (made.in_features, made.out_features) != (in_features, out_features):
            raise InfeasibleTopologyError(
                f"{self.name} returned a {made.in_features} x {made.out_features} junction; "
                f"{in_features} x {out_features} was asked for."
            )
        junction: Junction = made
        return junction

    def with_edges(self, in_features: int, out_features: int, num_edges: int, *, rng: Rng) -> Junction:
        """Make a junction of `num_edges` edges, in expectation if the size is an expected one.

        A degree k is `num_edges = k * in_features` for every generator: the way to compare them at equal cost.

        Raises:
            InfeasibleTopologyError: the generator cannot make this count; the message names the nearest it can.

        >>> import numpy as np
        >>> from gossamer.generators import GENERATORS
        >>> rng = np.random.default_rng(0)
        >>> GENERATORS["constant_fan_in"].with_edges(6, 4, 12, rng=rng).fan_in
        array([3, 3, 3, 3], dtype=int32)
        >>> GENERATORS["fibonacci"].with_edges(784, 1000, 12000, rng=rng)
        Traceback (most recent call last):
            ...
        gossamer.errors.InfeasibleTopologyError: num_edges=12000 cannot be met by fibonacci on a 784 x 1000 junction;
        the nearest: 11760 and 12544.
        """
        I, O = require_shape(in_features, out_features)
        count = require_num_edges(num_edges, I, O)
        near = self.nearest_edges(I, O, count)
        if count not in near:
            raise InfeasibleTopologyError(
                f"num_edges={count} cannot be met by {self.name} on a {I} x {O} junction; "
                f"the nearest: {_listed(str(number) for number in near)}."
            )
        return self(I, O, count // self.size.edges_each(I, O), rng=rng)

    def nearest_edges(self, in_features: int, out_features: int, num_edges: int) -> tuple[int, ...]:
        """The count itself if it can be made, else those next below and above that can.

        >>> from gossamer.generators import GENERATORS
        >>> GENERATORS["regular_random"].nearest_edges(10, 4, 25)
        (20, 30)
        """
        each, sizes = self.size.edges_each(in_features, out_features), self.sizes(in_features, out_features)
        if not sizes:
            return ()
        below = (num_edges // each - sizes.start) // sizes.step
        places = {min(max(place, 0), len(sizes) - 1) for place in (below, below + 1)}
        counts = sorted(each * sizes[place] for place in places)
        return (num_edges,) if num_edges in counts else tuple(counts)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names) or "none"
