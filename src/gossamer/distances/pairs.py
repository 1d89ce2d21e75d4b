"""Distances between all pairs of many networks: in parallel, with progress, interruptible and resumable."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import kernels
from gossamer.distances.reading import NetworkLike, as_topology
from gossamer.distances.registry import Distance
from gossamer.errors import TopologyFileError, require_int
from gossamer.files import write_atomically
from gossamer.topology import Topology

Progress = Callable[[int, int], None]
"""Called with the number of pairs done and of all pairs, from the calling thread."""

_SECONDS_BETWEEN_SAVES = 5.0


def pairwise(
    networks: Sequence[NetworkLike],
    distance: Distance,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | os.PathLike[str] | None = None,
) -> NDArray[np.float64]:
    """Distance of every network to every other.

    Pairs are spread over threads; the heavy arithmetic runs outside Python's lock. A symmetric distance is computed
    once a pair and taken as 0 on the diagonal; for another, all N * N values are computed, the diagonal too.

    Args:
        networks: N networks of equal widths.
        distance: one of `DISTANCES`, or a `Distance` of your own.
        workers: threads; as many as there are processors by default.
        progress: told how far it is; see `console_bar`.
        store: a file for the values found so far, written every few seconds, whole or not at all, and when the
            work ends or is interrupted (Ctrl-C). A call with the same networks and distance goes on from there.

    Returns:
        (N, N), row = first argument of the distance.

    Raises:
        InvalidTopologyError: networks of different depths or widths.
        TopologyFileError: `store` is no such file, or belongs to other networks or to another distance.

    >>> from gossamer.distances import distance_named
    >>> pairwise([[[[1, 0]]], [[[1, 1]]], [[[0, 1]]]], distance_named("edge-jaccard"))
    array([[0. , 0.5, 1. ],
           [0.5, 0. , 0.5],
           [1. , 0.5, 0. ]])
    """
    topologies = [as_topology(network) for network in networks]
    threads = require_int("workers", workers, low=1) if workers is not None else (os.cpu_count() or 1)
    table = _Table.open(topologies, distance, None if store is None else Path(store))
    try:
        _fill(table, topologies, threads=threads, progress=progress)
    finally:
        table.save()
    return table.values


@contextmanager
def console_bar(title: str, *, disable: bool = False) -> Iterator[Progress]:
    """A progress bar on standard error from the first progress on, for `pairwise(..., progress=bar)`."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    bar = Bar(console=Console(stderr=True), transient=True, disable=disable)
    task = bar.add_task(title, total=None)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        if bar.live.is_started:  # a bar that was never shown leaves no empty line either
            bar.stop()


@final
@dataclass
class _Table:
    """The values found so far (NaN elsewhere), and the file that keeps them."""

    values: NDArray[np.float64]
    distance: Distance
    digests: list[str]
    path: Path | None
    saved: float = field(default_factory=time.monotonic)

    @classmethod
    def open(cls, topologies: list[Topology], distance: Distance, path: Path | None) -> _Table:
        digests = [topology.digest() for topology in topologies]
        values = np.full((len(digests), len(digests)), np.nan)
        if distance.symmetric:
            np.fill_diagonal(values, 0.0)
        table = cls(values, distance, digests, path)
        if path is not None and path.exists():
            table._read(path)
        return table

    def missing(self) -> list[tuple[int, int]]:
        pairs = np.argwhere(np.isnan(self.values)).tolist()
        return [(i, j) for i, j in pairs if i < j or not self.distance.symmetric]

    def put(self, i: int, j: int, value: float) -> None:
        self.values[i, j] = value
        if self.distance.symmetric:
            self.values[j, i] = value
        if time.monotonic() - self.saved > _SECONDS_BETWEEN_SAVES:
            self.save()

    def save(self) -> None:
        self.saved = time.monotonic()
        if self.path is None:
            return
        content = io.BytesIO()
        np.savez(
            content,
            distance=np.array(self.distance.name),
            digests=np.array(self.digests),
            values=self.values,
            check=np.array(_check(self.distance.name, self.digests, self.values)),
        )
        write_atomically(self.path, content.getvalue())

    def _read(self, path: Path) -> None:
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                name, digests, values = str(kept["distance"]), kept["digests"].tolist(), kept["values"]
                whole = str(kept["check"]) == _check(name, digests, values)
        except OSError as error:
            raise TopologyFileError(f"{path} cannot be read: {error}") from error
        except Exception as error:  # damage in a zip comes up as one of a dozen kinds, zlib's and struct's among them
            raise TopologyFileError(f"{path} holds no table of distances: {error}") from error
        if not whole:
            raise TopologyFileError(f"{path} is damaged: its check does not fit its values.")
        if name != self.distance.name or digests != self.digests or values.shape != self.values.shape:
            raise TopologyFileError(
                f"{path} holds the {name} of {len(digests)} networks, not the {self.distance.name} of these "
                f"{len(self.digests)}; remove it or name another file."
            )
        self.values = values


def _check(distance: str, digests: list[str], values: NDArray[np.float64]) -> str:
    """32 hexadecimal digits of a table."""
    text = f"{distance} {digests} {values.dtype.str} {values.shape}"
    return hashlib.blake2b(text.encode() + np.ascontiguousarray(values).tobytes(), digest_size=16).hexdigest()


def _fill(table: _Table, topologies: list[Topology], *, threads: int, progress: Progress | None) -> None:
    missing = table.missing()
    total = len(topologies) ** 2 if not table.distance.symmetric else len(topologies) * (len(topologies) - 1) // 2
    done = total - len(missing)
    if progress:
        progress(done, total)
    pool = ThreadPoolExecutor(threads, initializer=kernels.use_one_thread if threads > 1 else None)
    try:
        futures: dict[Future[float], tuple[int, int]] = {
            pool.submit(table.distance, topologies[i], topologies[j]): (i, j) for i, j in missing
        }
        for count, future in enumerate(as_completed(futures), 1):
            table.put(*futures[future], float(future.result()))
            if progress:
                progress(done + count, total)
    finally:  # after an interrupt or an error: let the pairs at work end, start no others
        pool.shutdown(cancel_futures=True)
