"""How a topology moves while it is rewired: distances along one run, and the paths of many runs on one map."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.embedding import classical_mds
from gossamer.distances.matched import nnstd
from gossamer.distances.pairs import Progress, pairwise
from gossamer.distances.reading import NetworkLike, as_topology
from gossamer.distances.registry import Distance
from gossamer.errors import InvalidTopologyError, require_int
from gossamer.topology import Topology

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LayerDistance = Callable[[Topology, Topology], NDArray[np.float64]]
"""A distance for each junction, (L,)."""


@final
@dataclass(frozen=True, eq=False)
class Evolution:
    """One run's way. M moments, L junctions; every array is (M, L).

    Attributes:
        to_start: distance of each moment to the first.
        to_previous: to the moment before; 0 at the first.
        to_final: to the last.
    """

    to_start: NDArray[np.float64]
    to_previous: NDArray[np.float64]
    to_final: NDArray[np.float64]

    @property
    def travelled(self) -> NDArray[np.float64]:
        """Length of each junction's way, (L,): the sum of `to_previous`. What moves most has the greatest."""
        return np.asarray(self.to_previous.sum(axis=0))

    @property
    def kept_direction(self) -> NDArray[np.float64]:
        """How straight each junction's way was, (L,): distance from start to end over `travelled`; 1 if it stayed.

        From 0 (back at the start) to 1 (no step lost) for a distance that obeys the triangle inequality.
        """
        ends = self.to_start[-1]
        kept: NDArray[np.float64] = np.divide(ends, self.travelled, out=np.ones_like(ends), where=self.travelled > 0)
        return kept

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each junction's distance to the start over the moments, into `ax` or a new figure; return the axes."""
        from gossamer.plots.lines import Curve, draw_curves

        moments = list(range(len(self.to_start)))
        curves = [
            Curve(f"junction {k}, travelled {way:.3f}", moments, self.to_start[:, k].tolist())
            for k, way in enumerate(self.travelled)
        ]
        return draw_curves(curves, ax, x="moment", y="distance to the start", whole=True)

    def _repr_html_(self) -> str:
        from gossamer.plots.notebook import html_table

        parts = (self.to_start[-1], self.travelled, self.kept_direction)
        rows = [[k, *map(float, values)] for k, values in enumerate(zip(*parts, strict=True))]
        head = ("junction", "start to end", "travelled", "straightness")
        return html_table(head, rows, title=f"{len(self.to_start)} moments")


