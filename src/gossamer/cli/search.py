"""`gossamer search`: the best topology, as far as so many candidates tell."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gossamer.cli.endings import Quiet, call, saved

EXAMPLE = "gossamer search my-study/study.toml --prescreen spectral_gap --quantile 0.3"


def search(
    file: Annotated[Path, typer.Argument(help="A study file: its topologies are choices, its degrees span a range.")],
    trials: Annotated[int, typer.Option(help="Candidates in all, with those of earlier calls.")] = 20,
    out: Annotated[Path | None, typer.Option(help="The folder; named as the file with -search if not given.")] = None,
    prescreen: Annotated[str | None, typer.Option(help="A measure that candidates must be high in.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Its least value.")] = None,
    quantile: Annotated[float | None, typer.Option(help="Or: the share of the candidates so far to lie below.")] = None,
    seed: Annotated[int, typer.Option(help="Of the proposals.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes for a candidate's seeds; 1 is this one.")] = 1,
    quiet: Quiet = False,
) -> None:
    """Search topologies with Optuna; called again it goes on."""
    from gossamer.cli.progress import say_how_long
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.studies import InProcess, Loky
    from gossamer.studies.plan.grid import runs
    from gossamer.studies.plan.study_file import read
    from gossamer.studies.search import Prescreen, Search, Trial

    if prescreen is None and (threshold is not None or quantile is not None):
        raise ValueError("a threshold or quantile needs --prescreen, the measure that it is of.")
    screen = None if prescreen is None else Prescreen(prescreen, threshold, quantile)
    folder = Path(f"{file.stem}-search") if out is None else out
    work = Search(read(file), folder, trials, screen, seed)

    def tell(trial: Trial) -> None:
        said = trial.reason if trial.value is None else f"{100 * trial.value:.2f} % on the examples held out"
        if not quiet:
            print(f"{trial.number}: {_called(trial.labels)}: {said}", flush=True)

    with stoppable(Stopped):
        if not quiet:
            every = itertools.cycle(runs(work.plan))
            say_how_long(list(itertools.islice(every, trials * len(work.plan.seeds))), workers=workers)
        found = work.execute(InProcess() if workers == 1 else Loky(workers), on_trial=tell)
    trained = [trial for trial in found if trial.value is not None]
    print(f"\n{len(found)} candidates, {len(trained)} trained.")
    if trained:
        best = max(trained, key=lambda trial: trial.value or 0.0)
        print(f"best: {_called(best.labels)}: {100 * (best.value or 0.0):.2f} % on the examples held out")
        saved(folder, call("report", folder, "-o", "report.html"), quiet=quiet)


def _called(labels: Mapping[str, object]) -> str:
    from gossamer.cli.cells import cell

    return ", ".join(f"{name} {cell(labels[name])}" for name in ("topology", "degree", "density") if name in labels)
