"""Networks in the files of others: Matrix Market, NumPy's and SciPy's archives, GraphML.

.safetensors  what `Topology.save` writes
.mtx          one junction: a matrix (O, I) whose stored entries are edges, with weights unless it is a pattern
.npz          one junction, as `scipy.sparse.save_npz` writes it; or masks (O, I), one a layer, in the archive's order
.graphml      one junction, whose nodes have `bipartite` 0 or 1; or a network, whose nodes have `layer` 0, 1, ...
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import GossamerError, TopologyFileError
from gossamer.topology import graphs
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction

SAFETENSORS = ".safetensors"


class Weighted(NamedTuple):
    """A network's junctions, and the weights of their edges, one array (E,) each; None if the file has none."""

    layers: tuple[Junction, ...]
    weights: list[NDArray[np.float64]] | None


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


def is_a_file(word: str) -> bool:
    """Whether a word is the name of a file of a network.

    >>> is_a_file("spiral.graphml"), is_a_file("fibonacci")
    (True, False)
    """
    return Path(word).suffix.lower() in (SAFETENSORS, *READERS)


def _matrix_market(path: Path) -> Weighted:
    import scipy.io

    with path.open("rb") as file:
        pattern = b" pattern " in file.readline(200).lower()
        file.seek(0)
        matrix = scipy.io.mmread(file)
    return _of_matrix(matrix, weighted=not pattern)


def _archive(path: Path) -> Weighted:
    import scipy.sparse

    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        names = list(archive)
        if "format" in names and "shape" in names:
            file.seek(0)
            return _of_matrix(scipy.sparse.load_npz(file), weighted=True)
        if not names:
            raise ValueError("the archive is empty; masks (O, I), one a layer, are needed.")
        masks = [archive[name] for name in names]
    return Weighted(tuple(_mask(name, mask) for name, mask in zip(names, masks, strict=True)), None)


def _mask(name: str, mask: NDArray[Any]) -> Bipartite:
    try:
        return Bipartite.from_mask(mask)
    except (GossamerError, TypeError) as error:
        raise ValueError(f"array {name!r}: {error}") from error


def _graphml(path: Path) -> Weighted:
    from xml.etree.ElementTree import ParseError

    import networkx

    try:
        graph = networkx.read_graphml(path)
    except (ParseError, networkx.NetworkXError) as error:
        raise ValueError(f"it is no GraphML ({error}).") from error
    attributes = [each for _, each in graph.nodes(data=True)]
    if attributes and all("bipartite" in each for each in attributes):
        return Weighted((Bipartite.from_networkx(networkx.Graph(graph)),), None)
    junctions, weights = graphs.from_networkx(graph)
    return Weighted(tuple(junctions), weights)


def _of_matrix(matrix: Any, *, weighted: bool) -> Weighted:
    import scipy.sparse

    rows = scipy.sparse.csr_array(matrix)
    rows.sum_duplicates()
    rows.sort_indices()
    junction = Bipartite.from_scipy(rows)
    weights = np.asarray(rows.data, dtype=np.float64)
    return Weighted((junction,), [weights] if weighted and not (weights == 1).all() else None)


READERS: Mapping[str, Callable[[Path], Weighted]] = {".npz": _archive, ".mtx": _matrix_market, ".graphml": _graphml}
"""Of each ending, but that of Gossamer's own files."""
