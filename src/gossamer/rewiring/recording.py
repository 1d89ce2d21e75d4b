"""The history of a topology: every edge that went and came, compactly, so that any moment can be rebuilt."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import TopologyFileError
from gossamer.files import read_safetensors, write_safetensors
from gossamer.rewiring.keys import Keys, difference, edge_keys, junction_of, union
from gossamer.rewiring.update import Moved
from gossamer.topology import Junction, Topology

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMAT = "gossamer-recording"
VERSION = 2


class Recording:
    """A log of updates.

    Keys of moved edges are stored as differences in the smallest unsigned integer that holds them: most often 1 or 2
    bytes an edge. A file is a safetensors file written atomically: the first edges of every layer, then for each
    update and layer the edges removed and added.

    >>> import gossamer as gs
    >>> log = Recording()
    >>> log.begin({"0": gs.Bipartite.from_mask([[1, 0], [0, 1]])})
    >>> log.add(5, {"0": Moved(removed=np.array([0]), added=np.array([1]))})
    >>> log.at(4)["0"].to_mask().astype(int).tolist(), log.at(5)["0"].to_mask().astype(int).tolist()
    ([[1, 0], [0, 1]], [[0, 1], [0, 1]])
    """

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[int, int]] = {}
        self._tensors: dict[str, NDArray[Any]] = {}
        self._steps: list[int] = []

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which the topology changed, ascending."""
        return tuple(self._steps)

    @property
    def nbytes(self) -> int:
        """Bytes of the log."""
        return sum(tensor.nbytes for tensor in self._tensors.values())

    def begin(self, junctions: Mapping[str, Junction]) -> None:
        """Set the first topology; a recording that was loaded to be continued must be of the same layers.

        Raises:
            ValueError: other layers than those recorded so far.
        """
        sizes = {name: (junction.in_features, junction.out_features) for name, junction in junctions.items()}
        if self._sizes:
            if sizes != self._sizes:
                raise ValueError(f"the recording is of layers {self._sizes}, not {sizes}.")
            return
        self._sizes = sizes
        self._tensors = {_slot(0, name, "added"): _packed(edge_keys(each)) for name, each in junctions.items()}

    def add(self, step: int, moved: Mapping[str, Moved]) -> None:
        """Log the edges that moved at `step`, later than all steps before.

        Raises:
            ValueError: a step that is not later.
        """
        if self._steps and step <= self._steps[-1]:
            raise ValueError(f"step={step} is not allowed: the last one recorded is {self._steps[-1]}.")
        self._steps.append(step)
        for name, each in moved.items():
            self._tensors[_slot(len(self._steps), name, "removed")] = _packed(each.removed)
            self._tensors[_slot(len(self._steps), name, "added")] = _packed(each.added)

    def forget_after(self, step: int) -> None:
        """Drop the updates after `step`: what a training that resumes from a checkpoint of that step does again."""
        while self._steps and self._steps[-1] > step:
            for name in self._sizes:
                for what in ("removed", "added"):
                    del self._tensors[_slot(len(self._steps), name, what)]
            self._steps.pop()

    def moved(self, number: int, name: str) -> Moved:
        """The edges of layer `name` that moved in update `number`, counted from 0."""
        parts = (_unpacked(self._tensors[_slot(number + 1, name, what)]) for what in ("removed", "added"))
        return Moved(*parts)

    def at(self, step: int) -> dict[str, Junction]:
        """Every layer's junction after `step`."""
        return {name: self._junction(name, step) for name in self._sizes}

    def topology(self, step: int) -> Topology:
        """The topology after `step`, of layers whose widths fit.

        Raises:
            InvalidTopologyError: widths that do not fit.
        """
        return Topology(self.at(step).values())

    def kept(self) -> dict[str, NDArray[np.float64]]:
        """Share of each layer's first edges that are there at the start and after each update, (U + 1,), 1 to 0.

        Of a layer that has no edges at first it is 1.

        >>> import gossamer as gs
        >>> log = Recording()
        >>> log.begin({"0": gs.Bipartite.from_mask([[1, 0], [0, 1]])})
        >>> log.add(5, {"0": Moved(removed=np.array([0]), added=np.array([1]))})
        >>> log.kept()["0"]
        array([1. , 0.5])
        """
        found = {}
        for name in self._sizes:
            first = keys = _unpacked(self._tensors[_slot(0, name, "added")])
            shares = [1.0]
            for number in range(len(self._steps)):
                moved = self.moved(number, name)
                keys = union(difference(keys, moved.removed), moved.added)
                still = len(np.intersect1d(first, keys, assume_unique=True))
                shares.append(still / len(first) if len(first) else 1.0)
            found[name] = np.array(shares)
        return found

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw, over the steps, the share of its first edges that each layer still has; return the axes.

        Args:
            ax: where to draw; a new figure if None.
        """
        from gossamer.plots.lines import Curve, draw_curves

        steps = [0, *self._steps]
        curves = [Curve(f"layer {name}", steps, (100 * shares).tolist()) for name, shares in self.kept().items()]
        return draw_curves(curves, ax, x="step", y="first edges still there, %", whole=True)

    def _repr_html_(self) -> str:
        from gossamer.plots.notebook import html_table

        rows = [
            [name, *self._sizes[name], len(self._steps), self._count_moved(name), float(shares[-1])]
            for name, shares in self.kept().items()
        ]
        return html_table(("layer", "inputs", "outputs", "updates", "edges moved", "first edges still there"), rows)

    def __repr__(self) -> str:
        return f"Recording({len(self._sizes)} layers, {len(self._steps)} updates)"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file, atomically."""
        layers = json.dumps([[name, *sizes] for name, sizes in self._sizes.items()])
        tensors = {**self._tensors, "steps": np.asarray(self._steps, dtype=np.int64)}
        metadata = {"format": FORMAT, "version": str(VERSION), "layers": layers, "digest": _digest(tensors, layers)}
        write_safetensors(path, tensors, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises:
            TopologyFileError: the file is damaged, foreign or of another version.
            OSError: there is no such file, or it cannot be read.
        """
        source = os.fspath(path)
        tensors, metadata = read_safetensors(path)
        if metadata.get("format") != FORMAT or metadata.get("version") != str(VERSION):
            raise TopologyFileError(f"{source} is no recording of version {VERSION}: {metadata}.")
        if metadata.get("digest") != _digest(tensors, metadata.get("layers", "")):
            raise TopologyFileError(f"{source} is damaged: its digest does not fit its content.")
        log = cls()
        log._steps = [int(step) for step in tensors.pop("steps")]
        log._sizes = {name: (inputs, outputs) for name, inputs, outputs in json.loads(metadata["layers"])}
        log._tensors = tensors
        return log

    def _count_moved(self, name: str) -> int:
        return sum(len(self.moved(number, name).added) for number in range(len(self._steps)))

    def _junction(self, name: str, step: int) -> Junction:
        keys = _unpacked(self._tensors[_slot(0, name, "added")])
        for number in range(int(np.searchsorted(self._steps, step, side="right"))):
            moved = self.moved(number, name)
            keys = union(difference(keys, moved.removed), moved.added)
        return junction_of(keys, *self._sizes[name])


def _digest(tensors: Mapping[str, NDArray[Any]], layers: str) -> str:
    """32 hexadecimal digits of all that a file says."""
    state = hashlib.blake2b(layers.encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        state.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode())
        state.update(np.ascontiguousarray(tensor).tobytes())
    return state.hexdigest()


def _slot(update: int, name: str, what: str) -> str:
    return f"update.{update}.{name}.{what}"


def _packed(keys: Keys) -> NDArray[Any]:
    differences = np.diff(keys, prepend=0)
    return differences.astype(np.min_scalar_type(int(differences.max(initial=0))))


def _unpacked(differences: NDArray[Any]) -> Keys:
    return np.cumsum(differences, dtype=np.int64)
