"""Junctions whose outputs differ in fan-in: few hubs, many neurons that read little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InfeasibleTopologyError, Rng, require_fraction, require_rng
from gossamer.generators.budgets import share
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.generators.subsets import by_output, draw_subsets
from gossamer.topology import Bipartite

Profile = Callable[[int], NDArray[np.float64]]
"""Makes the relative fan-in of so many outputs, positive, in any unit."""


@dataclass(frozen=True)
class LogNormal:
    """Fan-in at the quantiles (j + 1/2) / O of a log-normal distribution.

    Attributes:
        sigma: standard deviation of the logarithm, 0 (equal) and up; the coefficient of variation is
            sqrt(exp(sigma^2) - 1).
    """

    sigma: float

    def __post_init__(self) -> None:
        require_fraction("sigma", self.sigma, high=10.0)

    def __call__(self, count: int) -> NDArray[np.float64]:
        """Relative fan-ins, ascending, shape (count,)."""
        from scipy.special import ndtri

        return np.asarray(np.exp(self.sigma * ndtri(_quantiles(count))))


@dataclass(frozen=True)
class PowerLaw:
    """Fan-in at the quantiles (j + 1/2) / O of a power law, P(fan-in >= x) ~ x^(1 - exponent).

    Attributes:
        exponent: of the density, above 1, at most 100; the smaller, the larger the hubs.
    """

    exponent: float

    def __post_init__(self) -> None:
        require_fraction("exponent", self.exponent, low=1.01, high=100.0)

    def __call__(self, count: int) -> NDArray[np.float64]:
        """Relative fan-ins, ascending, shape (count,)."""
        return np.asarray((1 - _quantiles(count)) ** (-1 / (self.exponent - 1)))


def _quantiles(count: int) -> NDArray[np.float64]:
    return (np.arange(count) + 0.5) / count


def profiled(in_features: int, out_features: int, num_edges: int, *, profile: Profile, rng: Rng) -> Bipartite:
    """Give the outputs the fan-ins of a profile, and let each pick as many inputs uniformly.

    Every output gets one edge, and the rest is divided in proportion to the profile; what exceeds the inputs goes to
    the others. Fan-in rises with the number of the output: hub placement is arbitrary.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        num_edges: number of edges E, O to I * O.
        profile: `LogNormal`, `PowerLaw` or any function from a count to so many positive numbers.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: fewer edges than outputs, or more than pairs.

    References:
        Tomczak, "Heterogeneous Connectivity in Sparse Networks: Fan-in Profiles, Gradient Hierarchy, and Topological
        Equilibria" (PSN), arXiv 2604.10560: log-normal and power-law profiles. The quantiles and the least fan-in of
        one are our reading.

    >>> profiled(100, 5, 50, profile=LogNormal(1.0), rng=np.random.default_rng(0)).fan_in
    array([ 3,  5,  7, 11, 24], dtype=int32)
    """
    I, O = require_shape(in_features, out_features)
    count = require_num_edges(num_edges, I, O)
    if count < O:
        raise InfeasibleTopologyError(
            f"num_edges={count} leaves some of {O} outputs without an input; {O} is the least."
        )
    wanted = np.asarray(profile(O), dtype=np.float64)
    if wanted.shape != (O,) or not np.all(np.isfinite(wanted) & (wanted > 0)):
        raise InfeasibleTopologyError(f"profile={profile!r} did not make {O} positive finite numbers.")
    fan_in = 1 + np.array(share(wanted.tolist(), [I - 1] * O, count - O))
    return by_output(draw_subsets(fan_in, I, require_rng(rng)), I, O)
