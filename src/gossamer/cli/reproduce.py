"""`gossamer reproduce`: a paper's experiments from the data to the verdicts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.cli import completions
from gossamer.cli.endings import Quiet, saved
from gossamer.errors import require_known

if TYPE_CHECKING:
    from gossamer.papers.paper import Findings, Paper, Reproduction
    from gossamer.studies import Engine, Run, Study


EXAMPLE = "gossamer reproduce insights-2020 --quick"


def reproduce(
    paper: Annotated[
        str,
        typer.Argument(
            help="topologies-2017, insights-2020, connectivity, neighbours or groups.",
            autocompletion=completions.papers,
        ),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes: few seeds, short training.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of runs and report; the paper's name by default. Call again to go on.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; one a core by default.")] = None,
    large: Annotated[bool, typer.Option("--large", help="The full size, and what takes a day beyond it.")] = False,
    cut: Annotated[
        bool, typer.Option("--cut", help="Of --large what an hour or two pay for; its plan says what.")
    ] = False,
    followup: Annotated[
        bool, typer.Option("--followup", help="Of --large what was planned after the results of its --cut.")
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Of --large few networks for all of their epochs, planned last.")
    ] = False,
    data: Annotated[
        str | None, typer.Option(help="Only these data sets of the plan, separated by commas: what to cut first.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            help="Only this part, in a folder of its own; connectivity has observation and confirmation, groups rest."
        ),
    ] = None,
    so_far: Annotated[
        bool, typer.Option("--so-far", help="Train nothing more: conclude from the runs that are done.")
    ] = False,
    judge: Annotated[
        bool, typer.Option("--judge", help="Train nothing: judge and draw anew what the folder keeps in data/.")
    ] = False,
    join: Annotated[
        Path | None, typer.Option(help="With --judge: first add what was trained in that folder, of --only.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train what a paper trained, draw its figures, and say of each claim whether it holds; a report is written."""
    from gossamer.cli.outputs import require_folder
    from gossamer.files import write_atomically
    from gossamer.papers import paper_named
    from gossamer.reports.reproduction import reproduction_page
    from gossamer.studies import Loky

    parts = [name for name, asked in (("cut", cut), ("followup", followup), ("long", long)) if asked]
    if parts and not large:
        raise ValueError(f"--{parts[0]} is for the full size: give --large --{parts[0]}.")
    if quick + large + judge > 1 or so_far + judge > 1 or len(parts) > 1:
        raise ValueError(
            "--quick, --large and --judge exclude each other, and so do --so-far and --judge, and --cut, --followup "
            "and --long."
        )
    if (join is not None and not judge) or (only is not None and judge):
        raise ValueError("--join is for --judge, and --only is not.")
    size = "quick" if quick else " ".join(["large", *parts]) if large else "full"
    chosen = paper_named(paper)
    folder = require_folder(Path(paper) if out is None else out)
    _require_same_paper(folder, chosen)
    engine = None if so_far else Loky(workers or 0, threads=1)
    if judge:
        made = _judged(chosen, folder, join)
    else:
        made = _trained(_part(chosen, only), size, folder, engine, only=data, part=only, quiet=quiet)
    made.write(folder)
    write_atomically(folder / "report.html", reproduction_page(made).encode())
    _print(made)
    print()
    saved((folder / "report.html").resolve(), "open it in a browser", quiet=quiet)


def _part(paper: Paper, name: str | None) -> Paper:
    """The paper, of which a part alone is trained."""
    if name is None:
        return paper
    return replace(paper, reproduce=require_known(f"part of {paper.name}", name, paper.parts), so_far=None)


def _judged(paper: Paper, folder: Path, joined: Path | None) -> Reproduction:
    from gossamer.papers.joined import join
    from gossamer.papers.paper import Reproduction
    from gossamer.papers.record import Record

    if paper.again is None:
        raise ValueError(f"--judge is not for {paper.name}: a call without it measures nothing anew either.")
    record = (Record.read(folder) if joined is None else join(paper, folder, joined)).judged_now()
    return Reproduction(paper, record, paper.again(record.plan, folder))


def _trained(
    paper: Paper,
    size: str,
    folder: Path,
    engine: Engine | None,
    *,
    only: str | None,
    part: str | None,
    quiet: bool,
) -> Reproduction:
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.papers.paper import Reproduction
    from gossamer.papers.record import Record

    plan = _with_data(require_known("size", size, paper.plans), only)
    if engine is not None or paper.so_far is None:  # what is concluded from kept measurements needs no data
        _require_data(plan.data)
    studies: list[Study] = []
    command = f"gossamer reproduce {paper.name}" + ("" if size == "full" else "".join(f" --{e}" for e in size.split()))
    command += "" if only is None else f" --data {only}"
    command += "" if part is None else f" --only {part}"
    again = f"{command} --out {shlex.quote(str(folder))}"
    with stoppable(lambda: Stopped(again=again)):
        findings = _conclude(paper, plan, folder, studies, engine, quiet=quiet)
    record = Record.of(plan, studies, size=size, command=command, seconds=findings.seconds)
    return Reproduction(paper, record, findings, tuple(studies))


def _with_data(plan: Any, only: str | None) -> Any:
    """The plan with some of its data sets, in its own order."""
    if only is None:
        return plan
    known = {name: name for name in plan.data}
    wanted = [require_known("data set of this plan", name.strip(), known) for name in only.split(",")]
    return replace(plan, data=tuple(name for name in plan.data if name in wanted))


def _conclude(
    paper: Paper, plan: Any, folder: Path, studies: list[Study], engine: Engine | None, *, quiet: bool
) -> Findings:
    from gossamer.cli.progress import watching
    from gossamer.errors import StudyError
    from gossamer.studies import Study

    def train(name: str, runs: Sequence[Run]) -> Study:
        study = Study(name, runs, folder / "studies" / name.replace(" ", "-"), measures=())
        studies.append(study)
        if engine is None:
            if not any(each.count_done() for each in studies):
                raise StudyError(f"{study.folder} holds no finished run yet; leave out --so-far to train.")
            return study
        with watching(name, workers=engine.workers, quiet=quiet) as watch:
            execution = study.execute(engine, on_round=watch)
        if execution.busy:
            raise StudyError(
                f"{len(execution.busy)} runs of {name} are at work in another process; call again when it has ended."
            )
        if execution.failed and not (execution.done or execution.skipped):
            raise StudyError(f"no run of {name} came to its end: {next(iter(execution.failed.values()))}")
        return study

    if engine is None and paper.so_far is not None:
        return paper.so_far(plan, folder)
    return paper.reproduce(plan, train, folder)


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


def _print(made: Reproduction) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", "data", "figure", "verdict", "estimates"):
        table.add_column(name)
    for judgement in made.findings.judgements:
        claim = judgement.claim
        estimates = "; ".join(f"{e.value:.4g} [{e.low:.3g}, {e.high:.3g}]" for e in claim.estimates)
        table.add_row(claim.key, claim.data, claim.exhibit, judgement.verdict.value, estimates)
    Console().print(table, highlight=False)
