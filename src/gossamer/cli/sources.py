"""What the words of the command line name: a topology file, a checkpoint, or a construction with its sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gossamer.topology import Junction, Topology


class Source(NamedTuple):
    """A network and what was typed for it; `weights` holds one (E,) array a layer, or nothing is known of them."""

    name: str
    topology: Topology
    weights: list[NDArray[np.float64]] | None


def load(word: str, *, seed: int) -> Source:
    """Read the file of this name, or make the construction NAME:INPUTSxOUTPUTS:DEGREE.

    Raises:
        ValueError: a construction that does not exist or cannot have that degree; a file that is neither.
        OSError: there is no such file.
    """
    path = Path(word)
    if word.count(":") == 2 and not path.exists():
        return _construction(word, seed)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {word}; a construction is named like fibonacci:784x300:8.")
    from gossamer.topology import Topology

    if path.is_file() and _begins_like_a_checkpoint(path):
        return _checkpoint(path)
    return Source(path.name, Topology.load(path), None)


def _begins_like_a_checkpoint(path: Path) -> bool:
    name = b"gossamer-checkpoint"
    with path.open("rb") as file:
        return file.read(len(name)) == name


def _construction(word: str, seed: int) -> Source:
    from gossamer.studies import names
    from gossamer.topology import Topology
    from gossamer.training.seeds import stream

    name, shape, degree = word.split(":")
    sizes = shape.split("x")
    if len(sizes) != 2 or not all(size.isdigit() for size in (*sizes, degree)):
        raise ValueError(f"{word} is not NAME:INPUTSxOUTPUTS:DEGREE, such as fibonacci:784x300:8.")
    g = names.junction(name, int(sizes[0]), int(sizes[1]), int(degree), rng=stream(seed, "topology"))
    return Source(word, Topology([g]), None)


def _checkpoint(path: Path) -> Source:
    from gossamer.errors import CheckpointError
    from gossamer.topology import Topology
    from gossamer.training import checkpoints

    state = checkpoints.read(path)["model"]
    prefixes = [name.removesuffix("weight") for name in state if name.endswith("weight") and state[name].ndim <= 2]
    layers = [layer for layer in (_layer(state, prefix) for prefix in prefixes) if layer is not None]
    if not layers:
        raise CheckpointError(f"checkpoint {path} has no sparse or fully connected layer to measure.")
    return Source(path.name, Topology([g for g, _ in layers]), [w for _, w in layers])


def _layer(state: dict[str, Any], prefix: str) -> tuple[Junction, NDArray[np.float64]] | None:
    """The junction and weights of the layer whose tensors begin with `prefix`, if it is one."""
    from gossamer.generators import dense
    from gossamer.nn.structure import OFFSETS, ROWS, Structure

    weight = state[f"{prefix}weight"].double().numpy()
    if f"{prefix}features" not in state:
        return (dense(weight.shape[1], weight.shape[0]), weight.ravel()) if weight.ndim == 2 else None
    names = OFFSETS if f"{prefix}{OFFSETS[0]}" in state else ROWS
    I, O = (int(size) for size in state[f"{prefix}features"])
    return Structure(I, O, tuple(state[f"{prefix}{name}"] for name in names)).junction(), weight
