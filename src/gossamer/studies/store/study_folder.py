"""`study.json`: which runs a study's folder is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gossamer.errors import StudyError
from gossamer.studies.digest import code_version
from gossamer.studies.run import Label, Run
from gossamer.studies.store.json_files import read_json, write_json
from gossamer.studies.store.run_folder import RunFolder

FORMAT = "gossamer study"
VERSION = 1
_OURS = ("runs", "lock", "search.db", "tensorboard")


class ListedRun(NamedTuple):
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


def listed_runs(runs: Sequence[Run]) -> tuple[ListedRun, ...]:
    """The runs by their names.

    Raises:
        ValueError: two of them are the same.
    """
    found: dict[str, ListedRun] = {}
    for run in runs:
        listed = ListedRun(run.digest, dict(run.labels))
        if listed.digest in found:
            raise ValueError(
                f"run {dict(run.labels)} is there twice: {found[listed.digest].labels} has the same numbers."
            )
        found[listed.digest] = listed
    return tuple(found.values())


def write(folder: Path, name: str, measures: Sequence[str], listed: Sequence[ListedRun]) -> None:
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
    runs = [{"digest": run.digest, "labels": run.labels} for run in listed]
    content = {"format": FORMAT, "version": VERSION, "name": name, "measures": list(measures), "runs": runs}
    write_json(place(folder), content)


def read(folder: Path) -> tuple[str, tuple[str, ...], tuple[ListedRun, ...]]:
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
        runs = tuple(_listed(run) for run in content["runs"])
        return str(content["name"]), tuple(map(str, content["measures"])), runs
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{path} is damaged: {error!r}. Remove it, and `gossamer study` writes it anew.") from error


def _listed(entry: Mapping[str, Any]) -> ListedRun:
    labels = dict(entry["labels"])
    if not re.fullmatch("[0-9a-f]+", entry["digest"]):
        raise ValueError(f"digest={entry['digest']!r} is no name of a run")
    for name, value in labels.items():
        if not (value is None or isinstance(value, (str, int, float))):
            raise TypeError(f"label {name}={value!r} is neither text nor a number")
    return ListedRun(entry["digest"], labels)


def others(folder: Path, listed: Sequence[ListedRun]) -> dict[str, str]:
    """Finished runs in the folder that are none of the listed ones, and what they are of."""
    known = {run.digest for run in listed}
    there = (RunFolder(path) for path in sorted(runs_folder(folder).glob("*")))
    strangers = [each for each in there if each.name not in known and each.state == "done"]
    return {each.name: _difference(each) for each in strangers}


def _difference(run: RunFolder) -> str:
    try:
        same = run.read_config().get("code") == code_version()
    except StudyError:
        return "unknown settings: their files are damaged"
    return "other settings or data" if same else "another version of the code"


def place(folder: Path) -> Path:
    """The path of `study.json`."""
    return folder / "study.json"
