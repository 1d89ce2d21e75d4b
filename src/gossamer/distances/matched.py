"""NNSTD: match the neurons of two networks layer by layer, and count what the best match leaves different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.distances.assignment import ScipyOrder, Solver
from gossamer.distances.neurons import NeuronSets
from gossamer.distances.overlap import JaccardCosts
from gossamer.distances.reading import NetworkLike, as_topology, require_same_widths
from gossamer.errors import InvalidTopologyError, require_int
from gossamer.topology import Topology

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Weights = Sequence[ArrayLike]
"""One array (E,) a junction, in its edge order."""


@final
@dataclass(frozen=True, eq=False)
class MatchedDistance:
    """What `nnstd` found.

    Attributes:
        per_neuron: for each junction, the distance of each output neuron of the first network to its match, (O,).
        per_layer: mean of each junction's `per_neuron`, (L,), 0 to 1.
        assignments: for each junction, the neuron of the second network matched to each of the first, (O,).
        gaps: how much each layer's distance may exceed the minimum that the matches before it allow, (L,); 0 unless the
            solver is approximate.
    """

    per_neuron: tuple[NDArray[np.float64], ...]
    per_layer: NDArray[np.float64]
    assignments: tuple[NDArray[np.int64], ...]
    gaps: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The distance of the networks: plain mean of `per_layer`, 0 to 1."""
        return float(np.mean(self.per_layer))

    @property
    def orders(self) -> tuple[NDArray[np.int64] | None, ...]:
        """The match of the whole network; `relabelled(b, d.orders)` lays the second network over the first."""
        return (None, *self.assignments)

    def changed_most(self, layer: int, count: int) -> NDArray[np.int64]:
        """The `count` output neurons of junction `layer` (in the first network) that differ most, worst first."""
        require_int("layer", layer, low=0, high=len(self.per_neuron) - 1)
        require_int("count", count, low=0)
        return np.argsort(-self.per_neuron[layer], kind="stable")[:count]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the distances of each junction's neurons, largest first, into `ax` or a new figure; return the axes."""
        from gossamer.plots.lines import Curve, draw_curves

        curves = [
            Curve(f"junction {k}, mean {np.mean(each):.3f}", np.linspace(0, 100, len(each)).tolist(), each.tolist())
            for k, each in enumerate(np.sort(neurons)[::-1] for neurons in self.per_neuron)
        ]
        return draw_curves(curves, ax, x="output neurons, %, the most different first", y="distance to the match")

    def _repr_html_(self) -> str:
        from gossamer.plots.notebook import html_table

        rows = [[k, float(v), len(n)] for k, (v, n) in enumerate(zip(self.per_layer, self.per_neuron, strict=True))]
        return html_table(("junction", "distance", "neurons"), rows, title=f"NNSTD {self.mean:.4g}")

    def __float__(self) -> float:
        return self.mean

    def __repr__(self) -> str:
        return f"MatchedDistance(mean={self.mean:.6g}, per_layer={np.round(self.per_layer, 6).tolist()})"


def nnstd(
    a: NetworkLike, b: NetworkLike, *, weights: tuple[Weights, Weights] | None = None, solver: Solver | None = None
) -> MatchedDistance:
    """Neural network sparse topology distance, as its authors compute it.

    Layer by layer from the input, each neuron is the set of its incoming neighbours; the distance of two neurons is
    the Jaccard distance of their sets; neurons are matched by an optimal assignment, and the layer's distance is the
    mean over matched pairs. The second network's neurons then take the names of their matches before the next layer.
    Input neurons are never matched; output neurons are, like hidden ones.

    Blind to: outgoing edges, and everything that a relabelling of neurons changes. Not exactly symmetric, and
    isomorphic networks may differ, because an optimal assignment need not be unique: `tie_bounds` tells how much,
    `symmetric_nnstd` does without.

    Args:
        a: a topology, a model with one, or a list of masks or scipy matrices (O, I); see `as_topology`.
        b: another of the same widths; `padded` makes widths equal.
        weights: for both networks, an array (E,) a junction in its edge order; then neurons differ by the weighted
            Jaccard distance of absolute weights.
        solver: how neurons are matched. The default, `ScipyOrder()`, gives the published values bit for bit; for wide
            layers `Exact()` gives the same minimum with other ties, `Approximate()` nearly the minimum.

    Returns:
        Distances (0 to 1), assignments, and each neuron's part. A dense junction has distance 0 to itself, an empty
        one 0 to an empty one, and 1 to one without empty neurons.

    Raises:
        InvalidTopologyError: networks of different depths or widths; masks that are not 0 or 1; weights not finite.
        InsufficientMemoryError: the cost matrix does not fit.

    References:
        S. Liu et al., "Topological Insights into Sparse Neural Networks", ECML-PKDD 2020, arXiv 2006.14085, and the
        authors' code Sparse_Topology_Distance. Masks there are (inputs, outputs), here (outputs, inputs).

    >>> d = nnstd([[[1, 1, 0], [0, 1, 1]], [[1, 0]]], [[[0, 1, 1], [1, 1, 1]], [[1, 0]]])
    >>> d.per_layer, d.assignments
    (array([0.16666667, 1.        ]), (array([1, 0]), array([0])))
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    solver = ScipyOrder() if solver is None else solver
    if not (weights is None or (isinstance(weights, (tuple, list)) and len(weights) == 2)):
        raise TypeError(f"weights is {type(weights).__name__}; a pair is needed: a list of arrays (E,) a network.")
    sets_a, sets_b = (_sets(topology, weights and weights[side]) for side, topology in enumerate((first, second)))
    per_neuron: list[NDArray[np.float64]] = []
    assignments: list[NDArray[np.int64]] = []
    gaps: list[float] = []
    for k, (mine, other) in enumerate(zip(sets_a, sets_b, strict=True)):
        costs = JaccardCosts(mine, other.with_inputs(assignments[-1]) if k else other)
        columns, gap = solver.match(costs)
        assignments.append(columns)
        per_neuron.append(costs.at(np.arange(mine.count), columns))
        gaps.append(gap / mine.count)
    per_layer = np.array([distances.sum() / len(distances) for distances in per_neuron])
    return MatchedDistance(tuple(per_neuron), per_layer, tuple(assignments), np.array(gaps))


def _sets(topology: Topology, weights: Weights | None) -> list[NeuronSets]:
    if weights is None:
        return [NeuronSets.of(layer) for layer in topology]
    if not isinstance(weights, (tuple, list)):
        raise TypeError(f"weights of a network are a list of arrays (E,), one a layer, not {type(weights).__name__}.")
    if len(weights) != len(topology):
        raise InvalidTopologyError(f"weights has {len(weights)} arrays; the topology has {len(topology)} junctions.")
    return [NeuronSets.of(layer, values) for layer, values in zip(topology, weights, strict=True)]
