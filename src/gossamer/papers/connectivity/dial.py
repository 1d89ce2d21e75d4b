"""Junctions of equal degrees that differ in algebraic connectivity alone: the dial of the intervention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import Rng
from gossamer.generators import Family, Size, biregular, dense, optimised, ramanujan
from gossamer.generators.biregular import biregular_degrees
from gossamer.generators.switching import joined
from gossamer.topology import Bipartite, Junction

ARMS = ("modules", "0.02", "0.1", "0.3", "random", "ramanujan", "optimised")
"""From λ₂ = 0 to the largest that switching edges reaches; numbers are shares of a random junction's λ₂."""

MODULES = 16
"""Parts that share no edge, at the lower end of the dial."""


@dataclass(frozen=True, slots=True)
class Dial:
    """A biregular junction with its λ₂ at one of `ARMS`.

    All arms of one seed and size begin with the same draws. What lies between modules and random is modules whose edges
    were switched in random pairs, which keeps every degree, until λ₂ is what was asked for.

    Args:
        arm: one of `ARMS`.
        pixels: a junction of so many inputs reads the data: its inputs are relabelled at random, as if the pixels were
            permuted, so that no arm has the neighbourhoods of an image.
    """

    arm: str
    pixels: int

    def __call__(self, in_features: int, out_features: int, num_edges: int, *, rng: Rng) -> Junction:
        """The junction."""
        rng = np.random.default_rng(rng)
        labels, switches, own = rng.spawn(3)
        degree = num_edges // in_features
        if degree == out_features:
            return dense(in_features, out_features)
        g = self._unlabelled(in_features, out_features, degree, switches, own)
        return _relabelled(g, labels.permutation(in_features)) if in_features == self.pixels else g

    def _unlabelled(
        self, I: int, O: int, degree: int, switches: np.random.Generator, own: np.random.Generator
    ) -> Junction:
        if self.arm == "random":
            return biregular(I, O, degree, rng=own)
        if self.arm == "ramanujan":
            return ramanujan(I, O, degree, rng=own)
        if self.arm == "optimised":
            return optimised(biregular(I, O, degree, rng=own), rng=own, rounds=20)
        start = modules(I, O, degree, rng=switches)
        if self.arm == "modules":
            return start
        reach = biregular_connectivity(biregular(I, O, degree, rng=own))
        return switched_until(start, float(self.arm) * reach, rng=switches)


def family(arm: str, pixels: int) -> Family:
    """The dial at one arm, as studies take it."""
    return Family(f"λ₂ {arm}", Dial(arm, pixels), Size.NUM_EDGES, _sizes, random=True)


@dataclass(frozen=True, slots=True)
class Shuffled:
    """A construction whose inputs are relabelled at random, as if the pixels were permuted.

    Args:
        made: the construction.
    """

    made: Family

    def __call__(self, in_features: int, out_features: int, num_edges: int, *, rng: Rng) -> Junction:
        """The junction."""
        labels, own = np.random.default_rng(rng).spawn(2)
        g = self.made.with_edges(in_features, out_features, num_edges, rng=own)
        return _relabelled(g, labels.permutation(in_features))


@dataclass(frozen=True, slots=True)
class EdgeCounts:
    """The numbers of edges that a construction can make, whatever its own size counts.

    Args:
        made: the construction.
    """

    made: Family

    def __call__(self, in_features: int, out_features: int) -> range:
        """For so many inputs and outputs."""
        own, each = self.made.sizes(in_features, out_features), self.made.size.edges_each(in_features, out_features)
        return range(own.start * each, own.stop * each, own.step * each)


def shuffled(made: Family) -> Family:
    """A construction with its inputs relabelled at random.

    >>> from gossamer.generators import named
    >>> rows = shuffled(named("rotating_contiguous")).with_edges(6, 3, 12, rng=np.random.default_rng(0)).fan_in
    >>> rows.tolist()
    [4, 4, 4]
    """
    return Family(f"{made.name}, shuffled", Shuffled(made), Size.NUM_EDGES, EdgeCounts(made), random=True)


