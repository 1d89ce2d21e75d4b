"""Pure functions that make a junction or a topology."""

from gossamer.generators import budgets
from gossamer.generators.biregular import biregular, near_biregular, rolled_permutations
from gossamer.generators.blocks import block_random, blown_up, n_of_m
from gossamer.generators.butterfly import butterfly
from gossamer.generators.correlated import correlated
from gossamer.generators.expander import lubotzky_phillips_sarnak, ramanujan, ramanujan_bound
from gossamer.generators.family import Family, Size
from gossamer.generators.grouped import grouped
from gossamer.generators.layered import layered
from gossamer.generators.narrow import narrowed
from gossamer.generators.optimised import optimised
from gossamer.generators.own import family_of, register
from gossamer.generators.perturbed import perturbed
from gossamer.generators.planar import planar_field, spatial
from gossamer.generators.profiles import LogNormal, PowerLaw, profiled
from gossamer.generators.radix import radix_net
from gossamer.generators.random import bernoulli, constant_fan_in, dense, erdos_renyi, regular_random
from gossamer.generators.registry import GENERATORS, named
from gossamer.generators.relational import relational, ws_flex
from gossamer.generators.rotating import (
    fibonacci,
    rotating_bernoulli,
    rotating_contiguous,
    rotating_even,
    rotating_random,
    rotating_regular,
)
from gossamer.generators.scalefree import scale_free
from gossamer.generators.smallworld import receptive_field, small_world
from gossamer.generators.spectral import AlgebraicConnectivity, SecondSingularValue
from gossamer.generators.switching import switched

__all__ = [
    "GENERATORS",
    "AlgebraicConnectivity",
    "Family",
    "LogNormal",
    "PowerLaw",
    "SecondSingularValue",
    "Size",
    "bernoulli",
    "biregular",
    "block_random",
    "blown_up",
    "budgets",
    "butterfly",
    "constant_fan_in",
    "correlated",
    "dense",
    "erdos_renyi",
    "family_of",
    "fibonacci",
    "grouped",
    "layered",
    "lubotzky_phillips_sarnak",
    "n_of_m",
    "named",
    "narrowed",
    "near_biregular",
    "optimised",
    "perturbed",
    "planar_field",
    "profiled",
    "radix_net",
    "ramanujan",
    "ramanujan_bound",
    "receptive_field",
    "register",
    "regular_random",
    "relational",
    "rolled_permutations",
    "rotating_bernoulli",
    "rotating_contiguous",
    "rotating_even",
    "rotating_random",
    "rotating_regular",
    "scale_free",
    "small_world",
    "spatial",
    "switched",
    "ws_flex",
]
