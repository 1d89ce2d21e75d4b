"""Where a machine's thresholds are remembered: one small file for each in the user's cache."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gossamer.errors import TuningWarning
from gossamer.files import cache_folder, write_atomically
from gossamer.tuning.machine import Machine
from gossamer.tuning.thresholds import Thresholds

VARIABLE = "GOSSAMER_TUNING"
"""Names another file; "off" means none."""

_FORMAT = "gossamer-tuning 1"
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """Thresholds, and where they are from.

    Args:
        thresholds: the numbers.
        path: the file that they were read from; None for those that are built in.
        why: in words.
    """

    thresholds: Thresholds
    path: Path | None
    why: str


def tuning_file(machine: Machine) -> Path:
    """Where a machine's thresholds are remembered: what GOSSAMER_TUNING names, or a file of its own in the cache."""
    named = os.environ.get(VARIABLE, "")
    if named and named != "off":
        return Path(named).expanduser()
    return cache_folder() / "tuning" / f"{machine.key}.json"


def write(path: Path, machine: Machine, thresholds: Thresholds, evidence: Any) -> None:
    """Write thresholds and what was measured, atomically; folders are made.

    Raises:
        OSError: it cannot be written.
    """
    content = {
        "format": _FORMAT,
        "machine": asdict(machine),
        "thresholds": thresholds.described(),
        "measured": evidence,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def read(path: Path, machine: Machine) -> Thresholds:
    """The thresholds of a file.

    Raises:
        ValueError: the file is damaged, or of another machine.
        OSError: there is none, or it cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is damaged: {error}.") from error
    if len(raw) > _MOST_BYTES or not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"it is damaged, or no file of format {_FORMAT!r}.")
    if content.get("machine") != asdict(machine):
        raise ValueError(f"it is of another machine: {_name(content.get('machine'))}. This is {machine}.")
    try:
        return Thresholds.of(content.get("thresholds"))
    except (ValueError, TypeError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def find(machine: Machine) -> Found:
    """The thresholds that hold on this machine.

    Warns:
        TuningWarning: a file that is damaged, cannot be read, or is of another machine; it is ignored.
    """
    if os.environ.get(VARIABLE) == "off":
        return Found(Thresholds(), None, f"built in, as {VARIABLE}=off asks for")
    path = tuning_file(machine)
    try:
        return Found(read(path, machine), path, "measured here")
    except FileNotFoundError as error:
        if os.environ.get(VARIABLE):
            _warn(path, str(error))
        return Found(Thresholds(), None, "built in: nothing was measured here yet, which `gossamer bench tune` does")
    except (OSError, ValueError) as error:
        _warn(path, str(error))
        return Found(Thresholds(), None, f"built in: {path} is ignored, for {error}")


def _warn(path: Path, why: str) -> None:
    warnings.warn(
        f"{path} is ignored: {why} Built-in thresholds are used; `gossamer bench tune` measures anew.",
        TuningWarning,
        stacklevel=4,
    )


def _name(machine: Any) -> str:
    try:
        return str(Machine(**machine))
    except TypeError:
        return "one that it does not name"
