"""PHEW: the edges of random walks that prefer large weights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError, Rng, require_fraction, require_rng
from gossamer.pruning.layers import weights_of
from gossamer.topology import Bipartite, Topology

Matrix = NDArray[np.float64]
BATCH = 256
"""Walks made at a time."""


def phew(model: nn.Module, *, density: float = 0.1, rng: Rng) -> Topology:
    """Keep the edges of random walks from input to output and back, until the budget is met exactly.

    A walk goes on from a neuron over an edge with chance in proportion to |w|. Half of the walks begin at inputs, half
    at outputs, each unit in turn in random order. Every edge kept lies on a path from an input to an output, except
    that the last walk stops where the budget is spent.

    Args:
        model: its `nn.Linear` layers follow one another.
        density: edges over places of all layers, 0 to 1; at least as many edges as layers.
        rng: where the walks are drawn.

    Raises:
        InfeasibleTopologyError: fewer edges than layers, or more than walks can reach (weights of 0).
        InvalidTopologyError: layers whose widths do not fit.

    References:
        Patil, Dovrolis, "PHEW: Constructing Sparse Networks that Learn Fast and Generalize Well Without Training
        Data", ICML 2021.

    >>> phew(nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)), density=0.5, rng=0).num_edges
    33
    """
    matrices = [weight.detach().double().cpu().numpy() for weight in weights_of(model).values()]
    _check(matrices)
    rng = require_rng(rng)
    magnitudes = [np.abs(matrix) for matrix in matrices]
    budget = round(require_fraction("density", density) * sum(matrix.size for matrix in magnitudes))
    reachable = sum(int((matrix > 0).sum()) for matrix in magnitudes)
    if not len(magnitudes) <= budget <= reachable:
        raise InfeasibleTopologyError(
            f"density={density} leaves {budget} edges; walks through {len(magnitudes)} layers need at least one each, "
            f"and only {reachable} weights are not 0."
        )
    kept = _walk_until(magnitudes, budget, rng)
    return Topology(Bipartite.from_mask(mask) for mask in kept)


def _check(matrices: Sequence[Matrix]) -> None:
    for number, (before, after) in enumerate(itertools.pairwise(matrices)):
        if len(before) != after.shape[1]:
            raise InvalidTopologyError(
                f"nn.Linear number {number} has {len(before)} outputs, the next one {after.shape[1]} inputs; walks "
                "need layers that follow one another."
            )


def _walk_until(magnitudes: list[Matrix], budget: int, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Walk until `budget` different edges are marked; a batch without a new edge is finished by the largest |w|."""
    masks = [np.zeros(matrix.shape, dtype=np.bool_) for matrix in magnitudes]
    onward = [_Choices(matrix.T) for matrix in magnitudes]
    back = [_Choices(matrix) for matrix in magnitudes]
    left = budget
    for turn in range(_MAX_BATCHES):
        forward = turn % 2 == 0
        chain = onward if forward else back[::-1]
        starts = np.concatenate([rng.permutation(len(chain[0])) for _ in range(-(-BATCH // len(chain[0])))])[:BATCH]
        paths = _walks(chain, starts, rng)
        for path in paths.T:
            nodes = path if forward else path[::-1]
            for mask, source, target in zip(masks, nodes, nodes[1:], strict=False):
                if not mask[target, source]:
                    mask[target, source] = True
                    left -= 1
                    if not left:
                        return masks
    raise InfeasibleTopologyError(f"walks found {budget - left} of {budget} edges; the other weights are too small.")


_MAX_BATCHES = 100_000


class _Choices:
    """For every neuron, the chances of its edges."""

    def __init__(self, magnitudes: Matrix) -> None:
        sums = np.cumsum(magnitudes, axis=1)
        if not (sums[:, -1] > 0).all():
            dead = int(np.flatnonzero(sums[:, -1] <= 0)[0])
            raise InfeasibleTopologyError(f"neuron {dead} has no weight other than 0, so no walk can leave it.")
        self._sums = sums

    def __len__(self) -> int:
        return len(self._sums)

    def draw(self, nodes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Where a walk from each of `nodes` goes next."""
        sums = self._sums[nodes]
        places = (sums > rng.random((len(nodes), 1)) * sums[:, -1:]).argmax(axis=1)
        return np.asarray(places, dtype=np.int64)


def _walks(chain: Sequence[_Choices], starts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Nodes of the walks, shape (layers + 1, walks)."""
    nodes = [starts]
    for choices in chain:
        nodes.append(choices.draw(nodes[-1], rng))
    return np.stack(nodes)
