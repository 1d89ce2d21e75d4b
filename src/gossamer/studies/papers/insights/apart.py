"""How far apart networks are: NNSTD of every junction between all pairs, kept in a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import nnstd
from gossamer.files import write_atomically
from gossamer.studies.papers.tables import where
from gossamer.topology import Topology

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.studies.study import Study

Cube = NDArray[np.float64]
"""Distances (L, N, N) of L junctions between N networks."""

_WORKERS = 2


def apart(topologies: Sequence[Topology], store: Path) -> Cube:
    """NNSTD of each junction between all pairs, the first argument before the second; mirrored, 0 on the diagonal.

    Args:
        topologies: N of equal widths.
        store: a file; what it holds of these very topologies is not computed again.
    """
    digests = [topology.digest() for topology in topologies]
    kept = _kept(store, digests)
    if kept is not None:
        return kept
    found = np.zeros((len(topologies[0].layers), len(topologies), len(topologies)))
    pairs = list(combinations(range(len(topologies)), 2))
    with ThreadPoolExecutor(_WORKERS) as pool:
        layers = pool.map(lambda pair: nnstd(topologies[pair[0]], topologies[pair[1]]).per_layer, pairs)
        for (i, j), per_layer in zip(pairs, layers, strict=True):
            found[:, i, j] = found[:, j, i] = per_layer
    content = io.BytesIO()
    np.savez(content, digests=np.array(digests), distances=found)
    store.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(store, content.getvalue())
    return found


def adjacent(distances: Cube) -> NDArray[np.float64]:
    """Distances of each network to the next, (L, N - 1)."""
    return np.diagonal(distances, offset=1, axis1=1, axis2=2)


def to_others(distances: Cube) -> NDArray[np.float64]:
    """Mean distance of each network to all others, (L, N)."""
    return np.asarray(distances.sum(axis=2) / (distances.shape[2] - 1))


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


def _kept(store: Path, digests: list[str]) -> Cube | None:
    """What the file holds, if it is of these topologies; a damaged one is as good as none."""
    try:
        with np.load(store, allow_pickle=False) as kept:
            same = kept["digests"].tolist() == digests
            return np.asarray(kept["distances"]) if same else None
    except (OSError, ValueError, KeyError, EOFError):
        return None
