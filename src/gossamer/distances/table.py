"""Distances between named networks: a table that is drawn, and shown in a notebook."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.embedding import classical_mds
from gossamer.distances.pairs import Progress, pairwise
from gossamer.distances.reading import NetworkLike
from gossamer.distances.registry import Distance, distance_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@final
@dataclass(frozen=True, eq=False)
class DistanceTable:
    """Distances of every network to every other.

    Attributes:
        names: of the N networks.
        values: (N, N), row = first argument of the distance.
        distance: which.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    distance: Distance

    @property
    def places(self) -> tuple[NDArray[np.float64], float]:
        """A map: the place of each network, (N, 2), and the share of the scatter that it shows, 0 to 1.

        Classical scaling, both directions of a distance that is not symmetric averaged.
        """
        even = (self.values + self.values.T) / 2
        np.fill_diagonal(even, 0.0)
        return classical_mds(even)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the table as a heat map into `ax` or a new figure, and return the axes."""
        from gossamer.plots.heat import draw_heat_map

        return draw_heat_map(self.values, self.names, ax, title=self.distance.name)

    def plot_map(self, ax: Axes | None = None) -> Axes:
        """Draw the networks as places on a map into `ax` or a new figure, and return the axes."""
        from gossamer.plots.trails import draw_trails

        points, explained = self.places
        return draw_trails({name: points[[k]] for k, name in enumerate(self.names)}, ax, explained=explained)

    def _repr_html_(self) -> str:
        from gossamer.plots.notebook import html_table

        rows = [[name, *map(float, row)] for name, row in zip(self.names, self.values, strict=True)]
        return html_table(("", *self.names), rows, title=f"{self.distance.name}, row to column")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=True if copy is None else copy)


def distance_table(
    networks: Mapping[str, NetworkLike],
    distance: Distance | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | os.PathLike[str] | None = None,
) -> DistanceTable:
    """Compare every network with every other.

    Args:
        networks: by name, of equal widths.
        distance: NNSTD if None.
        workers: see `pairwise`.
        progress: see `pairwise`.
        store: see `pairwise`.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        TopologyFileError: see `pairwise`.

    >>> table = distance_table({"a": [[[1, 0]]], "b": [[[1, 1]]], "c": [[[0, 1]]]})
    >>> table.values[0]
    array([0. , 0.5, 1. ])
    """
    chosen = distance_named("nnstd") if distance is None else distance
    values = pairwise(list(networks.values()), chosen, workers=workers, progress=progress, store=store)
    return DistanceTable(tuple(networks), values, chosen)
