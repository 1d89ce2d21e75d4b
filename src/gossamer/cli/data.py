"""`gossamer data`: which data sets are here, and how to get the others."""

from __future__ import annotations

from typing import Annotated

import typer

from gossamer.cli import completions
from gossamer.cli.examples import shown

EXAMPLE = "gossamer data list"

data = typer.Typer(help="Say which data sets are here, and get others.", no_args_is_help=True)


@data.command("list", epilog=shown("gossamer data list"))
def list_() -> None:
    """List the known data sets: where each lies, or how to get it."""
    from rich.console import Console
    from rich.table import Table

    from gossamer.training.data import CATALOGUE, search_folders

    table = Table("data set", "input", "classes", "licence", box=None)
    table.add_column("where it lies, or how to get it", overflow="fold")
    for name, entry in CATALOGUE.items():
        place = entry.source.locate()
        shape = "x".join(str(size) for size in entry.shape)
        state = str(place) if place else f"[dim]not here: {entry.remedy}[/dim]"
        table.add_row(name, shape, str(len(entry.classes)), entry.licence, state)
    console = Console()
    console.print(table)
    console.print("\nlooked in: " + ", ".join(str(folder) for folder in search_folders()), highlight=False)


@data.command(epilog=shown("gossamer data get fashion-mnist"))
def get(
    name: Annotated[
        str,
        typer.Argument(help="A data set, as `gossamer data list` names it.", autocompletion=completions.data_sets),
    ],
) -> None:
    """Download a data set into the user's cache, unless it is on this machine, and check that it can be read."""
    from gossamer.errors import require_known
    from gossamer.training.data import CATALOGUE

    entry = require_known("data set", name, CATALOGUE)
    dataset = entry.load()
    print(f"{dataset!r} in {entry.source.locate()}")
