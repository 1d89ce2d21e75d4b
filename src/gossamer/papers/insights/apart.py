"""How far apart networks are: NNSTD of every junction between all pairs, kept in files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.analysis.tables import where
from gossamer.distances import Distance, nnstd, pairwise
from gossamer.errors import TopologyFileError
from gossamer.topology import Topology

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.studies.study import Study

Cube = NDArray[np.float64]
"""Distances (L, N, N) of L junctions between N networks."""


def apart(topologies: Sequence[Topology], folder: Path) -> Cube:
    """NNSTD of each junction between all pairs, the first argument before the second; mirrored, 0 on the diagonal.

    Args:
        topologies: N of equal widths.
        folder: keeps a file a junction; what it holds of these very topologies is not computed again.
    """
    folder.mkdir(parents=True, exist_ok=True)

    @cache
    def per_layer(one: Topology, other: Topology) -> NDArray[np.float64]:
        return nnstd(one, other).per_layer

    def of_junction(number: int) -> NDArray[np.float64]:
        name = f"nnstd of junction {number}"
        distance = Distance(name, lambda a, b: float(per_layer(a, b)[number]), "what nnstd is blind to", symmetric=True)
        store = folder / f"junction-{number}.npz"
        try:
            return pairwise(topologies, distance, store=store)
        except TopologyFileError:  # of other topologies, or damaged
            store.unlink()
            return pairwise(topologies, distance, store=store)

    return np.stack([of_junction(number) for number in range(len(topologies[0].layers))])


def adjacent(distances: Cube) -> NDArray[np.float64]:
    """Distances of each network to the next, (L, N - 1)."""
    return np.diagonal(distances, offset=1, axis1=1, axis2=2)


def hidden(topology: Topology) -> Topology:
    """All junctions but the last."""
    return Topology(topology.layers[:-1])


def moments(study: Study, epochs: Sequence[int], steps: int) -> dict[int, list[Topology]]:
    """The hidden junctions of every finished run, in the order of the study, after so many epochs of so many steps."""
    recordings = [study.recording(str(run)) for run in where(study.frame(), state="done")["run"]]
    return {
        epoch: [recording.topology(epoch * steps) for recording in recordings if recording is not None]
        for epoch in epochs
    }


def as_table(distances: Cube, **columns: object) -> pd.DataFrame:
    """One row a junction and ordered pair: `junction`, `one`, `other`, `distance`, and the columns given."""
    import pandas as pd

    rows = [(*place, value) for place, value in np.ndenumerate(distances)]
    flat = pd.DataFrame(rows, columns=["junction", "one", "other", "distance"])
    return flat.assign(**columns)
