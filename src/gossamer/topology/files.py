"""Topologies as safetensors files.

Metadata: `format` = "gossamer-topology", `version`, `digest`, and `layers`, a JSON list of
{"kind": "bipartite" | "rotated", "in_features", "out_features"}. Tensors: `layer.N.indptr` and
`layer.N.indices` (int32), or `layer.N.offsets` (int32) of a rotated junction.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import GossamerError, TopologyFileError
from gossamer.topology.bipartite import Bipartite
from gossamer.topology.junction import Junction
from gossamer.topology.rotated import Rotated

if TYPE_CHECKING:
    from gossamer.topology.topology import Topology

FORMAT = "gossamer-topology"
VERSION = 1


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a temporary file beside `path`, then rename it: `path` is whole or untouched.

    Raises:
        OSError: the folder does not exist, cannot be written, or is full; the temporary file is removed.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def pack(topology: Topology) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Tensors and metadata that describe a topology."""
    tensors: dict[str, NDArray[Any]] = {}
    kinds = []
    for number, layer in enumerate(topology.layers):
        if isinstance(layer, Rotated):
            kind, arrays = "rotated", {"offsets": layer.offsets}
        else:
            kind, arrays = "bipartite", {"indptr": layer.indptr, "indices": layer.indices}
        kinds.append({"kind": kind, "in_features": layer.in_features, "out_features": layer.out_features})
        tensors |= {f"layer.{number}.{name}": np.ascontiguousarray(array) for name, array in arrays.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "digest": topology.digest(), "layers": json.dumps(kinds)}
    return tensors, metadata


def unpack(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], *, source: str) -> tuple[Junction, ...]:
    """The junctions that `pack` described; `source` names the file in errors."""
    if metadata.get("format") != FORMAT:
        raise TopologyFileError(
            f"{source} is a safetensors file, but not a topology (format={metadata.get('format')!r})."
        )
    if metadata.get("version") != str(VERSION):
        raise TopologyFileError(f"{source} has version {metadata.get('version')!r}; this Gossamer reads {VERSION}.")
    from gossamer.topology.topology import Topology

    try:
        kinds = json.loads(metadata["layers"])
        layers = tuple(_junction(kind, f"layer.{number}", tensors) for number, kind in enumerate(kinds))
        digest = Topology(layers).digest()
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, GossamerError) as error:
        raise TopologyFileError(f"{source} is damaged: {error}") from error
    if digest != metadata.get("digest"):
        raise TopologyFileError(
            f"{source} is damaged: its edges have digest {digest}, it says {metadata.get('digest')}."
        )
    return layers


def save(topology: Topology, path: str | os.PathLike[str]) -> None:
    """Write `topology` to `path`, atomically."""
    import safetensors.numpy

    tensors, metadata = pack(topology)
    write_atomically(path, safetensors.numpy.save(tensors, metadata))


def load(path: str | os.PathLike[str]) -> tuple[Junction, ...]:
    """Read the junctions of a file that `save` wrote."""
    from safetensors import SafetensorError, safe_open

    source = os.fspath(path)
    with Path(path).open("rb"):  # a missing or unreadable file is the operating system's error, not a damaged one
        pass
    try:
        with safe_open(source, framework="np") as handle:
            metadata = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, ValueError) as error:
        raise TopologyFileError(f"{source} is no safetensors file, or damaged: {error}") from error
    return unpack(tensors, metadata, source=source)


def _junction(kind: dict[str, Any], prefix: str, tensors: Mapping[str, NDArray[Any]]) -> Junction:
    if kind["kind"] == "rotated":
        sizes = {"in_features": kind["in_features"], "out_features": kind["out_features"]}
        return Rotated(tensors[f"{prefix}.offsets"], **sizes)
    if kind["kind"] == "bipartite":
        indptr, indices = tensors[f"{prefix}.indptr"], tensors[f"{prefix}.indices"]
        return Bipartite(indptr, indices, in_features=kind["in_features"])
    raise TopologyFileError(f"{prefix} is of kind {kind['kind']!r}; 'bipartite' and 'rotated' are known.")
