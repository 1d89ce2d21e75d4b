"""Topologies as safetensors files.

Metadata: `format` = "gossamer-topology", `version`, `digest`, and `layers`, a JSON list of
{"kind": "bipartite" | "rotated", "in_features", "out_features"}. Tensors: `layer.N.indptr` and
`layer.N.indices` (int32), or `layer.N.offsets` (int32) of a rotated junction.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from gossamer.errors import GossamerError, TopologyFileError
from gossamer.files import read_safetensors, write_safetensors
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction
from gossamer.topology.rotated import Rotated

FORMAT = "gossamer-topology"
VERSION = 1


def pack(layers: Sequence[Junction], digest: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Tensors and metadata that describe the junctions of a topology of this digest."""
    tensors: dict[str, NDArray[Any]] = {}
    kinds = []
    for number, layer in enumerate(layers):
        if isinstance(layer, Rotated):
            kind, arrays = "rotated", {"offsets": layer.offsets}
        else:
            kind, arrays = "bipartite", {"indptr": layer.indptr, "indices": layer.indices}
        kinds.append({"kind": kind, "in_features": layer.in_features, "out_features": layer.out_features})
        tensors |= {f"layer.{number}.{name}": array for name, array in arrays.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "digest": digest, "layers": json.dumps(kinds)}
    return tensors, metadata


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
        layers = tuple(_junction(kind, f"layer.{number}", tensors) for number, kind in enumerate(kinds))
        return layers, metadata["digest"]
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, GossamerError) as error:
        raise TopologyFileError(f"{source} is damaged: {error}") from error


def save(layers: Sequence[Junction], digest: str, path: str | os.PathLike[str]) -> None:
    """Write the junctions of a topology of this digest to `path`, atomically."""
    write_safetensors(path, *pack(layers, digest))


def load(path: str | os.PathLike[str]) -> tuple[tuple[Junction, ...], str]:
    """Read the junctions of a file that `save` wrote, and the digest written beside them."""
    return unpack(*read_safetensors(path), source=os.fspath(path))


def _junction(kind: dict[str, Any], prefix: str, tensors: Mapping[str, NDArray[Any]]) -> Junction:
    if kind["kind"] == "rotated":
        sizes = {"in_features": kind["in_features"], "out_features": kind["out_features"]}
        return Rotated(tensors[f"{prefix}.offsets"], **sizes)
    if kind["kind"] == "bipartite":
        indptr, indices = tensors[f"{prefix}.indptr"], tensors[f"{prefix}.indices"]
        return Bipartite(indptr, indices, in_features=kind["in_features"])
    raise TopologyFileError(f"{prefix} is of kind {kind['kind']!r}; 'bipartite' and 'rotated' are known.")
