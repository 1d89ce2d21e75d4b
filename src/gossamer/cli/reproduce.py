"""`gossamer reproduce`: a paper's experiments from the data to the verdicts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gossamer.papers.paper import Findings, Paper, Reproduction
    from gossamer.studies import Engine, Run, Study


def reproduce(
    paper: Annotated[str, typer.Argument(help="topologies-2017, insights-2020 or neighbours.")],
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes: few seeds, short training.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of runs and report; the paper's name by default. Call again to go on.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; one a core by default.")] = None,
) -> None:
    """Train what a paper trained, draw its figures, and say of each claim whether it holds; a report is written."""
    from gossamer.cli.outputs import require_folder
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.files import write_atomically
    from gossamer.papers import paper_named
    from gossamer.papers.paper import Reproduction
    from gossamer.reports.reproduction import reproduction_page
    from gossamer.studies import Loky

    chosen, size = paper_named(paper), "quick" if quick else "full"
    folder = require_folder(Path(paper) if out is None else out)
    _require_same_paper(folder, chosen)
    plan = chosen.plans[size]
    _require_data(plan.data)
    studies: list[Study] = []
    again = f"{_command(paper, quick)} --out {shlex.quote(str(folder))}"
    with stoppable(lambda: Stopped(again=again)):
        findings = _conclude(chosen, size, folder, studies, Loky(workers or 0, threads=1))
    made = Reproduction(chosen, size, plan, findings, tuple(studies), _command(paper, quick))
    made.write(folder)
    write_atomically(folder / "report.html", reproduction_page(made).encode())
    _print(made)
    print(f"\nreport: {(folder / 'report.html').resolve()}")


def _conclude(paper: Paper, size: str, folder: Path, studies: list[Study], engine: Engine) -> Findings:
    from gossamer.cli.progress import watching
    from gossamer.errors import StudyError
    from gossamer.studies import Study

    def train(name: str, runs: Sequence[Run]) -> Study:
        study = Study(name, runs, folder / "studies" / name.replace(" ", "-"), measures=())
        studies.append(study)
        with watching(name) as watch:
            execution = study.execute(engine, on_round=watch)
        if execution.busy:
            raise StudyError(
                f"{len(execution.busy)} runs of {name} are at work in another process; call again when it has ended."
            )
        if execution.failed and not (execution.done or execution.skipped):
            raise StudyError(f"no run of {name} came to its end: {next(iter(execution.failed.values()))}")
        return study

    return paper.reproduce(paper.plans[size], train, folder)


def _require_data(names: Sequence[str]) -> None:
    """Miss data before hours of training, not after them."""
    from gossamer.studies.run import data_digest

    for name in names:
        data_digest(name)


def _require_same_paper(folder: Path, paper: Paper) -> None:
    results = folder / "results.json"
    if not results.exists():
        return
    try:
        there = json.loads(results.read_text())["paper"]["name"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{results} is not a reproduction's; choose another folder.") from error
    if there != paper.name:
        raise ValueError(f"folder {folder} holds results of {there}, not {paper.name}; choose another folder.")


def _command(paper: str, quick: bool) -> str:
    return f"gossamer reproduce {paper}" + (" --quick" if quick else "")


def _print(made: Reproduction) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", "figure", "verdict", "estimates"):
        table.add_column(name)
    for claim in made.findings.claims:
        estimates = "; ".join(f"{e.value:.4g} [{e.low:.3g}, {e.high:.3g}]" for e in claim.estimates)
        table.add_row(claim.key, claim.exhibit, claim.verdict.value, estimates)
    Console().print(table, highlight=False)
