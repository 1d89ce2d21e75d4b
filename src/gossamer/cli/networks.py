"""Reading a network's topology from whatever a run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import TopologyFileError

if TYPE_CHECKING:
    from gossamer.topology import Junction, Topology

_IN_A_RUN = ("topology.safetensors", "checkpoint", "weights.safetensors")


def read_topology(path: Path) -> Topology:
    """The topology in a topology file, a checkpoint, a file of weights, or a run's folder.

    Raises:
        TopologyFileError: it is none of these, is damaged, or has no sparse layer.
        CheckpointError: a damaged checkpoint.
        OSError: there is no such file, or it cannot be read.
    """
    from gossamer.topology import Topology

    if path.is_dir():
        return _read_run(path)
    with path.open("rb") as handle:
        beginning = handle.read(32)
    if beginning.startswith(b"gossamer-checkpoint"):
        from gossamer.training import checkpoints

        state = {name: value.numpy() for name, value in checkpoints.read(path)["model"].items() if _counts(name)}
        return _of_state(state, path)
    if _is_state(path):
        return _of_state(_read_state(path), path)
    return Topology.load(path)


def _read_run(folder: Path) -> Topology:
    for name in _IN_A_RUN:
        if (folder / name).is_file():
            return read_topology(folder / name)
    raise TopologyFileError(f"folder {folder} holds no run: none of {', '.join(_IN_A_RUN)} is there.")


def _is_state(path: Path) -> bool:
    """Whether a file is safetensors with the buffers of sparse layers."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as handle:
            return (handle.metadata() or {}).get("format") != "gossamer-topology" and any(map(_counts, handle.keys()))
    except (SafetensorError, ValueError):
        return False


def _read_state(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, framework="np") as handle:
        return {name: handle.get_tensor(name) for name in handle.keys() if _counts(name)}  # noqa: SIM118 (no mapping)


def _counts(name: str) -> bool:
    return name.rpartition(".")[2] in ("features", "indptr", "indices", "offsets")


def _of_state(state: Mapping[str, Any], path: Path) -> Topology:
    """The junctions of sparse layers, in the order in which the model lists them."""
    from gossamer.errors import InvalidTopologyError
    from gossamer.topology import Topology

    prefixes = [name.removesuffix("features") for name in state if name.rpartition(".")[2] == "features"]
    prefixes.sort(key=lambda prefix: [(len(part), part) for part in prefix.split(".")])  # "10" after "2"
    try:
        return Topology([_junction(state, prefix) for prefix in prefixes])
    except (InvalidTopologyError, KeyError) as error:
        raise TopologyFileError(f"{path} has no topology: {error}") from error


def _junction(state: Mapping[str, Any], prefix: str) -> Junction:
    from gossamer.topology import Bipartite, Rotated

    inputs, outputs = (int(size) for size in state[prefix + "features"])
    if prefix + "offsets" in state:
        return Rotated(state[prefix + "offsets"], in_features=inputs, out_features=outputs)
    return Bipartite(state[prefix + "indptr"], state[prefix + "indices"], in_features=inputs)
