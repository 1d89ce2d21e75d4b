"""`gossamer reproduce`: a paper's experiments from the data to the verdicts."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gossamer.studies import Engine, Run, Study
    from gossamer.studies.papers.paper import Findings, Paper, Reproduction

SECONDS_BETWEEN_LINES = 30


def reproduce(
    paper: Annotated[str, typer.Argument(help="topologies-2017 or insights-2020.")],
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes: few seeds, short training.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of runs and report; the paper's name by default. Call again to go on.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; one a core by default.")] = None,
) -> None:
    """Train what a paper trained, draw its figures, and say of each claim whether it holds; a report is written."""
    from gossamer.cli.outputs import require_folder
    from gossamer.reports.reproduction import reproduction_page
    from gossamer.studies import Loky
    from gossamer.studies.papers import paper_named
    from gossamer.studies.papers.paper import Reproduction
    from gossamer.topology.files import write_atomically

    chosen, size = paper_named(paper), "quick" if quick else "full"
    folder = require_folder(Path(paper) if out is None else out)
    _require_same_paper(folder, chosen)
    plan = chosen.plans[size]
    _require_data(plan.data)
    studies: list[Study] = []
    findings = _conclude(chosen, size, folder, studies, Loky(workers or 0, threads=1))
    made = Reproduction(chosen, size, plan, findings, tuple(studies), _command(paper, quick))
    made.write(folder)
    write_atomically(folder / "report.html", reproduction_page(made).encode())
    _print(made)
    print(f"\nreport: {(folder / 'report.html').resolve()}")


def _conclude(paper: Paper, size: str, folder: Path, studies: list[Study], engine: Engine) -> Findings:
    from gossamer.errors import StudyError
    from gossamer.studies import Study

    def train(name: str, runs: Sequence[Run]) -> Study:
        study = Study(name, runs, folder / "studies" / name.replace(" ", "-"), measures=())
        studies.append(study)
        with _watched(study):
            execution = study.execute(engine)
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
    if results.exists():
        there = json.loads(results.read_text()).get("paper", {}).get("name")
        if there != paper.name:
            raise ValueError(f"folder {folder} holds results of {there}, not {paper.name}; choose another folder.")


@contextmanager
def _watched(study: Study) -> Iterator[None]:
    """Say how far a study is: a bar with the time left on a terminal, a line now and then elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    console = Console(stderr=True)
    bar = Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
    ended = threading.Event()
    task = bar.add_task(f"{study.name}, {len(study)} runs", total=1.0)

    def watch() -> None:
        begun, at_first, said = time.monotonic(), study.share(), 0.0
        while not ended.wait(1.0):
            share, passed = study.share(), time.monotonic() - begun
            bar.update(task, completed=share)
            if bar.disable and passed - said > SECONDS_BETWEEN_LINES and share > at_first:
                said, left = passed, passed * (1 - share) / (share - at_first)
                print(f"{study.name}: {share:.1%} done, about {left / 60:.0f} min left", file=sys.stderr, flush=True)

    watcher = threading.Thread(target=watch, daemon=True)
    with bar:
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            bar.update(task, completed=study.share())


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
