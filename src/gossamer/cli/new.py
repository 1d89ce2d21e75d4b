"""`gossamer new`: a folder with a study file that runs as it is, and says what can be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gossamer.cli import completions
from gossamer.cli.endings import Quiet, call, saved

EXAMPLE = "gossamer new houses --data houses.csv:price"

TEMPLATE = Path(__file__).parent / "templates" / "study.toml"


def new(
    folder: Annotated[Path, typer.Argument(help="The folder of the study; it is made.")],
    data: Annotated[
        str,
        typer.Option(
            help="What is learned: a data set, a table such as my.csv:price, a folder of images, or module:function.",
            autocompletion=completions.data_sets,
        ),
    ] = "digits",
    quiet: Quiet = False,
) -> None:
    """Make a folder with a commented study file, which runs as it is."""
    from gossamer.cli.outputs import require_folder
    from gossamer.files import write_atomically
    from gossamer.training.data import require_data

    require_data(data)
    file, runs = folder / "study.toml", folder / "runs"
    if file.exists():
        raise FileExistsError(f"{file} is there already; choose another folder, or go on: {_study(file, runs)}")
    require_folder(folder)
    write_atomically(file, _filled(file, runs, name=folder.resolve().name, data=data).encode())
    saved(file, _study(file, runs), quiet=quiet)


def _study(file: Path, runs: Path) -> str:
    return call("study", file, "--out", runs)


def _filled(file: Path, runs: Path, *, name: str, data: str) -> str:
    """The template with its words in; text of TOML is quoted as that of JSON."""
    text = TEMPLATE.read_text(encoding="utf-8")
    words = {"file": file.as_posix(), "runs": runs.as_posix(), "name": json.dumps(name), "data": json.dumps(data)}
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text
