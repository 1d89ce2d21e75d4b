"""Topologies as safetensors files.

Metadata: `format` = "gossamer-topology", `version`, `digest`, and `layers`, a JSON list of
{"kind": "bipartite" | "rotated" | "grouped", "in_features", "out_features"}. Tensors: `layer.N.indptr` and
`layer.N.indices` (int32), of a grouped junction those of its base, whose "group" [g, h] stands beside the sizes; or
`layer.N.offsets` (int32) of a rotated junction.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from gossamer.errors import TopologyFileError, require_int
from gossamer.files import read_safetensors, write_safetensors
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.grouped import Grouped
from gossamer.topology.junction import Junction
from gossamer.topology.rotated import Rotated
from gossamer.topology.rows import MAX_EDGES

FORMAT = "gossamer-topology"
VERSION = 1


def pack(layers: Sequence[Junction], digest: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Tensors and metadata that describe the junctions of a topology of this digest.

    Raises:
        TopologyFileError: a rotated junction of far more outputs than edges.
    """
    tensors: dict[str, NDArray[Any]] = {}
    kinds = []
    for number, layer in enumerate(layers):
        kind, arrays = describe(layer, f"layers[{number}]")
        kinds.append(kind)
        tensors |= {f"layer.{number}.{name}": array for name, array in arrays.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "digest": digest, "layers": json.dumps(kinds)}
    return tensors, metadata


def describe(junction: Junction, name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What JSON says of a junction, and its arrays; `name` stands for it in errors.

    Raises:
        TopologyFileError: a rotated junction of far more outputs than edges.
    """
    group: dict[str, Any] = {}
    if isinstance(junction, Grouped):
        kind, arrays = "grouped", {"indptr": junction.base.indptr, "indices": junction.base.indices}
        group = {"group": list(junction.group)}
    elif isinstance(junction, Rotated):
        require_sizes(name, junction.out_features, edges=junction.num_edges)
        kind, arrays = "rotated", {"offsets": junction.offsets}
    else:
        kind, arrays = "bipartite", {"indptr": junction.indptr, "indices": junction.indices}
    return {"kind": kind, "in_features": junction.in_features, "out_features": junction.out_features, **group}, arrays


def unpack(
    tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], *, source: str
) -> tuple[tuple[Junction, ...], str]:
    """The junctions that `pack` described, and the digest that they should have; `source` names the file in errors.

    Raises:
        TopologyFileError: another format or version, or arrays that are no junctions.
    """
    if metadata.get("format") != FORMAT:
        raise TopologyFileError(
            f"{source} is a safetensors file, but not a topology (format={metadata.get('format')!r})."
        )
    if metadata.get("version") != str(VERSION):
        raise TopologyFileError(f"{source} has version {metadata.get('version')!r}; this Gossamer reads {VERSION}.")
    try:
        kinds = json.loads(metadata["layers"])
        layers = tuple(described(kind, f"layer.{number}", tensors) for number, kind in enumerate(kinds))
        digest = metadata["digest"]
    except KeyError as error:
        raise TopologyFileError(f"{source} is damaged: it lacks {error}.") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise TopologyFileError(f"{source} is damaged: {error}") from error
    return layers, digest


def require_sizes(name: str, out_features: int, *, edges: int) -> None:
    """Check, before anything is allocated, that a junction's outputs are not out of all proportion to its edges.

    A rotated junction takes a few bytes in a file at any width, so that a damaged number could ask for gigabytes.

    Raises:
        TopologyFileError: more than 2**20 outputs, and more than 64 for each edge.
    """
    most = max(1 << 20, 64 * edges)
    if require_int("out_features", out_features, low=1, high=MAX_EDGES) > most:
        raise TopologyFileError(f"{name} has out_features={out_features}; files hold up to {most} for {edges} edges.")


def save(layers: Sequence[Junction], digest: str, path: str | os.PathLike[str]) -> None:
    """Write the junctions of a topology of this digest to `path`, atomically."""
    write_safetensors(path, *pack(layers, digest))


def load(path: str | os.PathLike[str]) -> tuple[tuple[Junction, ...], str]:
    """Read the junctions of a file that `save` wrote, and the digest written beside them."""
    return unpack(*read_safetensors(path), source=os.fspath(path))


def described(kind: Mapping[str, Any], prefix: str, tensors: Mapping[str, NDArray[Any]]) -> Junction:
    """The junction that `describe` described, from the tensors whose names begin with `prefix` and a point.

    Raises:
        TopologyFileError: an unknown kind, or sizes that do not fit.
        InvalidTopologyError: arrays that are no junction.
        KeyError: something is missing.
        TypeError: a size that is no number, or an array that is not integer.
    """
    I, O = kind["in_features"], kind["out_features"]
    if kind["kind"] == "rotated":
        offsets = tensors[f"{prefix}.offsets"]
        require_sizes(prefix, O, edges=offsets.size * require_int("in_features", I, low=1, high=MAX_EDGES))
        return Rotated(offsets, in_features=I, out_features=O)
    if kind["kind"] == "bipartite":
        indptr, indices = tensors[f"{prefix}.indptr"], tensors[f"{prefix}.indices"]
        if indptr.size - 1 != O:
            raise TopologyFileError(f"{prefix} has out_features={O}, but indptr of {indptr.size - 1} outputs.")
        return Bipartite(indptr, indices, in_features=I)
    if kind["kind"] == "grouped":
        return _grouped(kind, prefix, tensors)
    raise TopologyFileError(f"{prefix} is of kind {kind['kind']!r}; 'bipartite', 'rotated' and 'grouped' are known.")


def _grouped(kind: Mapping[str, Any], prefix: str, tensors: Mapping[str, NDArray[Any]]) -> Grouped:
    I, O = kind["in_features"], kind["out_features"]
    outputs, inputs = (require_int("group", size, low=1, high=MAX_EDGES) for size in kind["group"])
    indptr, indices = tensors[f"{prefix}.indptr"], tensors[f"{prefix}.indices"]
    if (indptr.size - 1) * outputs != O or require_int("in_features", I, low=1, high=MAX_EDGES) % inputs:
        raise TopologyFileError(f"{prefix} is {I} x {O}, which groups of {inputs} x {outputs} do not make.")
    require_sizes(prefix, O, edges=indices.size * outputs * inputs)
    return Grouped(Bipartite(indptr, indices, in_features=I // inputs), outputs=outputs, inputs=inputs)
