"""Ramanujan junctions: biregular ones whose second singular value is as small as it stays in large graphs."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InfeasibleTopologyError, Rng, require_int, require_rng
from gossamer.generators.biregular import biregular, biregular_degrees, require_biregular
from gossamer.generators.optimised import optimised
from gossamer.generators.spectral import SecondSingularValue
from gossamer.generators.subsets import by_input
from gossamer.topology import Bipartite


def ramanujan_bound(degree: int, fan_in: int) -> float:
    """sqrt(degree - 1) + sqrt(fan_in - 1): no large biregular junction has a second singular value far below.

    References:
        Feng, Li, "Spectra of hypergraphs and applications", Journal of Number Theory 1996.

    >>> ramanujan_bound(5, 10)
    5.0
    """
    return math.sqrt(degree - 1) + math.sqrt(fan_in - 1)


def ramanujan(in_features: int, out_features: int, degree: int, *, rng: Rng) -> Bipartite:
    """Draw a biregular junction and switch edges until sigma_2 <= sqrt(degree - 1) + sqrt(fan_in - 1).

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        degree: fan-out of every input, such that I * degree is a multiple of O; both degrees at least 2, unless the
            junction is full.
        rng: source of randomness.

    Raises:
        InfeasibleTopologyError: no such junction exists; the message names the nearest degrees.
        ConvergenceError: the bound was not reached.

    References:
        Kalra et al., TMLR 2025, for Ramanujan junctions as sparse layers; Marcus, Spielman, Srivastava, "Interlacing
        families IV", FOCS 2015, for their existence at all sizes.

    >>> g = ramanujan(60, 40, 4, rng=np.random.default_rng(0))
    >>> bool(np.linalg.svd(g.to_mask().astype(float))[1][1] <= ramanujan_bound(4, 6))
    True
    """
    I, O, k = require_biregular(in_features, out_features, degree)
    allowed = ramanujan_degrees(I, O)
    if k not in allowed:
        raise InfeasibleTopologyError(
            f"degree={k} gives stars, and no {I} x {O} junction of stars meets the bound; degree={allowed[0]} is the "
            "least that can."
        )
    rng = require_rng(rng)
    start = biregular(I, O, k, rng=rng)
    if k == O:
        return start
    bound = ramanujan_bound(k, I * k // O) * (1 - 1e-8)  # strictly within, whatever rounding does
    return optimised(start, rng=rng, objective=SecondSingularValue(), target=bound)


def ramanujan_degrees(in_features: int, out_features: int) -> range:
    """Biregular degrees of at least 2 on both sides, or that of the full junction.

    >>> list(ramanujan_degrees(4, 8)), list(ramanujan_degrees(1, 3))
    ([4, 6, 8], [3])
    """
    degrees = biregular_degrees(in_features, out_features)
    for place, degree in enumerate(degrees):
        if min(degree, in_features * degree // out_features) >= 2:
            return degrees[place:]
    return degrees[-1:]


def lubotzky_phillips_sarnak(p: int, q: int) -> Bipartite:
    """Make the Ramanujan junction X^{p,q}: degree p + 1 between q (q^2 - 1) / 2 inputs and as many outputs.

    Matrices of PGL(2, q) are joined when one is the other times one of the p + 1 matrices that stand for the integer
    quaternions of norm p. Where p is a square modulo q these stay within PSL(2, q), and the junction joins two copies
    of it; else inputs are the matrices whose determinant is a square, outputs the others. No chance is involved, and
    sigma_2 <= 2 sqrt(p) is a theorem.

    Args:
        p: a prime of the form 4 z + 1: 5, 13, 17, 29, 37, ...
        q: another such prime, above 2 sqrt(p).

    Raises:
        InfeasibleTopologyError: p or q is not such a prime.

    References:
        Lubotzky, Phillips, Sarnak, "Ramanujan graphs", Combinatorica 1988.

    >>> g = lubotzky_phillips_sarnak(5, 13)
    >>> g.in_features, g.out_features, set(g.fan_in.tolist()), set(g.fan_out.tolist())
    (1092, 1092, {6}, {6})
    """
    p, q = _require_prime("p", p), _require_prime("q", q)
    if p == q or q * q <= 4 * p:
        raise InfeasibleTopologyError(f"p={p} and q={q} do not fit: q must be another prime above 2 sqrt(p).")
    elements, square = _projective_group(q)
    sources = elements[square]
    targets = sources if pow(p, (q - 1) // 2, q) == 1 else elements[~square]
    number = np.full(2 * q**3, -1)
    number[_code(targets, q)] = np.arange(len(targets))
    reached = [number[_code(_normal(sources @ step, q), q)] for step in _steps(p, q)]
    keys = np.arange(len(sources))[:, None] * len(targets) + np.stack(reached, axis=1)
    return by_input(keys.ravel(), len(sources), len(targets))


def _require_prime(name: str, value: int) -> int:
    number = require_int(name, value, low=2, high=1000)
    if not _fits(number):
        below = [n for n in range(5, number) if _fits(n)][-1:]
        above = next(n for n in itertools.count(number) if _fits(n))
        near = " and ".join(str(n) for n in [*below, above])
        raise InfeasibleTopologyError(f"{name}={number} is not a prime of the form 4 z + 1; the nearest: {near}.")
    return number


def _fits(number: int) -> bool:
    return number % 4 == 1 and all(number % d for d in range(3, math.isqrt(number) + 1, 2)) and number > 1


def _projective_group(q: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """All matrices of PGL(2, q), shape (q (q^2 - 1), 2, 2), and whether their determinant is a square.

    Of each class the one whose first entry other than 0 is 1.
    """
    rows = [(1, b) for b in range(q)] + [(0, 1)]
    every = np.array([(*row, c, d) for row in rows for c in range(q) for d in range(q)]).reshape(-1, 2, 2)
    determinant = (every[:, 0, 0] * every[:, 1, 1] - every[:, 0, 1] * every[:, 1, 0]) % q
    squares = np.unique(np.arange(1, q) ** 2 % q)
    regular = determinant != 0
    return every[regular], np.isin(determinant[regular], squares)


def _steps(p: int, q: int) -> list[NDArray[np.int64]]:
    """The matrices modulo q of the p + 1 integer quaternions of norm p with odd positive real part."""
    i = next(x for x in range(2, q) if x * x % q == q - 1)
    reach = math.isqrt(p)
    odd, even = range(1, reach + 1, 2), range(-reach + reach % 2, reach + 1, 2)
    return [
        np.array([[a + b * i, c + d * i], [-c + d * i, a - b * i]]) % q
        for a, b, c, d in itertools.product(odd, even, even, even)
        if a * a + b * b + c * c + d * d == p
    ]


def _normal(matrices: NDArray[np.int64], q: int) -> NDArray[np.int64]:
    """Each matrix times the number that makes its first entry other than 0 modulo q a 1."""
    reduced = matrices % q
    inverse = np.array([pow(x, q - 2, q) for x in range(q)])
    lead = np.where(reduced[:, 0, 0] != 0, reduced[:, 0, 0], reduced[:, 0, 1])
    return np.asarray(reduced * inverse[lead][:, None, None] % q)


def _code(matrices: NDArray[np.int64], q: int) -> NDArray[np.int64]:
    return np.asarray(matrices.reshape(-1, 4) @ np.array([q**3, q**2, q, 1]))