def modules(in_features: int, out_features: int, degree: int, *, rng: Rng) -> Bipartite:
    """Blocks along the diagonal, biregular and random within: `MODULES` of them, or as many as the degrees allow."""
    rng = np.random.default_rng(rng)
    count = _parts(in_features, out_features, degree)
    I, O = in_features // count, out_features // count
    parts = [biregular(I, O, degree, rng=rng).edges() for _ in range(count)]
    inputs = np.concatenate([np.asarray(each[0], dtype=np.int64) + number * I for number, each in enumerate(parts)])
    outputs = np.concatenate([np.asarray(each[1], dtype=np.int64) + number * O for number, each in enumerate(parts)])
    return joined(inputs, outputs, in_features, out_features)


def switched_until(junction: Bipartite, target: float, *, rng: Rng) -> Bipartite:
    """Switch random pairs of edges, each only if the graph stays simple, until λ₂ reaches a target.

    The pairs are drawn once; how many of them are switched is found by bisection, for which λ₂ need not grow with every
    single one. All are switched if that is not enough.
    """
    rng = np.random.default_rng(rng)
    inputs, outputs = (np.asarray(end, dtype=np.int64) for end in junction.edges())
    pairs = rng.integers(len(inputs), size=(3 * len(inputs), 2))
    shape = junction.in_features, junction.out_features
    few, many = 0, len(pairs)
    while many - few > max(1, many // 50):
        middle = (few + many) // 2
        reached = biregular_connectivity(_switched(inputs, outputs, pairs[:middle], shape)) >= target
        few, many = (few, middle) if reached else (middle, many)
    return _switched(inputs, outputs, pairs[:many], shape)


def biregular_connectivity(junction: Junction) -> float:
    """λ₂ of a junction of equal fan-outs a and equal fan-ins b, (a + b - sqrt((a - b)² + 4 σ₂²)) / 2.

    The Laplacian of such a graph has these eigenvalues for every singular value of its matrix. One small dense
    eigenproblem answers where λ₂ is next to 0, on which iterative methods are slow.

    >>> import numpy as np
    >>> round(biregular_connectivity(biregular(8, 8, 2, rng=np.random.default_rng(0))), 6) >= 0
    True
    """
    mask = junction.to_mask().astype(np.float64)
    small = mask @ mask.T if mask.shape[0] <= mask.shape[1] else mask.T @ mask
    square = float(np.linalg.eigvalsh(small)[-2]) if len(small) > 1 else 0.0
    a, b = junction.num_edges / junction.in_features, junction.num_edges / junction.out_features
    return max(0.0, (a + b - float(np.sqrt((a - b) ** 2 + 4 * max(0.0, square)))) / 2)


def _switched(
    inputs: NDArray[np.int64], outputs: NDArray[np.int64], pairs: NDArray[np.int64], shape: tuple[int, int]
) -> Bipartite:
    ends = outputs.tolist()
    starts = inputs.tolist()
    there = set(zip(starts, ends, strict=True))
    for first, second in pairs.tolist():
        one, other = (starts[first], ends[second]), (starts[second], ends[first])
        if one not in there and other not in there:
            there -= {(starts[first], ends[first]), (starts[second], ends[second])}
            there |= {one, other}
            ends[first], ends[second] = ends[second], ends[first]
    return joined(inputs, np.array(ends, dtype=np.int64), *shape)


def _relabelled(junction: Junction, order: NDArray[np.int64]) -> Bipartite:
    """Input i becomes input order[i]."""
    inputs, outputs = (np.asarray(end, dtype=np.int64) for end in junction.edges())
    return joined(order[inputs], outputs, junction.in_features, junction.out_features)


def _parts(I: int, O: int, degree: int) -> int:
    """The most modules up to `MODULES` that divide both sides and have room for the degrees."""
    fits = (n for n in range(MODULES, 1, -1) if I % n == O % n == 0 and degree <= O // n and degree * I // O <= I // n)
    return next(fits, 1)


def _sizes(in_features: int, out_features: int) -> range:
    degrees = biregular_degrees(in_features, out_features)
    return range(degrees.start * in_features, degrees.stop * in_features, degrees.step * in_features)
