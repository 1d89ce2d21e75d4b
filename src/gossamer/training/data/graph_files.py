"""The files that citation and web graphs come in."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import DataFileError

if TYPE_CHECKING:
    import scipy.sparse

_DAMAGED = (ValueError, KeyError, IndexError, EOFError, OSError, zipfile.BadZipFile)
_ACTOR_FEATURES = 932


@dataclass(frozen=True)
class Raw:
    """What the files say: edges (E, 2), features (N, F), labels (N,), splits."""

    edges: NDArray[np.int64]
    features: scipy.sparse.csr_array
    labels: NDArray[np.int64]
    splits: tuple[Any, ...]


def read_planetoid(folder: Path) -> Raw:
    """`cora.npz`: edges, features as CSR, labels, one split.

    Raises:
        DataFileError: it is damaged.
    """
    import scipy.sparse

    path = folder / "cora.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            rows, columns = file["feature_indptr"], file["feature_indices"]
            shape = (len(rows) - 1, int(file["num_features"]))
            features = scipy.sparse.csr_array((np.ones(len(columns)), columns, rows), shape=shape)
            split = tuple(file[name].astype(np.int64) for name in ("train", "validation", "test"))
            return Raw(file["edges"].astype(np.int64), features, file["labels"].astype(np.int64), (split,))
    except _DAMAGED as error:
        raise DataFileError(f"{path} is damaged: {error}") from error


def read_geom(folder: Path) -> Raw:
    """Geom-GCN's folder: edges and nodes as text with one line of titles, and the splits beside them.

    Raises:
        DataFileError: a file is damaged, or no split is there.
    """
    nodes, pairs = folder / "out1_node_feature_label.txt", folder / "out1_graph_edges.txt"
    try:
        rows = sorted((int(number), text, int(label)) for number, text, label in _lines(nodes, 3))
        if [number for number, _, _ in rows] != list(range(len(rows))):
            raise ValueError("node ids do not count from 0")
        features = _features([[int(word) for word in text.split(",")] for _, text, _ in rows])
        labels = np.array([label for _, _, label in rows], dtype=np.int64)
        edges = np.array([(int(a), int(b)) for a, b in _lines(pairs, 2)], dtype=np.int64).reshape(-1, 2)
        splits = tuple(_split(path) for path in sorted(folder.glob("split_*.npz")))
    except _DAMAGED as error:
        raise DataFileError(f"the graph in {folder} is damaged: {error}") from error
    if not splits:
        raise DataFileError(f"the graph in {folder} has no split_0.npz.")
    return Raw(edges, features, labels, splits)


def _lines(path: Path, fields: int) -> Iterator[list[str]]:
    for number, line in enumerate(path.read_text().splitlines()[1:], start=2):
        words = line.split("\t")
        if len(words) != fields:
            raise ValueError(f"{path.name}, line {number} has {len(words)} fields, not {fields}")
        yield words


def _features(rows: list[list[int]]) -> scipy.sparse.csr_array:
    """Zeros and ones, or, where the rows differ in length, the numbers of the ones of 932."""
    import scipy.sparse

    if len({len(row) for row in rows}) == 1:
        return scipy.sparse.csr_array(np.array(rows, dtype=np.float64))
    places = [np.unique(row) for row in rows]
    indptr = np.cumsum([0, *map(len, places)])
    columns = np.concatenate(places)
    return scipy.sparse.csr_array((np.ones(len(columns)), columns, indptr), shape=(len(rows), _ACTOR_FEATURES))


def _split(path: Path) -> tuple[NDArray[np.int64], ...]:
    with np.load(path, allow_pickle=False) as file:
        return tuple(np.flatnonzero(file[f"{part}_mask"]) for part in ("train", "val", "test"))
