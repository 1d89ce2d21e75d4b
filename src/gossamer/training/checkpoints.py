"""Checkpoints: a run in a file, whole or not at all.

A file is `MAGIC`, the BLAKE2b digest (16 bytes) of the rest, and a `torch.save` of tensors, numbers and strings; it is
read with `weights_only=True`, so that no file can run code. The file before the last is kept beside it as
`NAME.previous`: should the last one be damaged, the run goes on from there, and the damaged one is `NAME.damaged`.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import torch

from gossamer.errors import CheckpointError, CheckpointWarning
from gossamer.files import written_atomically
from gossamer.training.callbacks import Callback, Stateful
from gossamer.training.run import Epoch, TrainingRun

MAGIC = b"gossamer-checkpoint-1\n"
_DIGEST_BYTES = 16


def save(run: TrainingRun, path: Path, callbacks: Sequence[Callback] = ()) -> None:
    """Write the run as it is now; the file is replaced at once or not at all, and what was in it is kept beside it.

    Raises:
        CheckpointError: the file cannot be written.
    """
    state = {
        "name": run.name,
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "best": run.best,
        "best_epoch": run.best_epoch,
        "step": run.step,
        "history": [asdict(epoch) for epoch in run.history],
        "rng": _pack_rng(run.rng),
        "torch_rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "callbacks": [callback.state_dict() for callback in callbacks if isinstance(callback, Stateful)],
    }
    new = path.with_name(f".{path.name}.new")
    try:
        write(state, new)
        if path.exists():
            path.replace(previous(path))  # between the two renamings there is the one before alone, which resumes
        new.replace(path)
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be written: {error.strerror}.") from error


def resume(run: TrainingRun, path: Path, callbacks: Sequence[Callback] = ()) -> bool:
    """Bring the run to where the file left it, or the one before it if that is damaged; False if there is no file.

    Warns:
        CheckpointWarning: the file is damaged, and the one before it is used.

    Raises:
        CheckpointError: both are damaged, or no checkpoint; or the file is of another run.
    """
    state = _newest(path)
    if state is None:
        return False
    _require_same(run.name, state["name"], path)
    stateful = [callback for callback in callbacks if isinstance(callback, Stateful)]
    if len(stateful) != len(state["callbacks"]):
        raise CheckpointError(
            f"checkpoint {path} has {len(state['callbacks'])} callbacks; the run has {len(stateful)}."
        )
    try:
        run.model.load_state_dict(state["model"])
        run.optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {path} does not fit the model: {error}") from error
    if len(state["history"]) > run.config.epochs:
        raise CheckpointError(
            f"checkpoint {path} has {len(state['history'])} epochs, more than epochs={run.config.epochs}. "
            "Give as many, or choose another file."
        )
    run.best, run.best_epoch, run.step = state["best"], state["best_epoch"], state["step"]
    run.history = [Epoch(**epoch) for epoch in state["history"]]
    run.rng.bit_generator.state = _unpack_rng(state["rng"])
    torch.set_rng_state(state["torch_rng"])
    if state["cuda_rng"]:
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    for callback, callback_state in zip(stateful, state["callbacks"], strict=True):
        callback.load_state_dict(callback_state)
    return True


def write(state: dict[str, Any], path: Path) -> None:
    """Write tensors, numbers and strings, in dicts and lists, as the content of a checkpoint, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    with written_atomically(path) as file:
        file.write(MAGIC + bytes(_DIGEST_BYTES))
        body = _Digested(file)
        torch.save(state, cast(BinaryIO, body))
        file.seek(len(MAGIC))
        file.write(body.digest())


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or is no checkpoint.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path)
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error.strerror}.") from error


def _read(file: BinaryIO, path: Path) -> dict[str, Any]:
    if file.read(len(MAGIC)) != MAGIC:
        raise CheckpointError(f"{path} is no checkpoint of this version of Gossamer: it does not begin with {MAGIC!r}.")
    digest = file.read(_DIGEST_BYTES)
    body = _Digested()
    while piece := file.read(1 << 20):
        body.write(piece)
    if digest != body.digest():
        raise CheckpointError(f"checkpoint {path} is damaged: its digest does not fit its content.")
    file.seek(len(MAGIC) + _DIGEST_BYTES)
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"checkpoint {path} is of another version of PyTorch: {error}") from error
    return state


def previous(path: Path) -> Path:
    """Where the checkpoint before the last one is kept."""
    return path.with_name(f"{path.name}.previous")


def exists(path: Path) -> bool:
    """Whether a run can go on from `path`, or from the checkpoint before it."""
    return path.exists() or previous(path).exists()


def remove(path: Path) -> None:
    """Remove the checkpoint and the one before it, so that a run begins anew."""
    path.unlink(missing_ok=True)
    previous(path).unlink(missing_ok=True)


def _newest(path: Path) -> dict[str, Any] | None:
    """What the last readable file holds; None if there is none."""
    older = previous(path)
    if not path.exists():
        return read(older) if older.exists() else None
    try:
        return read(path)
    except CheckpointError as error:
        if not older.exists():
            raise
        state = read(older)
        path.replace(path.with_name(f"{path.name}.damaged"))
        warnings.warn(
            f"{error} The run goes on from the one before it, {older}, after epoch {len(state['history'])}.",
            CheckpointWarning,
            stacklevel=4,
        )
        return state


def _require_same(wanted: str, found: str, path: Path) -> None:
    if wanted == found:
        return
    new, old = json.loads(wanted), json.loads(found)
    names = [name for name in new | old if new.get(name) != old.get(name)]
    if names == ["epochs"]:
        raise CheckpointError(
            f"checkpoint {path} is of another run: epochs differ. epochs was {old['epochs']}, and is {new['epochs']} "
            f"now. With {new['schedule']} the learning rate depends on their number from the first step on; a run of a "
            "constant rate can be made longer. Go on with the same settings, or choose another file."
        )
    raise CheckpointError(
        f"checkpoint {path} is of another run: {', '.join(names)} differ. {names[0]} was {old.get(names[0])}, "
        f"and is {new.get(names[0])} now. Go on with the same settings, or choose another file."
    )


class _Digested(io.RawIOBase):
    """Passes on what is written, and has a digest of all of it."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file, self._hash = file, hashlib.blake2b(digest_size=_DIGEST_BYTES)

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._hash.update(piece)
        if self._file is not None:
            self._file.write(piece)
        return memoryview(piece).nbytes

    def digest(self) -> bytes:
        return self._hash.digest()


def _pack_rng(rng: np.random.Generator) -> str:
    return json.dumps(rng.bit_generator.state, default=np.ndarray.tolist)


def _unpack_rng(text: str) -> dict[str, Any]:
    def as_arrays(entries: dict[str, Any]) -> dict[str, Any]:
        return {
            name: np.array(value, np.uint64) if isinstance(value, list) else value for name, value in entries.items()
        }

    state: dict[str, Any] = json.loads(text, object_hook=as_arrays)
    return state
