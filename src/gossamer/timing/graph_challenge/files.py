"""The official files: tab-separated triples (row, column, value), counted from 1; categories, one a line.

Layers are `nN-lK.tsv` (N neurons, K from 1), whose rows are inputs and columns outputs; images `sparse-images-N.tsv`;
answers `neuronN-lK-categories.tsv`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from gossamer.errors import DataFileError, require_int
from gossamer.timing.graph_challenge.nets import BIASES, FAN_IN, WEIGHT, Net
from gossamer.topology import Bipartite

Triples = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def read_layers(path: str | os.PathLike[str], neurons: int, depth: int) -> Net:
    """The net in a folder of official files, or in a NumPy archive of them.

    Args:
        path: a folder that holds `nN-l1.tsv` to `nN-lDEPTH.tsv`, there or in a folder `neuronN`; or an .npz file whose
            array `rows` (layers, N, 32) holds the inputs of each output, counted from 0, all weights .0625.
        neurons: N.
        depth: layers to read.

    Raises:
        DataFileError: a file that is truncated, of another size, or holds something else.
        OSError: a file is missing.
    """
    require_int("depth", depth, low=1)
    if neurons not in BIASES:
        raise ValueError(f"neurons={neurons} is no size of the challenge; {', '.join(map(str, BIASES))} are.")
    source = Path(path)
    if source.is_dir():
        inner = source / f"neuron{neurons}"
        place = inner if inner.is_dir() else source
        layers = [_layer(place / f"n{neurons}-l{number}.tsv", neurons) for number in range(1, depth + 1)]
    else:
        layers = _archive(source, neurons, depth)
    return Net(tuple(layers), BIASES[neurons], f"official {neurons}-{depth}")


def read_images(path: str | os.PathLike[str], neurons: int, count: int | None = None) -> scipy.sparse.csr_array:
    """Images (count, N) as float32 rows; as many as the highest row if `count` is None.

    Raises:
        DataFileError: a place outside N pixels or `count` images, or a file that is no triples.
        OSError: there is no such file.
    """
    rows, columns, values = _triples(Path(path))
    found = int(rows.max(initial=0))
    most = found if count is None else require_int("count", count, low=1)
    if found > most:
        raise DataFileError(f"{path} has an image {found}; there are {most}.")
    return scipy.sparse.csr_array(_sorted(Path(path), rows, columns, values, (most, neurons)))


def read_categories(path: str | os.PathLike[str], images: int) -> NDArray[np.int64]:
    """The answer: numbers of images from 1 to `images`, ascending. An .npz file holds them as `categories`.

    Raises:
        DataFileError: numbers that do not ascend, or are no images.
        OSError: there is no such file.
    """
    source = Path(path)
    if source.suffix == ".npz":
        numbers = _array(source, "categories", 1).astype(np.int64)
    else:
        numbers = _numbers(source, 1)[:, 0].astype(np.int64)
    if len(numbers) and (numbers[0] < 1 or numbers[-1] > images or np.any(np.diff(numbers) <= 0)):
        raise DataFileError(f"{path} is no answer: its numbers must ascend from 1 to {images} at most.")
    return numbers


def _layer(path: Path, neurons: int) -> tuple[Bipartite, NDArray[np.float32]]:
    rows, columns, values = _triples(path)
    if len(rows) != FAN_IN * neurons:
        raise DataFileError(
            f"{path} has {len(rows)} triples; a whole layer has {FAN_IN} for each of {neurons} neurons."
        )
    matrix = _sorted(path, columns, rows, values, (neurons, neurons))  # outputs are rows here
    return Bipartite(matrix.indptr, matrix.indices, in_features=neurons), matrix.data


def _sorted(
    path: Path, rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.float32], shape: tuple[int, int]
) -> scipy.sparse.csr_array:
    """Triples as compressed rows."""
    for name, ends, size in (("row", rows, shape[0]), ("column", columns, shape[1])):
        if len(ends) and (ends.min() < 1 or ends.max() > size):
            wrong = ends.min() if ends.min() < 1 else ends.max()
            raise DataFileError(f"{path} has {name} {wrong}; 1 to {size} are allowed: it is of another size.")
    matrix = scipy.sparse.csr_array((values, (rows - 1, columns - 1)), shape=shape)
    matrix.sum_duplicates()
    if matrix.nnz != len(values):
        raise DataFileError(f"{path} has {len(values) - matrix.nnz} places twice.")
    return matrix


def _triples(path: Path) -> Triples:
    numbers = _numbers(path, 3)
    ends = numbers[:, :2]
    if np.any(ends != np.floor(ends)):
        raise DataFileError(f"{path} has a place that is no whole number.")
    return ends[:, 0].astype(np.int64), ends[:, 1].astype(np.int64), numbers[:, 2].astype(np.float32)


def _numbers(path: Path, columns: int) -> NDArray[np.float64]:
    """A table of finite numbers."""
    import pandas

    if path.stat().st_size == 0:
        return np.empty((0, columns))
    try:
        found: NDArray[np.float64] = pandas.read_csv(path, sep="\t", header=None, dtype=np.float64).to_numpy()
    except (ValueError, pandas.errors.ParserError, UnicodeDecodeError) as error:
        raise DataFileError(f"{path} is no table of numbers: {error}") from error
    if found.shape[1] != columns or not np.all(np.isfinite(found)):
        raise DataFileError(f"{path} has lines of other than {columns} numbers: it is truncated, or something else.")
    return found


def _archive(path: Path, neurons: int, depth: int) -> list[tuple[Bipartite, NDArray[np.float32]]]:
    rows = _array(path, "rows", 3)
    if rows.shape[1:] != (neurons, FAN_IN) or rows.shape[0] < depth:
        raise DataFileError(
            f"{path} has {rows.shape[0]} layers of {rows.shape[1]} neurons with {rows.shape[2]} inputs; {depth} of "
            f"{neurons} with {FAN_IN} are needed."
        )
    starts = np.arange(neurons + 1) * rows.shape[2]
    weights = np.full(neurons * rows.shape[2], WEIGHT, np.float32)
    layers = []
    for number in range(depth):
        inputs = np.sort(rows[number].astype(np.int64), axis=1)
        if inputs.min() < 0 or inputs.max() >= neurons or np.any(inputs[:, 1:] == inputs[:, :-1]):
            raise DataFileError(f"{path}: layer {number + 1} has an input twice, or one beyond {neurons - 1}.")
        layers.append((Bipartite(starts, inputs.ravel(), in_features=neurons), weights))
    return layers


def _array(path: Path, name: str, axes: int) -> NDArray[np.int64]:
    import zipfile
    import zlib

    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                array: NDArray[np.int64] = archive[name]
        except (ValueError, EOFError, KeyError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise DataFileError(f"{path} is no archive with an array {name!r}, or damaged: {error}") from error
    if array.ndim != axes or array.dtype.kind not in "iu":
        raise DataFileError(f"{path}: {name} is {array.dtype} with {array.ndim} axes; integers with {axes} are needed.")
    return array
