"""A model into a folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from gossamer.errors import CheckpointError
from gossamer.files import write_atomically
from gossamer.nn.conversion.candidates import require_module, require_unsharded
from gossamer.nn.layer import SparseLayer
from gossamer.nn.pretrained.description import described
from gossamer.nn.states import write_state

WEIGHTS = "model.safetensors"
HEADER = "gossamer"
"""The name of our words in the header of the file of weights: one file, so that tensors and words never disagree."""

VERSION = 1


def save_pretrained(model: nn.Module, folder: str | os.PathLike[str]) -> Path:
    """Write a model to `folder`/model.safetensors: weights, topologies, and what is said of them in JSON.

    The file's header holds a digest of each sparse layer's junction, the names of tied tensors, and, of a model of
    known parts (`gossamer.nn.mlp`, and `nn.Sequential` of linear layers, activations, norms and dropout), what it is
    made of. Of other models `from_pretrained` must be given one. A model of Transformers gets its `config.json`, too.

    Args:
        model: any module.
        folder: made if it is not there.

    Returns:
        The file.

    Raises:
        TypeError: it is no module, or sharded by `fully_shard`.
        CheckpointError: a state that is no tensor, or files that cannot be written; what was there is untouched then.

    >>> import tempfile
    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 0], [1, 1]])]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_pretrained(model, folder)
    ...     gs.nn.topology_of(gs.nn.from_pretrained(folder)) == gs.nn.topology_of(model)
    True
    """
    require_module(model)
    require_unsharded(model)
    tensors, tied = _tensors(model)
    words = {
        "version": VERSION,
        "class": type(model).__name__,
        "layers": {n: m.topology().digest() for n, m in model.named_modules() if isinstance(m, SparseLayer)},
        "tied": tied,
        "model": described(model),
    }
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, content in _configurations(model).items():
            write_atomically(place / name, content)
        write_state(place / WEIGHTS, tensors, {"format": "pt", HEADER: json.dumps(words)})
    except OSError as error:
        raise CheckpointError(f"{place} cannot be written: {error.strerror or error}.") from error
    return place / WEIGHTS


def _tensors(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The state without repetitions, and for each name that is left out the one that has its tensor.

    Raises:
        CheckpointError: an extra state that is no tensor, or a tensor without values.
    """
    tensors: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for name, tensor in model.state_dict().items():
        if not isinstance(tensor, Tensor):
            raise CheckpointError(f"{name!r} is {type(tensor).__name__}, no tensor: only tensors are saved.")
        if tensor.is_meta:
            raise CheckpointError(f"{name!r} is on the meta device: it has no values to save.")
        key = (tensor.data_ptr(), tensor.device, tensor.dtype, tuple(tensor.shape), tensor.stride())
        first = seen.setdefault(key, name) if tensor.numel() else name
        if first == name:
            tensors[name] = tensor.detach().clone() if _is_part(tensor) else tensor.detach()
        else:
            tied[name] = first
    return tensors, tied


def _is_part(tensor: Tensor) -> bool:
    """Whether it shares its memory with something larger, which safetensors refuses."""
    return bool(tensor.untyped_storage().nbytes() != tensor.nbytes)


def _configurations(model: nn.Module) -> dict[str, bytes]:
    """What Transformers reads beside weights: the model's configuration, and how it generates."""
    found = {}
    for name, file in (("config", "config.json"), ("generation_config", "generation_config.json")):
        config: Any = getattr(model, name, None)
        if hasattr(config, "to_json_string"):
            found[file] = str(config.to_json_string()).encode()
    return found
