"""A model out of a folder."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from gossamer.errors import CheckpointError, GossamerError, TopologyFileError
from gossamer.nn.conversion.candidates import require_module
from gossamer.nn.conversion.sparsify import sparsify
from gossamer.nn.layer import SparseLayer
from gossamer.nn.pretrained.description import built
from gossamer.nn.pretrained.saving import HEADER, VERSION, WEIGHTS
from gossamer.nn.states import read_tensors
from gossamer.nn.structure import OFFSETS, ROWS, Structure
from gossamer.topology import Junction

INDEX = f"{WEIGHTS}.index.json"
"""Where Transformers lists the files of a model that is too large for one."""


def from_pretrained(
    folder: str | os.PathLike[str], model: nn.Module | Callable[[], nn.Module] | None = None
) -> nn.Module:
    """The model that `save_pretrained` wrote, its sparse layers on the topology in the file; in evaluation mode.

    Files of tensors that others wrote are read too, such as those of Transformers' `Trainer`, if `model` is given.

    Args:
        folder: with a `model.safetensors`; or such a file.
        model: the model as it was before it was made sparse, or as it was built, with any topologies; a copy of it is
            filled, in its own dtype. A class or function without arguments that makes it does, too. None for models of
            known parts, see `save_pretrained`.

    Raises:
        TopologyFileError: the file is no safetensors file, damaged, or of another version; a junction is none, or has
            another digest than it was saved with.
        CheckpointError: the file does not fit the model: layers that one of them lacks, or of another width; or the
            file does not say what the model is made of, and none is given.
        OSError: there is no such file, or it cannot be read.
        TypeError: `model` is, or makes, no module.
    """
    path, tensors, words = _read(Path(folder))
    junctions = _junctions(path, tensors, words.get("layers", {}))
    for name, first in words.get("tied", {}).items():
        if first in tensors:
            tensors[name] = tensors[first]
    made = _described(path, words, tensors, junctions) if model is None else _given(path, model, junctions)
    _fill(path, made, tensors)
    return made.eval()


def _read(place: Path) -> tuple[Path, dict[str, Tensor], Mapping[str, Any]]:
    """The file, its tensors, and what is said of them; {} if it is not ours."""
    path = place / WEIGHTS if place.is_dir() else place
    if not path.exists() and (place / INDEX).exists():
        return place / INDEX, _of_parts(place), {}
    tensors, metadata = read_tensors(path)
    try:
        words = json.loads(metadata.get(HEADER, "{}"))
        version = words.get("version", VERSION)
        sound = all(isinstance(words.get(name, {}), dict) for name in ("layers", "tied"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise TopologyFileError(f"{path} is damaged: its header is no JSON ({error}).") from error
    if version != VERSION:
        raise TopologyFileError(f"{path} is of version {version!r}; this Gossamer reads {VERSION}.")
    if not sound:
        raise TopologyFileError(f"{path} is damaged: its header does not name layers.")
    return path, tensors, words


def _of_parts(folder: Path) -> dict[str, Tensor]:
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        names = sorted(set(index["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TopologyFileError(f"{folder / INDEX} is damaged: {error}") from error
    tensors: dict[str, Tensor] = {}
    for name in names:
        if Path(name).name != name:
            raise TopologyFileError(f"{folder / INDEX} names {name!r}, which is not in its folder.")
        tensors |= read_tensors(folder / name)[0]
    return tensors


def _junctions(path: Path, tensors: Mapping[str, Tensor], digests: Mapping[str, str]) -> dict[str, Junction]:
    """Of each sparse layer, by its name in the model."""
    found = {}
    for entry, features in tensors.items():
        prefix = entry.removesuffix("features")
        names = OFFSETS if f"{prefix}{OFFSETS[0]}" in tensors else ROWS
        if entry == prefix or not all(f"{prefix}{each}" in tensors for each in ("weight", *names)):
            continue
        name = prefix.removesuffix(".")
        try:
            I, O = (int(size) for size in features)
            found[name] = Structure(I, O, tuple(tensors[prefix + each] for each in names)).read()
        except (GossamerError, ValueError, TypeError) as error:
            raise TopologyFileError(f"{path} is damaged: layer {name!r} is no junction: {error}") from error
    for name, digest in digests.items():
        held = found[name].digest() if name in found else "no junction"
        if held != digest:
            raise TopologyFileError(f"{path} is damaged: layer {name!r} was saved as {digest}, and it holds {held}.")
    return found


def _described(
    path: Path, words: Mapping[str, Any], tensors: Mapping[str, Tensor], junctions: Mapping[str, Junction]
) -> nn.Module:
    if words.get("model") is None:
        kind = f"a {words['class']}" if "class" in words else "a model"
        raise CheckpointError(
            f"{path} holds the tensors of {kind}, and does not say what that is made of: give model=, such a model as "
            "it was before it was made sparse, or its class."
        )
    try:
        return built(words["model"], tensors, junctions)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, RuntimeError) as error:
        raise TopologyFileError(f"{path} is damaged: its header describes no model: {error}") from error


def _given(path: Path, model: nn.Module | Callable[[], nn.Module], junctions: Mapping[str, Junction]) -> nn.Module:
    """The model with sparse layers where the file has them."""
    given = isinstance(model, nn.Module)
    plain = model if isinstance(model, nn.Module) else model() if callable(model) else model
    require_module(plain)
    sparse = {name for name, module in plain.named_modules() if isinstance(module, SparseLayer)}
    dense_now = sorted(sparse - junctions.keys())
    if dense_now:
        raise CheckpointError(f"{path} does not fit the model: layer {dense_now[0]!r} is sparse in the model alone.")
    wanted = {name: junction for name, junction in junctions.items() if name not in sparse}
    if not wanted:
        return copy.deepcopy(plain) if given else plain
    try:
        return sparsify(plain, junctions=wanted, inplace=not given)
    except ValueError as error:
        raise CheckpointError(f"{path} does not fit the model: {error}") from error


def _fill(path: Path, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    try:
        result = model.load_state_dict(dict(tensors), strict=False)
    except (RuntimeError, ValueError) as error:
        told = str(error).splitlines()
        raise CheckpointError(f"{path} does not fit the model: {' '.join(told[-1].split())}") from error
    own = model.state_dict(keep_vars=True)
    filled = {id(tensor) for name, tensor in own.items() if name in tensors}
    missing = [name for name in result.missing_keys if id(own.get(name)) not in filled]
    for what, names in (("lacks", missing), ("has besides", result.unexpected_keys)):
        if names:
            more = ", ..." if len(names) > 5 else ""
            raise CheckpointError(f"{path} does not fit the model: it {what} {', '.join(names[:5])}{more}.")
