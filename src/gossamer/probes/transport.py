"""The exact Wasserstein distance of two samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_MATCHED = 4096**2
"""Most pairs of two samples of one size: half a minute, 128 MiB."""

LARGEST = 1e150
"""Of a coordinate."""

MOST_PROGRAMMED = 250_000
"""Most pairs of two samples of different sizes: the linear program has a variable for each."""


def wasserstein(x: ArrayLike, y: ArrayLike) -> float:
    """W₁, the least mean Euclidean distance over which one sample must be moved to become the other.

    Equal sizes are an assignment problem; in one dimension samples of any sizes are sorted; other samples of different
    sizes are a linear program.

    Args:
        x: first sample, (N, D), or (N,) for numbers.
        y: second sample, (M, D) or (M,). Every point of a sample has the same weight.

    Returns:
        At least 0, in the unit of the samples; 0 for the same points in any order.

    Raises:
        ValueError: shapes that do not fit, no point, values that are not finite, samples too large to be exact.

    References:
        L. Kantorovich's dual is what `critic_distance` bounds it by from below.

    >>> wasserstein([[0.0, 0.0], [4.0, 0.0]], [[4.0, 3.0], [0.0, 0.0]])
    1.5
    >>> wasserstein([0.0, 1.0], [0.0, 1.0, 5.0, 8.0])
    3.0
    """
    first, second = samples(x, y)
    if first.shape[1] == 1:
        from scipy.stats import wasserstein_distance

        return float(wasserstein_distance(first[:, 0], second[:, 0]))
    _require_feasible(len(first), len(second))
    costs = _distances(first, second)
    if len(first) == len(second):
        from scipy.optimize import linear_sum_assignment

        return float(costs[linear_sum_assignment(costs)].mean())
    return _programmed(costs)


def samples(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both samples as float64 (N, D) and (M, D); tensors are detached.

    Raises:
        ValueError: shapes that do not fit, no point, values that are not finite.
        TypeError: values that are no numbers.
    """
    first, second = _sample("x", x), _sample("y", y)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"x has points of {first.shape[1]} dimensions, y of {second.shape[1]}; they must agree.")
    return first, second


def _sample(name: str, given: Any) -> NDArray[np.float64]:
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    points = np.asarray(given)
    if points.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {points.dtype}; it must be real numbers.")
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"{name} has shape {points.shape}; it must be (N, D) or (N,), none of them 0.")
    if not np.isfinite(points).all():
        row = int(np.argwhere(~np.isfinite(points))[0, 0])
        raise ValueError(f"{name}[{row}] is not finite; every point must be.")
    values: NDArray[np.float64] = points.astype(np.float64)
    if np.abs(values).max() > LARGEST:
        raise ValueError(f"{name} holds {np.abs(values).max():.3g}; squares of more than {LARGEST:g} overflow.")
    return values


def _require_feasible(n: int, m: int) -> None:
    most = MOST_MATCHED if n == m else MOST_PROGRAMMED
    if n * m > most:
        how = "an assignment" if n == m else "a linear program"
        raise ValueError(
            f"samples of {n} and {m} points make {how} of {n * m} pairs, and at most {most} are solved; draw smaller "
            "samples, or take gossamer.probes.critic_distance, a lower bound."
        )


def _distances(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences first: the expanded square would lose half of the digits of near points."""
    from scipy.spatial.distance import cdist

    costs: NDArray[np.float64] = cdist(x, y)
    return costs


def _programmed(costs: NDArray[np.float64]) -> float:
    """Min ⟨C, P⟩ over couplings P ≥ 0 with rows 1/N and columns 1/M."""
    import scipy.sparse
    from scipy.optimize import linprog

    n, m = costs.shape
    rows = scipy.sparse.kron(scipy.sparse.identity(n), np.ones((1, m)))
    columns = scipy.sparse.kron(np.ones((1, n)), scipy.sparse.identity(m))
    weights = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    # One equation follows from the others; left in, rounding could make them contradict each other.
    equations = scipy.sparse.vstack([rows, columns]).tocsr()[:-1]
    found = linprog(costs.ravel(), A_eq=equations, b_eq=weights[:-1], bounds=(0, None), method="highs")
    if not found.success:
        raise ArithmeticError(f"the linear program of {n} and {m} points was not solved: {found.message}")
    return float(found.fun)
