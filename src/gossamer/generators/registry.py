"""Names of the generators: the one place where the command line and study files turn names into objects.

A generator that needs more than a size gets, under its name, the values written here: our choice, unless its source
gives one. Call the function itself for others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from numpy.random import Generator

from gossamer.errors import require_known
from gossamer.generators import profiles, random, rotating
from gossamer.generators.biregular import biregular, biregular_degrees, near_biregular, rolled_permutations
from gossamer.generators.blocks import block_random, n_of_m
from gossamer.generators.butterfly import butterfly, most_factors
from gossamer.generators.expander import ramanujan, ramanujan_degrees
from gossamer.generators.family import Family, Size
from gossamer.generators.grouped import grouped
from gossamer.generators.optimised import optimised
from gossamer.generators.planar import planar_field
from gossamer.generators.relational import relational, ws_flex
from gossamer.generators.scalefree import scale_free
from gossamer.generators.smallworld import receptive_field, small_world
from gossamer.topology import Bipartite, Junction

REWIRING = 0.1
RECEPTIVE_FIELD_R = 0.25  # the authors' best for MLPs
PLANAR_FIELD_R = 0.1
RELATIONAL_REWIRING = 0.5
LOGNORMAL_SIGMA = 1.0
POWER_LAW_EXPONENT = 2.5
LARGEST_BLOCK = 4
LARGEST_GROUP = 4  # N of 4, as hardware has it
MOST_GROUPS = 64
GROUPS = (2, 4, 8, 16)  # outputs that share their inputs: the largest divisor up to that


def _block_random(in_features: int, out_features: int, fan_in: int, *, rng: Generator) -> Bipartite:
    side = _block_side(in_features, out_features)
    return block_random(in_features, out_features, fan_in // side, block_size=side, rng=rng)


def _n_of_m(in_features: int, out_features: int, fan_in: int, *, rng: Generator) -> Bipartite:
    group = _largest_divisor(in_features, LARGEST_GROUP)
    return n_of_m(in_features, out_features, fan_in * group // in_features, m=group, rng=rng)


def _grouped(in_features: int, out_features: int, fan_in: int, *, most: int, rng: Generator) -> Junction:
    group = _largest_divisor(out_features, most)
    return grouped(random.constant_fan_in, in_features, out_features, fan_in, group=group, rng=rng)


def _grouped_even(in_features: int, out_features: int, fan_in: int, *, most: int, rng: Generator) -> Junction:
    group = _largest_divisor(out_features, most)
    return grouped(near_biregular, in_features, out_features, fan_in, group=group, rng=rng)


def _twisted(in_features: int, out_features: int, fan_in: int, *, most: int, rng: Generator) -> Junction:
    group = _largest_divisor(math.gcd(in_features, out_features), most)
    return grouped(random.constant_fan_in, in_features, out_features, fan_in, group=group, twist=True, rng=rng)


def _small_world(in_features: int, out_features: int, num_edges: int, *, rng: Generator) -> Bipartite:
    return small_world(in_features, out_features, num_edges, rewiring=REWIRING, rng=rng)


def _receptive_field(in_features: int, out_features: int, num_edges: int, *, rng: Generator) -> Bipartite:
    return receptive_field(in_features, out_features, num_edges, r=RECEPTIVE_FIELD_R, rng=rng)


def _planar_field(in_features: int, out_features: int, num_edges: int, *, rng: Generator) -> Bipartite:
    return planar_field(in_features, out_features, num_edges, r=PLANAR_FIELD_R, rng=rng)


def _butterfly(in_features: int, out_features: int, degree: int) -> Bipartite:
    blocks = _binary_blocks(in_features, out_features)
    return butterfly(in_features, out_features, degree * blocks // out_features - 1, blocks=blocks)


def _relational(in_features: int, out_features: int, num_edges: int, *, rng: Generator) -> Bipartite:
    groups = _groups(in_features, out_features)
    ends = num_edges * groups**2 // (in_features * out_features) - groups  # both ends of edges between groups
    return relational(in_features, out_features, ws_flex(groups, ends / groups, rewiring=RELATIONAL_REWIRING, rng=rng))


def _lognormal(in_features: int, out_features: int, num_edges: int, *, rng: Generator) -> Bipartite:
    profile = profiles.LogNormal(LOGNORMAL_SIGMA)
    return profiles.profiled(in_features, out_features, num_edges, profile=profile, rng=rng)


def _power_law(in_features: int, out_features: int, num_edges: int, *, rng: Generator) -> Bipartite:
    profile = profiles.PowerLaw(POWER_LAW_EXPONENT)
    return profiles.profiled(in_features, out_features, num_edges, profile=profile, rng=rng)


def _optimised(in_features: int, out_features: int, degree: int, *, rng: Generator) -> Bipartite:
    return optimised(biregular(in_features, out_features, degree, rng=rng), rng=rng)


def _any_count(in_features: int, out_features: int) -> range:
    return range(in_features * out_features + 1)


def _no_dead_output(in_features: int, out_features: int) -> range:
    return range(out_features, in_features * out_features + 1)


def _any_degree(in_features: int, out_features: int) -> range:
    return range(1, out_features + 1)


def _any_fan_in(in_features: int, out_features: int) -> range:
    return range(1, in_features + 1)


def _twisted_fan_ins(in_features: int, out_features: int, *, most: int) -> range:
    return range(1, in_features // _largest_divisor(math.gcd(in_features, out_features), most) + 1)


def _whole_blocks(in_features: int, out_features: int) -> range:
    side = _block_side(in_features, out_features)
    return range(side, in_features + 1, side)


def _whole_groups(in_features: int, out_features: int) -> range:
    step = in_features // _largest_divisor(in_features, LARGEST_GROUP)
    return range(step, in_features + 1, step)


def _butterfly_degrees(in_features: int, out_features: int) -> range:
    blocks = _binary_blocks(in_features, out_features)
    side = out_features // blocks
    return range(side, (most_factors(blocks) + 1) * side + 1, side)


def _relational_counts(in_features: int, out_features: int) -> range:
    groups = _groups(in_features, out_features)
    block = in_features * out_features // groups**2
    return range(groups * block, in_features * out_features + 1, 2 * block)


def _block_side(in_features: int, out_features: int) -> int:
    return _largest_divisor(math.gcd(in_features, out_features), LARGEST_BLOCK)


def _groups(in_features: int, out_features: int) -> int:
    return _largest_divisor(math.gcd(in_features, out_features), MOST_GROUPS)


def _binary_blocks(in_features: int, out_features: int) -> int:
    return 1 << most_factors(math.gcd(in_features, out_features))


def _largest_divisor(number: int, most: int) -> int:
    return max(divisor for divisor in range(1, most + 1) if number % divisor == 0)


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
    Family("biregular", biregular, Size.DEGREE, biregular_degrees),
    Family("near_biregular", near_biregular, Size.FAN_IN, _any_fan_in),
    Family("rolled_permutations", rolled_permutations, Size.DEGREE, biregular_degrees),
    Family("butterfly", _butterfly, Size.DEGREE, _butterfly_degrees, random=False),
    Family("block_random", _block_random, Size.FAN_IN, _whole_blocks),
    *(Family(f"grouped_{most}", partial(_grouped, most=most), Size.FAN_IN, _any_fan_in) for most in GROUPS),
    *(Family(f"grouped_even_{most}", partial(_grouped_even, most=most), Size.FAN_IN, _any_fan_in) for most in GROUPS),
    *(
        Family(f"twisted_{most}", partial(_twisted, most=most), Size.FAN_IN, partial(_twisted_fan_ins, most=most))
        for most in GROUPS
    ),
    Family("n_of_m", _n_of_m, Size.FAN_IN, _whole_groups),
    Family("small_world", _small_world, Size.NUM_EDGES, _any_count),
    Family("receptive_field", _receptive_field, Size.NUM_EDGES, _any_count),
    Family("planar_field", _planar_field, Size.NUM_EDGES, _any_count),
    Family("scale_free", scale_free, Size.NUM_EDGES, _any_count),
    Family("relational", _relational, Size.NUM_EDGES, _relational_counts),
    Family("lognormal_fan_in", _lognormal, Size.NUM_EDGES, _no_dead_output),
    Family("power_law_fan_in", _power_law, Size.NUM_EDGES, _no_dead_output),
    Family("ramanujan", ramanujan, Size.DEGREE, ramanujan_degrees),
    Family("optimised", _optimised, Size.DEGREE, biregular_degrees),
)

_KNOWN = {family.name: family for family in _FAMILIES}
GENERATORS: Mapping[str, Family] = MappingProxyType(_KNOWN)
"""Every generator of junctions by its name; `gossamer.generators.register` adds to them."""

SIZES_OF: Mapping[Size, Callable[[int, int], range]] = MappingProxyType(
    {Size.NUM_EDGES: _any_count, Size.DEGREE: _any_degree, Size.FAN_IN: _any_fan_in}
)
"""The sizes of a generator that can make any."""


def add(family: Family) -> None:
    """Make a family known by its name; see `gossamer.generators.register`."""
    _KNOWN[family.name] = family


def named(name: str) -> Family:
    """Return the generator of this name.

    Raises:
        ValueError: there is none; the message lists them all.

    >>> named("fibonacci").rotated
    True
    """
    return require_known("topology", name, GENERATORS)
