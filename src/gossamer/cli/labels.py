"""What networks that were named on the command line are called in tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SIZES = ("degree", "degree1", "degree2", "density")


def labels_of(words: Sequence[str], *, seed: int) -> list[str]:
    """Short names that differ: a run's construction, degree and seed, a construction's degree, or a file's name.

    Args:
        words: what was typed: run folders, files in them, other files, constructions such as fibonacci:784x300:8.
        seed: of the constructions.
    """
    found = [_label(word, seed) for word in words]
    pairs = zip(found, words, strict=True)
    found = [name if found.count(name) == 1 or name == word else f"{name} ({word})" for name, word in pairs]
    return [name if found.index(name) == k else f"{name}, again" for k, name in enumerate(found)]


def _label(word: str, seed: int) -> str:
    path = Path(word)
    if not path.exists():
        return _of_construction(word, seed)
    folder = path if path.is_dir() else path.parent
    return _of_run(folder) or path.stem or word


def _of_construction(word: str, seed: int) -> str:
    if word.count(":") < 2:  # of the zoo
        return word
    name, _, degree = word.rsplit(":", 2)
    return f"{name}, degree {degree}, seed {seed}"


def _of_run(folder: Path) -> str:
    """The labels that a run's configuration tells, or nothing if the folder holds no run."""
    from gossamer.errors import StudyError
    from gossamer.studies.store.run_folder import RunFolder

    try:
        labels: dict[str, Any] = RunFolder(folder).read_config().get("labels") or {}
    except (OSError, StudyError, ValueError):
        return ""
    known = {name: value for name, value in labels.items() if value is not None}
    first = [str(known.pop(name)) for name in ("topology", "rule") if name in known]
    sizes = [f"{name} {known.pop(name)}" for name in _SIZES if name in known]
    seeds = [f"seed {known.pop('seed')}"] if "seed" in known else []
    others = [f"{name} {value}" if name != "data" else str(value) for name, value in known.items()]
    return ", ".join([*first, *sizes, *others, *seeds])
