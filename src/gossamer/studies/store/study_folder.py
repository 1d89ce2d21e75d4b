"""`study.json`: which runs a study's folder is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gossamer.errors import StudyError
from gossamer.studies.digest import code_version
from gossamer.studies.run import Label, Run
from gossamer.studies.store.run_folder import RunFolder, read_json, write_json

FORMAT = "gossamer study"
VERSION = 1
_OURS = ("runs", "lock", "search.db", "tensorboard")


class Entry(NamedTuple):
    """What `study.json` says of a run.

    Args:
        digest: its name.
        labels: what the grid varied.
    """

    digest: str
    labels: dict[str, Label]


def runs_folder(folder: Path) -> Path:
    """Where the runs' folders lie."""
    return folder / "runs"


def entries(runs: Sequence[Run]) -> tuple[Entry, ...]:
    """The runs by their names.

    Raises:
        ValueError: two of them are the same.
    """
    found: dict[str, Entry] = {}
    for run in runs:
        entry = Entry(run.digest, dict(run.labels))
        if entry.digest in found:
            raise ValueError(
                f"run {dict(run.labels)} is there twice: {found[entry.digest].labels} has the same numbers."
            )
        found[entry.digest] = entry
    return tuple(found.values())


def write(folder: Path, name: str, measures: Sequence[str], listed: Sequence[Entry]) -> None:
    """Write `study.json`; the folder is made if there is none.

    Raises:
        StudyError: the folder holds another study.
        OSError: it cannot be written.
    """
    if place(folder).exists():
        there, _, _ = read(folder)
        if there != name:
            raise StudyError(f"folder {folder} holds the study {there!r}, not {name!r}; choose another folder.")
    elif folder.is_dir() and any(path.name not in _OURS for path in folder.iterdir()):
        raise StudyError(f"folder {folder} is not empty and holds no study; choose another one.")
    runs_folder(folder).mkdir(parents=True, exist_ok=True)
    runs = [{"digest": entry.digest, "labels": entry.labels} for entry in listed]
    content = {"format": FORMAT, "version": VERSION, "name": name, "measures": list(measures), "runs": runs}
    write_json(place(folder), content)


def read(folder: Path) -> tuple[str, tuple[str, ...], tuple[Entry, ...]]:
    """Name, measures and runs of the study in a folder.

    Raises:
        StudyError: it holds none, a damaged one, or one of another version.
    """
    path = place(folder)
    if not path.is_file():
        raise StudyError(f"folder {folder} holds no study: there is no {path.name} in it.")
    content = read_json(path)
    if content.get("format") != FORMAT:
        raise StudyError(f"{path} is no study: its format is {content.get('format')!r}, not {FORMAT!r}.")
    if content.get("version") != VERSION:
        raise StudyError(f"{path} is of version {content.get('version')!r}; this Gossamer reads version {VERSION}.")
    try:
        runs = tuple(Entry(run["digest"], dict(run["labels"])) for run in content["runs"])
        return content["name"], tuple(content["measures"]), runs
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{path} is damaged: {error!r}.") from error


def others(folder: Path, listed: Sequence[Entry]) -> dict[str, str]:
    """Finished runs in the folder that are none of the listed ones, and what they are of."""
    known = {entry.digest for entry in listed}
    there = (RunFolder(path) for path in sorted(runs_folder(folder).glob("*")))
    strangers = [each for each in there if each.name not in known and each.state == "done"]
    return {each.name: _difference(each) for each in strangers}


def _difference(run: RunFolder) -> str:
    same = read_json(run.config).get("code") == code_version()
    return "other settings or data" if same else "another version of the code"


def place(folder: Path) -> Path:
    """The path of `study.json`."""
    return folder / "study.json"
