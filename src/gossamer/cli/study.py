"""`gossamer study`: a grid of runs that loses nothing."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.cli.endings import Quiet, call, saved

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.studies import Engine, Execution, Study

EXAMPLE = "gossamer study my-study/study.toml --out my-study/runs"

_SHOWN = 10


def study(
    file: Annotated[Path, typer.Argument(help="A study file; `gossamer new` makes one.")],
    out: Annotated[Path | None, typer.Option(help="The study's folder; named as the file if not given.")] = None,
    engine: Annotated[str, typer.Option(help="loky (processes here), ray, dask, or sequential.")] = "loky",
    address: Annotated[str | None, typer.Option(help="Of a Ray or Dask cluster; one is started here if none.")] = None,
    workers: Annotated[int, typer.Option(help="Runs at once; 0 for one a processor.")] = 0,
    threads: Annotated[int, typer.Option(help="Threads of a run; 0 to share the processors out.")] = 0,
    tensorboard: Annotated[bool, typer.Option(help="Write TensorBoard's events into FOLDER/tensorboard.")] = False,
    quiet: Quiet = False,
) -> None:
    """Carry out a study; called again it goes on, skips what is done, and retries what failed."""
    from gossamer.cli.outputs import require_folder
    from gossamer.cli.progress import watching
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.studies import Study

    chosen = _engine(engine, address, workers, threads)
    folder = Path(file.stem) if out is None else out
    work = Study.load(file, folder=folder)
    require_folder(folder)
    again = shlex.join(["gossamer", "study", str(file), "--out", str(folder)])
    with (
        stoppable(lambda: Stopped(f"with {work.count_done()} of {len(work)} runs done", again=again)),
        watching(work.name, workers=chosen.workers, quiet=quiet) as watch,
    ):
        execution = work.execute(chosen, tensorboard=tensorboard, on_round=watch)
    _conclude(work, execution)
    query = '"select topology, avg(accuracy) from runs group by topology"'
    ways = (call("report", folder, "-o", "report.html"), f"{call('query', folder)} {query}")
    saved(folder, *ways, quiet=quiet)
    if execution.failed:
        raise typer.Exit(1)


def _engine(name: str, address: str | None, workers: int, threads: int) -> Engine:
    from collections.abc import Callable

    from gossamer.errors import require_int, require_known
    from gossamer.studies import Dask, InProcess, Loky, Ray

    require_int("workers", workers, low=0, high=1024)
    require_int("threads", threads, low=0, high=1024)
    known: dict[str, Callable[[], Engine]] = {
        "loky": lambda: Loky(workers, threads),
        "ray": lambda: Ray(address, workers, threads or 1),
        "dask": lambda: Dask(address, workers, threads or 1),
        "sequential": lambda: InProcess(threads or None),
    }
    make = require_known("engine", name, known)
    if address is not None and name not in ("ray", "dask"):
        raise ValueError(f"address={address} is not allowed for {name}: only ray and dask have one.")
    return make()


def _conclude(work: Study, execution: Execution) -> None:
    frame = work.frame()
    _print_best(frame)
    said = {
        "done": len(execution.done),
        "done before": len(execution.skipped),
        "failed": len(execution.failed),
        "at work in another process": len(execution.busy),
    }
    _say("\n" + ", ".join(f"{count} {what}" for what, count in said.items() if count) + f" of {len(work)} runs.")
    for _, row in frame[frame["state"] == "failed"].iterrows():
        _say(f"failed: {_called(row, frame)}: {' '.join(str(row['error']).split())}")
    for reason in sorted(set(others := list(work.others().values()))):
        _say(f"{others.count(reason)} finished runs in {work.folder} are of {reason}: kept, but left out.")


def _print_best(frame: pd.DataFrame) -> None:
    """The best runs, seeds together."""
    from rich.console import Console
    from rich.table import Table

    from gossamer.cli.cells import cell

    done = frame[frame["state"] == "done"]
    if done.empty:
        return
    axes = [name for name in _axes(frame) if name != "seed"]
    groups = done.groupby(axes, dropna=False)["accuracy"].agg(["mean", "std", "count"])
    table = Table(*axes, title=f"the best of {len(groups)}: accuracy on the test examples")
    for name in ("mean", "deviation", "runs"):
        table.add_column(name, justify="right")
    for labels, row in groups.sort_values("mean", ascending=False).head(_SHOWN).iterrows():
        words = map(cell, labels if isinstance(labels, tuple) else (labels,))
        spread = f"{100 * row['std']:.2f}" if row["count"] > 1 else ""
        table.add_row(*words, f"{100 * row['mean']:.2f} %", spread, f"{row['count']:.0f}")
    Console().print(table)


def _axes(frame: pd.DataFrame) -> list[str]:
    """The labels' columns: they stand between the state and the accuracy."""
    names = list(frame.columns)
    return names[names.index("state") + 1 : names.index("accuracy")]


def _called(row: pd.Series, frame: pd.DataFrame) -> str:
    """The run's labels, in one line."""
    from gossamer.cli.cells import cell

    return ", ".join(f"{name} {cell(row[name])}" for name in _axes(frame) if cell(row[name]))


def _say(text: str) -> None:
    print(text, flush=True)
