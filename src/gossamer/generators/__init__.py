"""Pure functions that make a junction or a topology."""

from gossamer.generators import budgets
from gossamer.generators.layered import layered
from gossamer.generators.random import bernoulli, constant_fan_in, dense, erdos_renyi, regular_random
from gossamer.generators.registry import GENERATORS, Family, Size, named
from gossamer.generators.rotating import (
    fibonacci,
    rotating_bernoulli,
    rotating_contiguous,
    rotating_even,
    rotating_random,
    rotating_regular,
)

__all__ = [
    "GENERATORS",
    "Family",
    "Size",
    "bernoulli",
    "budgets",
    "constant_fan_in",
    "dense",
    "erdos_renyi",
    "fibonacci",
    "layered",
    "named",
    "regular_random",
    "rotating_bernoulli",
    "rotating_contiguous",
    "rotating_even",
    "rotating_random",
    "rotating_regular",
]
