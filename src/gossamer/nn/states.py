"""A `state_dict` in a safetensors file, with the order of its tensors; the order of the layers that a state holds."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gossamer.errors import TopologyFileError, TopologyWarning
from gossamer.files import Stored, write_stored

_MOST_TRIES = 100_000

_DTYPES = {
    "float64": "F64",
    "int64": "I64",
    "uint64": "U64",
    "complex64": "C64",
    "float32": "F32",
    "int32": "I32",
    "uint32": "U32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int16": "I16",
    "uint16": "U16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
"""PyTorch's types by name, and what safetensors calls them."""


class State(NamedTuple):
    """Tensors by name, and whether they are in the order of the module that they belong to."""

    tensors: Mapping[str, Tensor]
    is_ordered: bool


def write_state(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a `state_dict` as a safetensors file, atomically; the order of its names, which the format loses, is kept.

    Args:
        path: the file.
        state: tensors that share no memory.
        metadata: what else its header says.

    Raises:
        OSError: the file cannot be written.
    """
    header = {**(metadata or {}), "order": json.dumps(list(state))}
    write_stored(path, {name: _stored(name, tensor) for name, tensor in state.items()}, header)


def _stored(name: str, tensor: Tensor) -> Stored:
    dtype = _DTYPES.get(str(tensor.dtype).removeprefix("torch."))
    if dtype is None or tensor.layout is not torch.strided:
        raise TypeError(f"{name} is {tensor.dtype}, {tensor.layout}; safetensors files hold {', '.join(_DTYPES)}.")
    plain = tensor.detach().cpu().contiguous()
    return Stored(dtype, tuple(tensor.shape), plain.reshape(-1).view(torch.uint8).numpy().data)


def read_state(path: str | os.PathLike[str]) -> State:
    """Read a safetensors file of anybody's, in the order that it was written in if that is said.

    Raises:
        TopologyFileError: the file is no safetensors file, or damaged.
        OSError: there is no such file, or it cannot be read.
    """
    tensors, metadata = read_tensors(path)
    try:
        order = json.loads(metadata.get("order", "null"))
    except (ValueError, RecursionError) as error:
        raise TopologyFileError(f"{os.fspath(path)} is damaged: the order of its tensors is no list.") from error
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(tensors):
        return State(tensors, is_ordered=False)
    return State({name: tensors[name] for name in order}, is_ordered=True)


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and what the header of a safetensors file says; see `read_state` for what is raised."""
    from safetensors import SafetensorError, safe_open

    source = os.fspath(path)
    with Path(path).open("rb"):  # a missing or unreadable file is the operating system's error, not a damaged one
        pass
    try:
        with safe_open(source, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, ValueError) as error:
        raise TopologyFileError(f"{source} is no safetensors file, or damaged: {error}") from error


def layer_prefixes(state: Mapping[str, Tensor], *, is_ordered: bool) -> list[str]:
    """What the names of each layer's tensors begin with, in the order of the layers.

    Layers that are numbered come by number, "10." after "2.". Others come in the order of the state if that is the
    module's, else in the one in which each layer's outputs fit the next one's inputs, else by name.

    Warns:
        TopologyWarning: several orders are possible.

    >>> import torch
    >>> layer_prefixes({"b.weight": torch.ones(2, 3), "a.weight": torch.ones(1, 2)}, is_ordered=False)
    ['b.', 'a.']
    """
    found = [
        name.removesuffix("weight")
        for name in state
        if name.endswith("weight") and (state[name].ndim == 2 or f"{name.removesuffix('weight')}features" in state)
    ]
    natural = sorted(found, key=lambda prefix: [(len(part), part) for part in prefix.split(".")])
    if len({re.sub(r"\d+", "0", prefix) for prefix in found}) <= 1:
        return natural
    if is_ordered:
        return found
    sizes = {prefix: _sizes(state, prefix) for prefix in natural}
    chains = _chains(natural, sizes)
    if len(chains) == 1:
        return chains[0]
    if chains:
        warnings.warn(
            f"the file does not tell the order of layers, and widths allow several; taken is {', '.join(chains[0])}. "
            "gossamer.nn.states.write_state writes the order.",
            TopologyWarning,
            stacklevel=2,
        )
        return chains[0]
    return natural


def _sizes(state: Mapping[str, Tensor], prefix: str) -> tuple[int, int]:
    """Inputs and outputs."""
    if f"{prefix}features" in state:
        I, O = (int(size) for size in state[f"{prefix}features"])
        return I, O
    O, I = state[f"{prefix}weight"].shape
    return I, O


def _chains(prefixes: Sequence[str], sizes: Mapping[str, tuple[int, int]]) -> list[list[str]]:
    """Up to two orders in which widths fit, the first by name where there are several."""
    if all(sizes[a][1] == sizes[b][0] for a, b in pairwise(prefixes)):
        first = list(prefixes)
        return [first, *(other for other in _search(prefixes, sizes, 2) if other != first)][:2]
    return _search(prefixes, sizes, 2)


def _search(prefixes: Sequence[str], sizes: Mapping[str, tuple[int, int]], most: int) -> list[list[str]]:
    found: list[list[str]] = []
    waiting: list[list[str]] = [[prefix] for prefix in reversed(prefixes)]
    tries = 0
    while waiting and len(found) < most and tries < _MOST_TRIES:
        chain, tries = waiting.pop(), tries + 1
        if len(chain) == len(prefixes):
            found.append(chain)
            continue
        after = [p for p in prefixes if p not in chain and sizes[p][0] == sizes[chain[-1]][1]]
        waiting += [[*chain, prefix] for prefix in reversed(after)]
    return found
