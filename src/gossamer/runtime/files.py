"""The file of an exported network: arrays, and a plan in JSON that says what is computed of them.

A safetensors file whose metadata are `format`, `version`, `digest` (of the plan and all arrays) and `plan`:

    {"steps": [{"op": "linear", "of": [0], ...}, ...], "labels": [...]}

Step n makes value n + 1 of the values that it names in `of`; value 0 is the input, and the last value the result. Its
arrays are named `n.weight`, `n.bias`, ... Nothing in a file is executed; `gossamer.runtime.operations` reads the steps.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import TopologyFileError
from gossamer.files import read_safetensors, write_safetensors

FORMAT = "gossamer-network"
"""What a file says of itself."""
VERSION = 1
"""Of the format: files of a later one are refused."""


def write(path: str | os.PathLike[str], plan: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write a plan and its arrays, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(plan)
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "digest": _digest(text, arrays), "plan": text}
    write_safetensors(path, arrays, metadata)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The plan and the arrays of a file, as they were written; whether they make sense is not asked here.

    Raises:
        TopologyFileError: the file is damaged, truncated, no exported network, or of another version.
        OSError: there is no such file, or it cannot be read.
    """
    source = os.fspath(path)
    tensors, metadata = read_safetensors(path)
    if metadata.get("format") != FORMAT:
        found = f"format={metadata.get('format')!r}"
        raise TopologyFileError(
            f"{source} is a safetensors file, but no exported network ({found}); `gossamer export` writes these."
        )
    if metadata.get("version") != str(VERSION):
        raise TopologyFileError(f"{source} has version {metadata.get('version')!r}; this Gossamer reads {VERSION}.")
    text = metadata.get("plan", "")
    if metadata.get("digest") != _digest(text, tensors):
        raise TopologyFileError(f"{source} is damaged: it is not what its digest was made of.")
    try:
        plan = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TopologyFileError(f"{source} is damaged: its plan is no JSON: {error}") from error
    if not isinstance(plan, dict):
        raise TopologyFileError(f"{source} is damaged: its plan is a {type(plan).__name__}, not an object.")
    return plan, tensors


def _digest(plan: str, tensors: Mapping[str, NDArray[Any]]) -> str:
    """Name of a file's content: 32 hexadecimal digits (BLAKE2b)."""
    content = hashlib.blake2b(plan.encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        content.update(f"\0{name}\0{tensor.dtype.str}\0{tensor.shape}\0".encode())
        content.update(np.ascontiguousarray(tensor).reshape(-1).view(np.uint8).data)
    return content.hexdigest()
