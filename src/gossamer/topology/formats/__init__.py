"""Networks in the files of others: Matrix Market, NumPy's and SciPy's archives, GraphML, lists of edges.

.safetensors       what `Topology.save` writes
.mtx               one junction: a matrix (O, I) whose stored entries are edges, with weights unless it is a pattern
.npz               one junction, as `scipy.sparse.save_npz` writes it; masks (O, I), one a layer, in the archive's
                   order; or compressed sparse rows, one a layer, as `write` has them
.graphml           one junction, whose nodes have `bipartite` 0 or 1; or a network, whose nodes have `layer` 0, 1, ...
.edgelist, .edges  a network, a line an edge: "tail head" or "tail head weight"
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from gossamer.errors import GossamerError, TopologyFileError
from gossamer.files import write_atomically
from gossamer.topology.formats import graph_files, matrices
from gossamer.topology.formats.weighted import Weighted
from gossamer.topology.graphs import paired
from gossamer.topology.junction import Junction

__all__ = ["READERS", "SAFETENSORS", "WRITERS", "Weighted", "is_a_file", "read", "write"]

SAFETENSORS = ".safetensors"
"""The ending of our own format."""

READERS: Mapping[str, Callable[[Path], Weighted]] = {
    ".npz": matrices.read_archive,
    ".mtx": matrices.read_market,
    ".graphml": graph_files.read_graphml,
    ".edgelist": graph_files.read_edges,
    ".edges": graph_files.read_edges,
}
"""Of each ending, but that of Gossamer's own files."""

WRITERS: Mapping[str, Callable[[Sequence[Junction], Sequence[NDArray[Any] | None]], bytes]] = {
    ".npz": matrices.write_archive,
    ".mtx": matrices.write_market,
    ".graphml": graph_files.write_graphml,
    ".edgelist": graph_files.write_edges,
    ".edges": graph_files.write_edges,
}
"""Of the same endings: what a file of these junctions and weights (E,) holds."""


def read(path: str | os.PathLike[str]) -> Weighted:
    """Read the junctions of a file of any of these formats but Gossamer's own, by its ending; see `Topology.load`.

    Raises:
        TopologyFileError: the file is damaged, of another format, or holds no network; the message says what it lacks.
        OSError: there is no such file, or it cannot be read.
    """
    place = Path(path)
    reader = READERS.get(place.suffix.lower())
    if reader is None:
        raise TopologyFileError(f"{place} ends in {place.suffix!r}; {SAFETENSORS}, {', '.join(READERS)} are read.")
    with place.open("rb"):  # a missing or unreadable file is the operating system's error, not a damaged one
        pass
    try:
        return reader(place)
    except OSError:
        raise
    except (GossamerError, ValueError, TypeError, KeyError, EOFError, SyntaxError, zipfile.BadZipFile) as error:
        raise TopologyFileError(f"{place} holds no network: {' '.join(str(error).split())}") from error


def write(layers: Sequence[Junction], path: str | os.PathLike[str], weights: Iterable[ArrayLike] | None = None) -> None:
    """Write junctions to a file of any of these formats but Gossamer's own, by its ending, atomically.

    Args:
        layers: the junctions of a network, in order.
        path: its ending decides.
        weights: one array (E,) a junction, in edge order; None for edges alone.

    Raises:
        ValueError: an ending that is not known, or several junctions where the format holds one.
        InvalidTopologyError: weights that do not fit.
        OSError: the file cannot be written.
    """
    place = Path(path)
    writer = WRITERS.get(place.suffix.lower())
    if writer is None:
        raise ValueError(f"{place} ends in {place.suffix!r}; {SAFETENSORS}, {', '.join(WRITERS)} are written.")
    write_atomically(place, writer(layers, paired(layers, weights)))


def is_a_file(word: str) -> bool:
    """Whether a word is the name of a file of a network.

    >>> is_a_file("spiral.graphml"), is_a_file("fibonacci")
    (True, False)
    """
    return Path(word).suffix.lower() in (SAFETENSORS, *READERS)
