"""Better connected junctions: edge switches that keep every degree and improve the spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError, Rng, require_fraction, require_int, require_rng
from gossamer.generators.spectral import AlgebraicConnectivity, Objective, Slope
from gossamer.generators.subsets import contains
from gossamer.generators.switching import joined
from gossamer.topology import Bipartite, Junction

if TYPE_CHECKING:
    pass

_DEFAULT_OBJECTIVE = AlgebraicConnectivity()
_MOST_PROPOSALS = 30_000
_PATIENCE = 12
_NOISE = 1e-9


def optimised(
    junction: Junction,
    *,
    rng: Rng,
    objective: Objective = _DEFAULT_OBJECTIVE,
    target: float | None = None,
    rounds: int = 50,
) -> Bipartite:
    """Switch edges until the spectrum is as good as asked, or gets no better.

    A round takes the singular (or Laplacian) vectors around the value aimed at, ranks random pairs of edges by what
    their switch is worth to first order, and switches the best ones, no two of which share a neuron. Then the vectors
    are computed anew; a round that made the value worse is undone and the next one switches half as many.

    Args:
        junction: where to start: `biregular` or `constant_fan_in`, say. Its degrees are kept.
        rng: source of randomness.
        objective: `AlgebraicConnectivity()` (raise it) or `SecondSingularValue()` (lower it).
        target: stop once the value is at least as good; without it, stop when it gets no better.
        rounds: most rounds to take.

    Raises:
        ConvergenceError: the target was not reached; the message says how near.

    References:
        Ours. The slope of a singular value is u^T (dA) v, that of a Laplacian eigenvalue x^T (dL) x: Stewart, Sun,
        "Matrix Perturbation Theory", 1990.

    >>> from gossamer.generators import SecondSingularValue, biregular
    >>> rng = np.random.default_rng(0)
    >>> g = biregular(100, 100, 3, rng=rng)
    >>> h = optimised(g, rng=rng, objective=SecondSingularValue(), target=2.7)
    >>> bool((h.fan_in == 3).all()), bool(np.linalg.svd(h.to_mask().astype(float))[1][1] <= 2.7)
    (True, True)
    """
    goal = None if target is None else require_fraction("target", target, high=float("inf"))
    left = require_int("rounds", rounds, low=0)
    state = _State.of(junction, objective)
    batch, vain = max(4, junction.num_edges // 20), 0
    rng = require_rng(rng)
    while left and vain < _PATIENCE and junction.num_edges > 1 and not _reached(goal, state.slope.value, objective):
        first, second = _promising(state, batch, rng)
        better = state.switched(first, second, objective) if len(first) else state
        improved = objective.is_better(better.slope.value, state.slope.value)
        worsened = objective.is_better(state.slope.value, better.slope.value)
        vain = 0 if improved else vain + 1
        state = state if worsened else better  # sideways too: a graph in many parts is joined bit by bit
        batch = min(batch + batch // 3 + 1, junction.num_edges) if improved else max(1, batch // 2)
        left -= 1
    if goal is not None and not _reached(goal, state.slope.value, objective):
        raise ConvergenceError(f"{objective} came to {state.slope.value:.6g}, not to target={goal:.6g}.")
    return joined(state.inputs, state.outputs, junction.in_features, junction.out_features)


def _reached(goal: float | None, value: float, objective: Objective) -> bool:
    return goal is not None and not objective.is_better(goal, value)


class _State:
    """Edges in any order, and the slope of the objective there."""

    def __init__(
        self, inputs: NDArray[np.int64], outputs: NDArray[np.int64], shape: tuple[int, int], objective: Objective
    ) -> None:
        self.inputs, self.outputs, self.shape = inputs, outputs, shape
        self.slope: Slope = objective.slope(self._matrix())

    @classmethod
    def of(cls, junction: Junction, objective: Objective) -> _State:
        inputs, outputs = (end.astype(np.int64) for end in junction.edges())
        return cls(inputs, outputs, (junction.in_features, junction.out_features), objective)

    def _matrix(self) -> Any:
        import scipy.sparse

        return scipy.sparse.csr_array((np.ones(len(self.inputs)), (self.inputs, self.outputs)), shape=self.shape)

    def switched(self, first: NDArray[np.int64], second: NDArray[np.int64], objective: Objective) -> _State:
        outputs = self.outputs.copy()
        outputs[first], outputs[second] = self.outputs[second], self.outputs[first]
        return _State(self.inputs, outputs, self.shape, objective)


def _promising(state: _State, batch: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of edges whose switches are simple, worth most, and share no neuron: `batch` at most."""
    count = len(state.inputs)
    first, second = rng.integers(count, size=(2, min(20 * count, _MOST_PROPOSALS)))
    left, right = state.slope.left, state.slope.right
    across = left[state.inputs[first]] - left[state.inputs[second]]
    down = right[state.outputs[first]] - right[state.outputs[second]]
    worth = np.einsum("pr,pr->p", across, down)
    useful = np.flatnonzero((worth > _NOISE) & _stays_simple(state, first, second))
    ranked = useful[np.argsort(-worth[useful])]
    return _sharing_no_neuron(state, first[ranked], second[ranked], batch)


def _stays_simple(state: _State, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    inputs, outputs, I = state.inputs, state.outputs, state.shape[0]
    taken = np.sort(outputs * I + inputs)
    return ~(
        contains(taken, outputs[second] * I + inputs[first]) | contains(taken, outputs[first] * I + inputs[second])
    )


def _sharing_no_neuron(
    state: _State, first: NDArray[np.int64], second: NDArray[np.int64], batch: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Go through ranked pairs as a greedy choice would, many at a time: a pair wins if it is first at all its ends."""
    winners = np.empty((2, 0), dtype=np.int64)
    pairs = np.stack([first, second])
    while pairs.size and winners.shape[1] < batch:
        rank = np.arange(pairs.shape[1])
        ends = np.concatenate([state.inputs[pairs], state.outputs[pairs] + state.shape[0]])  # (4, pairs), as nodes
        best = np.full(sum(state.shape), len(rank))
        for end in ends:
            np.minimum.at(best, end, rank)
        wins = (best[ends] == rank).all(axis=0)
        winners = np.concatenate([winners, pairs[:, wins]], axis=1)
        used = np.zeros(sum(state.shape), dtype=np.bool_)
        used[ends[:, wins]] = True
        pairs = pairs[:, ~used[ends].any(axis=0)]
    return winners[0, :batch], winners[1, :batch]
