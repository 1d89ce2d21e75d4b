"""`gossamer report`: a study as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gossamer.cli.endings import Quiet, saved

EXAMPLE = "gossamer report digits -o digits.html"


def report(
    study: Annotated[Path, typer.Argument(help="The folder of a study.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the page goes.")] = Path("report.html"),
    networks: Annotated[int, typer.Option(help="Networks compared in one heat map; work grows with the square.")] = 16,
    checkpoints: Annotated[int, typer.Option(min=1, help="Trained networks that are probed, a row each.")] = 8,
    quiet: Quiet = False,
) -> None:
    """Write a study as one HTML page: conclusions, figures, topologies, distances and all runs; it works offline."""
    from gossamer.cli.outputs import require_writable
    from gossamer.distances import console_bar
    from gossamer.files import write_atomically
    from gossamer.reports.study import study_page
    from gossamer.studies import Study

    require_writable(out)
    found = Study.open(study)
    with console_bar("distances", disable=quiet) as bar:
        page = study_page(found, networks=networks, checkpoints=checkpoints, store=_store(study), progress=bar)
    write_atomically(out, page.encode())
    saved(out.resolve(), "open it in a browser", quiet=quiet)


def _store(study: Path) -> Path | None:
    """The study's own folder for distances, if it can be written: the next report then has them at once."""
    folder = study / "report"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    return folder