class HasMoments(Protocol):
    """A log of a topology that changed, like `gossamer.rewiring.Recording`."""

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which it changed, ascending."""
        ...

    def topology(self, step: int) -> Topology:
        """What it was after `step`."""
        ...


def moments_of(recording: HasMoments, most: int | None = None) -> list[Topology]:
    """The topologies of a recording: at the start, and after each change.

    Args:
        recording: a `gossamer.rewiring.Recording`, or anything with its `steps` and `topology(step)`.
        most: if there are more, so many of them spread evenly, the first and the last among them; at least 2.

    Raises:
        ValueError: `most` is less than 2.
    """
    steps = [recording.steps[0] - 1, *recording.steps] if recording.steps else [0]
    if most is not None and len(steps) > require_int("most", most, low=2):
        steps = [steps[k] for k in np.linspace(0, len(steps) - 1, most).round().astype(int)]
    return [recording.topology(step) for step in steps]


def matched_layers(a: Topology, b: Topology) -> NDArray[np.float64]:
    """NNSTD of each junction, (L,), 0 to 1.

    >>> matched_layers(as_topology([[[1, 0], [0, 1]]]), as_topology([[[0, 1], [1, 0]]]))
    array([0.])
    """
    return nnstd(a, b).per_layer


def labelled_layers(distance: Distance) -> LayerDistance:
    """A distance applied to each junction on its own, as if it were a network.

    >>> from gossamer.distances import distance_named
    >>> layers = labelled_layers(distance_named("edge-jaccard"))
    >>> layers(as_topology([[[1, 0]], [[1]]]), as_topology([[[0, 1]], [[1]]]))
    array([1., 0.])
    """

    def each(a: Topology, b: Topology) -> NDArray[np.float64]:
        return np.array([distance(Topology([g]), Topology([h])) for g, h in zip(a, b, strict=True)])

    return each


def evolution(moments: Sequence[NetworkLike], distance: LayerDistance = matched_layers) -> Evolution:
    """Distances of a run's moments to its start, to the moment before, and to its end, junction by junction.

    Args:
        moments: M networks in order of time.
        distance: gives (L,) for two topologies. `matched_layers` follows neurons whatever they are called;
            `labelled_layers(distance)` of an edge distance counts edges, as rewiring keeps neurons' names.

    Raises:
        InvalidTopologyError: no moments, or networks of different depths or widths.

    >>> run = [[[[1, 1, 0]]], [[[0, 1, 1]]], [[[0, 0, 1]]]]
    >>> evolution(run).to_start[:, 0]
    array([0.        , 0.66666667, 1.        ])
    """
    topologies = [as_topology(moment) for moment in moments]
    if not topologies:
        raise InvalidTopologyError("moments is empty; a run has at least one.")
    return Evolution(
        np.array([distance(topologies[0], t) for t in topologies]),
        np.array([distance(topologies[max(0, m - 1)], t) for m, t in enumerate(topologies)]),
        np.array([distance(t, topologies[-1]) for t in topologies]),
    )


@final
@dataclass(frozen=True, eq=False)
class Paths:
    """The ways of R runs on one map.

    Attributes:
        points: for each run the place of each moment on the map, (M_r, 2).
        distances: between all moments of all runs, run after run, (N, N), N the sum of all M_r.
        explained: share of the distances' scatter that the map shows, 0 to 1.
    """

    points: tuple[NDArray[np.float64], ...]
    distances: NDArray[np.float64]
    explained: float

    def plot(self, ax: Axes | None = None, *, names: Sequence[str] = ()) -> Axes:
        """Draw the map: a ring where a run begins, a disc where it ends; into `ax` or a new figure; return the axes.

        Args:
            ax: where to draw.
            names: of the runs, in their order; numbers if empty.

        Raises:
            ValueError: another number of names than runs.
        """
        from gossamer.plots.trails import draw_trails

        called = names or [f"run {number}" for number in range(len(self.points))]
        if len(called) != len(self.points):
            raise ValueError(f"names has {len(called)} names; there are {len(self.points)} runs.")
        return draw_trails(dict(zip(called, self.points, strict=True)), ax, explained=self.explained)

    def between(self, moment: int) -> NDArray[np.float64]:
        """Distances between the runs at one moment, (R, R); negative moments count from the end.

        Raises:
            IndexError: a run has no such moment.
        """
        lengths = [len(path) for path in self.points]
        for run, length in enumerate(lengths):
            if not -length <= moment < length:
                raise IndexError(f"moment={moment} is not allowed: run {run} has {length} moments.")
        ends = np.cumsum(lengths)
        rows = np.array(
            [end + moment if moment < 0 else end - n + moment for end, n in zip(ends, lengths, strict=True)]
        )
        return np.asarray(self.distances[np.ix_(rows, rows)])


def paths(
    runs: Sequence[Sequence[NetworkLike]],
    distance: Distance,
    *,
    progress: Progress | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Paths:
    """Lay the moments of many runs on one map, by classical multidimensional scaling of all their distances.

    Args:
        runs: R runs, each a sequence of networks in order of time; all of equal widths.
        distance: one of `DISTANCES`; of one that is not symmetric, both directions are averaged.
        progress: see `pairwise`.
        store: see `pairwise`.

    Raises:
        InvalidTopologyError: no runs, an empty one, or networks of different depths or widths.
    """
    if not runs or not all(len(run) for run in runs):
        raise InvalidTopologyError(f"runs has {len(runs)} runs, some perhaps empty; each needs at least one moment.")
    everything = [as_topology(moment) for run in runs for moment in run]
    table = pairwise(everything, distance, progress=progress, store=store)
    table = (table + table.T) / 2
    np.fill_diagonal(table, 0.0)
    points, explained = classical_mds(table)
    return Paths(tuple(np.split(points, np.cumsum([len(run) for run in runs])[:-1])), table, explained)
