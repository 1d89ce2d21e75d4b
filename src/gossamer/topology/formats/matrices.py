"""One junction as a sparse matrix (O, I), in Matrix Market's and SciPy's files; several as an archive of arrays."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import GossamerError
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.formats.weighted import Weighted
from gossamer.topology.junction import Junction

_ROWS = ("indptr", "indices", "shape")
"""What an archive holds of each layer N beside "N.data": its matrix (O, I) in compressed sparse rows."""


def read_market(path: Path) -> Weighted:
    """Read a Matrix Market file."""
    import scipy.io

    with path.open("rb") as file:
        pattern = b" pattern " in file.readline(200).lower()
        file.seek(0)
        matrix = scipy.io.mmread(file)
    return _of_matrix(matrix, weighted=not pattern)


def write_market(layers: Sequence[Junction], weights: Sequence[NDArray[Any] | None]) -> bytes:
    """One junction as a Matrix Market file, a pattern if it has no weights.

    Raises:
        ValueError: several junctions.
    """
    import scipy.io

    if len(layers) != 1:
        raise ValueError(f"a .mtx file holds one junction, and there are {len(layers)}: save each, or choose another.")
    field = "pattern" if weights[0] is None else None
    content = io.BytesIO()
    scipy.io.mmwrite(content, layers[0].to_scipy(weights[0]), field=field, symmetry="general")
    return content.getvalue()


def read_archive(path: Path) -> Weighted:
    """Read what `scipy.sparse.save_npz` or `write_archive` wrote, or masks (O, I) in the archive's order."""
    import scipy.sparse

    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        names = list(archive)
        if "format" in names and "shape" in names:
            file.seek(0)
            return _of_matrix(scipy.sparse.load_npz(file), weighted=True)
        if not names:
            raise ValueError("the archive is empty; masks (O, I), one a layer, are needed.")
        if all(f"0.{part}" in names for part in _ROWS):
            return _of_rows({name: archive[name] for name in names})
        masks = [archive[name] for name in names]
    return Weighted(tuple(_mask(name, mask) for name, mask in zip(names, masks, strict=True)), None)


def write_archive(layers: Sequence[Junction], weights: Sequence[NDArray[Any] | None]) -> bytes:
    """One junction as `scipy.sparse.save_npz` writes it; several as "N.indptr", "N.indices", "N.shape", "N.data"."""
    import scipy.sparse

    content = io.BytesIO()
    if len(layers) == 1:
        scipy.sparse.save_npz(content, layers[0].to_scipy(weights[0]))
        return content.getvalue()
    arrays: dict[str, NDArray[Any]] = {}
    for number, (junction, values) in enumerate(zip(layers, weights, strict=True)):
        arrays |= {f"{number}.indptr": junction.indptr, f"{number}.indices": junction.indices}
        arrays[f"{number}.shape"] = np.array([junction.out_features, junction.in_features])
        if values is not None:
            arrays[f"{number}.data"] = values
    np.savez(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def _of_rows(arrays: Mapping[str, NDArray[Any]]) -> Weighted:
    count = len({name.partition(".")[0] for name in arrays})
    layers = []
    for number in range(count):
        outputs, inputs = (int(size) for size in arrays[f"{number}.shape"])
        junction = Bipartite(arrays[f"{number}.indptr"], arrays[f"{number}.indices"], in_features=inputs)
        if junction.out_features != outputs:
            raise ValueError(
                f"layer {number} has rows for {junction.out_features} outputs, and is said to have {outputs}."
            )
        layers.append(junction)
    if "0.data" not in arrays:
        return Weighted(tuple(layers), None)
    weights = [arrays[f"{number}.data"].astype(np.float64) for number in range(count)]
    for number, (junction, values) in enumerate(zip(layers, weights, strict=True)):
        if values.shape != (junction.num_edges,):
            raise ValueError(f"layer {number} has weights of shape {values.shape} for {junction.num_edges} edges.")
    return Weighted(tuple(layers), weights)


def _mask(name: str, mask: NDArray[Any]) -> Bipartite:
    try:
        return Bipartite.from_mask(mask)
    except (GossamerError, TypeError) as error:
        raise ValueError(f"array {name!r}: {error}") from error


def _of_matrix(matrix: Any, *, weighted: bool) -> Weighted:
    import scipy.sparse

    rows = scipy.sparse.csr_array(matrix)
    rows.sum_duplicates()
    rows.sort_indices()
    junction = Bipartite.from_scipy(rows)
    weights = np.asarray(rows.data, dtype=np.float64)
    return Weighted((junction,), [weights] if weighted and not (weights == 1).all() else None)
