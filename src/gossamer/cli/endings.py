"""The last words of a command: where its work lies, and what to do with it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no advice, only what came out.")]


def saved(path: Path | None, *calls: str, quiet: bool = False) -> None:
    """Print where the work lies and what can be called next, one line each.

    Args:
        path: a file or folder that was written; None if nothing is kept.
        calls: of the command line, the likeliest first.
        quiet: whether to print the first line alone.

    >>> saved(Path("runs/a b"), "gossamer measure 'runs/a b'", "gossamer report runs")
    saved to 'runs/a b'; next: gossamer measure 'runs/a b'
                               gossamer report runs
    """
    said = "" if path is None else f"saved to {shlex.quote(str(path))}"
    if quiet or not calls:
        if said:
            print(said, flush=True)
        return
    begin = f"{said}; next: " if said else "next: "
    print(begin + f"\n{' ' * len(begin)}".join(calls), flush=True)


def call(*words: object) -> str:
    """A call of the command line as it is typed.

    >>> call("measure", Path("a b"))
    "gossamer measure 'a b'"
    """
    return shlex.join(["gossamer", *map(str, words)])
