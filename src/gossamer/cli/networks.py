"""What the words of the command line name: a file of a network, a run's folder, or a construction with its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import TopologyFileError

if TYPE_CHECKING:
    from gossamer.nn.states import State
    from gossamer.topology import Junction, Topology

_ZOO = "zoo:"

Layer = tuple["Junction", NDArray[np.float64]]
"""A junction and its weights (E,)."""

_IN_A_RUN = ("topology.safetensors", "checkpoint", "weights.safetensors")


class Network(NamedTuple):
    """A network and what was typed for it; `weights` holds one (E,) array a layer, or nothing is known of them."""

    name: str
    topology: Topology
    weights: list[NDArray[np.float64]] | None


def load(word: str, *, seed: int) -> Network:
    """Read the file or folder of this name, or make the construction NAME:INPUTSxOUTPUTS:DEGREE.

    Files are those of a topology, a checkpoint, or a `state_dict` as safetensors; a folder is a run's; "zoo:NAME" is a
    network that comes with the package.

    Raises:
        ValueError: a construction that does not exist or cannot have that degree.
        TopologyFileError: a file that is damaged or holds no network, or a folder that is no run's.
        CheckpointError: a damaged checkpoint.
        OSError: there is no such file, or it cannot be read.
    """
    path = of_the_zoo(word) or Path(word)
    if path.is_dir():
        return Network(word, *_read(_in_run(path)))
    if path.exists():
        return Network(word, *_read(path))
    if word.count(":") >= 2:
        return _construction(word, seed)
    raise FileNotFoundError(
        f"there is no file {word}; a construction is named like fibonacci:784x300:8, a network of the zoo like "
        "zoo:rigl-mnist-1pct."
    )


def of_the_zoo(word: str) -> Path | None:
    """The file of the network that a word such as "zoo:rigl-mnist-1pct" names; None for other words.

    Raises:
        ValueError: there is no such network.
    """
    from gossamer import zoo

    return zoo.path(word.removeprefix(_ZOO)) if word.startswith(_ZOO) else None


def _construction(word: str, seed: int) -> Network:
    from gossamer.seeds import stream
    from gossamer.studies.plan import names
    from gossamer.topology import Topology

    name, shape, degree = word.rsplit(":", 2)
    sizes = shape.split("x")
    if len(sizes) != 2 or not all(size.isdigit() for size in (*sizes, degree)):
        raise ValueError(f"{word} is not NAME:INPUTSxOUTPUTS:DEGREE, such as fibonacci:784x300:8.")
    g = names.junction(name, int(sizes[0]), int(sizes[1]), int(degree), rng=stream(seed, "topology"))
    return Network(word, Topology([g]), None)


def _in_run(folder: Path) -> Path:
    for name in _IN_A_RUN:
        if (folder / name).is_file():
            return folder / name
    raise TopologyFileError(f"folder {folder} holds no run: none of {', '.join(_IN_A_RUN)} is there.")


def _read(path: Path) -> tuple[Topology, list[NDArray[np.float64]] | None]:
    from gossamer.topology import Topology, formats

    if path.suffix.lower() in formats.READERS:
        return Topology.load(path), formats.read(path).weights
    state = state_of(path)
    if state is None:
        return Topology.load(path), None
    layers = _layers(state, path)
    return Topology([g for g, _ in layers]), [w for _, w in layers]


def state_of(path: Path) -> State | None:
    """The tensors of a checkpoint or of a file of weights; None of any other file."""
    from gossamer.nn.states import State, read_state

    with path.open("rb") as file:
        beginning = file.read(32)
    if beginning.startswith(b"gossamer-checkpoint"):
        from gossamer.training import checkpoints

        return State(checkpoints.read(path)["model"], is_ordered=True)
    return None if _is_topology(path) else read_state(path)


def _is_topology(path: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return bool((file.metadata() or {}).get("format") == "gossamer-topology")
    except (SafetensorError, ValueError):
        return True  # whatever it is, reading it as a topology says what is wrong


def _layers(state: State, path: Path) -> list[Layer]:
    """The sparse and fully connected layers, in their order."""
    from gossamer.errors import InvalidTopologyError
    from gossamer.nn.states import layer_prefixes

    try:
        prefixes = layer_prefixes(state.tensors, is_ordered=state.is_ordered)
        layers = [layer for layer in (_layer(state.tensors, prefix) for prefix in prefixes) if layer is not None]
    except (InvalidTopologyError, KeyError) as error:
        raise TopologyFileError(f"{path} has no network: {error}") from error
    if not layers:
        raise TopologyFileError(f"{path} has no sparse or fully connected layer.")
    return layers


def _layer(state: Mapping[str, Any], prefix: str) -> Layer | None:
    """The junction and weights of the layer whose tensors begin with `prefix`, if it is one."""
    from gossamer.generators import dense
    from gossamer.nn.structure import OFFSETS, ROWS, Structure

    weight = state[f"{prefix}weight"].double().numpy()
    if f"{prefix}features" not in state:
        return (dense(weight.shape[1], weight.shape[0]), weight.ravel()) if weight.ndim == 2 else None
    names = OFFSETS if f"{prefix}{OFFSETS[0]}" in state else ROWS
    I, O = (int(size) for size in state[f"{prefix}features"])
    return Structure(I, O, tuple(state[f"{prefix}{name}"] for name in names)).junction(), weight
