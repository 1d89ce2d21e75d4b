"""Tie-aware NNSTD: one relabelling for the whole network, symmetric, and 0 for isomorphic networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.alignment import Alignment, Orders
from gossamer.distances.canonical import CanonicalForm, canonical_form
from gossamer.distances.neurons import inverse
from gossamer.distances.ram import require_memory
from gossamer.distances.reading import NetworkLike, as_topology, require_same_widths
from gossamer.errors import require_int

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@final
@dataclass(frozen=True, eq=False)
class SymmetricDistance:
    """What `symmetric_nnstd` found.

    Attributes:
        per_layer: mean Jaccard distance of matched neurons, (L,), 0 to 1, under one relabelling of the whole network.
        assignments: that relabelling: for each junction, the partner in the second network of each output neuron.
        lower: per layer, no relabelling gives less, (L,). The least distance lies from `lower` to `mean`.
        isomorphic: whether the networks are equal up to relabelling; None if the search gave up.
    """

    per_layer: NDArray[np.float64]
    assignments: tuple[NDArray[np.int64], ...]
    lower: NDArray[np.float64]
    isomorphic: bool | None

    @property
    def mean(self) -> float:
        """The distance of the networks: mean of `per_layer`, 0 to 1."""
        return float(np.mean(self.per_layer))

    @property
    def orders(self) -> tuple[NDArray[np.int64] | None, ...]:
        """The match of the whole network; `relabelled(b, d.orders)` lays the second network over the first."""
        return (None, *self.assignments)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each junction's distance and its lower bound into `ax` or a new figure, and return the axes."""
        from gossamer.plots.lines import Curve, draw_curves

        places = list(range(len(self.per_layer)))
        found = {"found": self.per_layer, "no relabelling gives less": self.lower}
        curves = [Curve(name, places, values.tolist()) for name, values in found.items()]
        return draw_curves(curves, ax, x="junction", y="distance", whole=True)

    def _repr_html_(self) -> str:
        from gossamer.plots.notebook import html_table

        rows = [[k, float(v), float(low)] for k, (v, low) in enumerate(zip(self.per_layer, self.lower, strict=True))]
        return html_table(("junction", "distance", "at least"), rows, title=f"symmetric NNSTD {self.mean:.4g}")

    def __float__(self) -> float:
        return self.mean

    def __repr__(self) -> str:
        layers = np.round(self.per_layer, 6).tolist()
        return f"SymmetricDistance(mean={self.mean:.6g}, per_layer={layers}, isomorphic={self.isomorphic})"


def symmetric_nnstd(a: NetworkLike, b: NetworkLike, *, sweeps: int = 10, budget: int = 2000) -> SymmetricDistance:
    """NNSTD under one relabelling of all hidden and output neurons at once, which outgoing edges help to choose.

    The aim is D(a, b) = min over relabellings of the mean over layers of the mean Jaccard distance of matched neurons.
    D is a metric on networks up to relabelling, but finding it contains graph isomorphism and is hard. Hence:

    - Both networks are brought to a canonical form first. Equal forms are isomorphic, with distance exactly 0.
    - Otherwise canonical forms are matched from a to b and from b to a: layer by layer like `nnstd`, ties decided by
      fan-out, then layer after layer again by its incoming edges and a lower bound of what its outgoing edges
      gain, as long as the sum falls. The better of both is the answer: an upper bound of D, never above either start.

    Guaranteed: symmetric and unchanged by relabelling, bit for bit, when both forms are certified (then `isomorphic`
    is not None; in sparse random networks nearly always); 0 only for isomorphic networks, always; 0 for all
    isomorphic networks when certified; `lower` <= D <= `mean`. Not guaranteed: that `mean` is D, hence the triangle
    inequality. Blind to: relabellings of hidden and output neurons.

    Args:
        a: a network.
        b: another of the same widths. Memory: about 60 bytes a pair of neurons.
        sweeps: how often the layers are gone through again at most, 0 or more.
        budget: see `canonical_form`.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        InsufficientMemoryError: the matrices do not fit.

    >>> a, b = [[[1, 0], [1, 1]], [[1, 0]]], [[[1, 1], [1, 0]], [[0, 1]]]
    >>> symmetric_nnstd(a, b).mean, symmetric_nnstd(a, b).isomorphic
    (0.0, True)
    """
    first, second = as_topology(a), as_topology(b)
    require_same_widths(first, second)
    require_int("sweeps", sweeps, low=0)
    widest = max(first.widths[1:])
    require_memory(60 * widest**2, f"matching {widest} x {widest} neurons")
    forms = canonical_form(first, budget=budget), canonical_form(second, budget=budget)
    if forms[0].topology == forms[1].topology:
        zero = np.zeros(len(first))
        return SymmetricDistance(zero, _translated([np.arange(w) for w in first.widths], forms), zero, True)
    problem = Alignment(forms[0].topology, forms[1].topology)
    mirrored = Alignment(forms[1].topology, forms[0].topology)
    candidates = [problem.search(sweeps), [inverse(order) for order in mirrored.search(sweeps)]]
    best = min(candidates, key=lambda orders: (problem.total(orders), problem.per_layer(orders)))
    return SymmetricDistance(
        np.array(problem.per_layer(best)),
        _translated(best, forms),
        problem.lower_bounds(),
        False if forms[0].certified and forms[1].certified else None,
    )


def _translated(orders: Orders, forms: tuple[CanonicalForm, CanonicalForm]) -> tuple[NDArray[np.int64], ...]:
    """Partners in the networks' own labels, of partners in their forms' labels."""
    return tuple(
        theirs[order][inverse(mine)]
        for order, mine, theirs in zip(orders[1:], forms[0].orders[1:], forms[1].orders[1:], strict=True)
    )
