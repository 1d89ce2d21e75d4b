"""`gossamer demo`: every construction on the digits, side by side, and a report."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.cli.endings import Quiet, saved

if TYPE_CHECKING:
    from gossamer.studies import Run, Study
    from gossamer.training import Config

CONSTRUCTIONS = (
    "erdos_renyi",
    "regular_random",
    "constant_fan_in",
    "rotating_random",
    "rotating_regular",
    "fibonacci",
    "rotating_contiguous",
    "rotating_even",
    "narrow",
)
"""The seven of the 2017 paper, constant fan-in, and what everybody omits: a dense net of as many edges."""

MEASURES = ("algebraic_connectivity", "components", "dead_inputs", "dead_outputs")


EXAMPLE = "gossamer demo --degrees 4,16 --seeds 5 --keep runs/demo"


def demo(
    out: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("report.html"),
    degrees: Annotated[str, typer.Option(help="Edges of an input, separated by commas.")] = "2,6,16",
    hidden: Annotated[str, typer.Option(help="Neurons of the hidden layers, separated by commas.")] = "64,64",
    seeds: Annotated[int, typer.Option(help="How many, from 0.")] = 3,
    epochs: Annotated[int, typer.Option(help="Passes over the training examples.")] = 20,
    threads: Annotated[int, typer.Option(help="Threads of PyTorch; nets this small want one.")] = 1,
    keep: Annotated[
        Path | None, typer.Option(help="A folder that keeps the runs, so that a demo that was stopped goes on.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train every construction on the digits, dense nets as wide and of equal edges; print a table, write a report."""
    from gossamer.cli.outputs import require_writable
    from gossamer.cli.progress import watching
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.errors import StudyError
    from gossamer.files import write_atomically
    from gossamer.reports.study import study_page
    from gossamer.studies import InProcess

    require_writable(out)
    with _folder(keep) as folder:
        study = _study(folder, degrees, hidden, seeds, epochs)

        def stopped() -> Stopped:
            lost = "" if keep else "Nothing is kept of it: with --keep FOLDER the same call goes on."
            return Stopped(f"with {study.count_done()} of {len(study)} networks trained", lost=lost)

        with stoppable(stopped), watching("training", quiet=quiet) as watch:
            execution = study.execute(InProcess(threads), on_round=watch)
        for cause in execution.failed.values():
            raise StudyError(cause)
        write_atomically(out, study_page(study).encode())
        _print_table(study)
    print()
    saved(out.resolve(), "open it in a browser, then: gossamer new my-study", quiet=quiet)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    from gossamer.cli.outputs import require_folder

    if keep is not None:
        yield require_folder(keep)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _study(folder: Path, degrees: str, hidden: str, seeds: int, epochs: int) -> Study:
    """Seed by seed, so that a drift of the machine meets all networks alike."""
    from gossamer.studies import Study
    from gossamer.studies.plan import names
    from gossamer.studies.plan.constructions import DENSE
    from gossamer.training import Adam, Config

    axes = {"degrees": names.numbers("degrees", degrees), "hidden": names.numbers("hidden", hidden)}
    for name, values in {**axes, "seeds": range(seeds)}.items():
        if not values:
            raise ValueError(f"{name} is empty; at least one is needed.")
    config = Config(epochs=epochs, optimizer=Adam(lr=0.01), validation=0.0)
    sparse = [(name, degree) for degree in axes["degrees"] for name in CONSTRUCTIONS]
    networks = [(DENSE, None), *sparse]
    for each in networks:
        _require_feasible(_run(*each, axes["hidden"], config, 0))
    runs = [_run(*each, axes["hidden"], config, seed) for seed in range(seeds) for each in networks]
    return Study("Sparse topologies on the digits", runs, folder, measures=MEASURES)


def _run(construction: str, degree: int | None, hidden: tuple[int, ...], config: Config, seed: int) -> Run:
    """A degree k is k edges of each input of a hidden junction, whatever the construction; the last one is full."""
    from gossamer.studies import Architecture, Experiment, Run
    from gossamer.studies.plan import names
    from gossamer.studies.plan.constructions import NARROW
    from gossamer.studies.plan.narrow import narrow
    from gossamer.studies.run import dataset

    data, slim = dataset("digits"), construction == NARROW
    widths = (data.num_features, *hidden[:-1])
    edges = tuple(None if degree is None else degree * width for width in widths)
    wide = Architecture(names.family("erdos_renyi" if slim else construction), hidden, (*edges, None))
    architecture = narrow(wide, data) if slim else wide
    labels = {"topology": construction, "degree": degree, "seed": seed}
    return Run(Experiment(architecture, config, seed), "digits", labels)


def _require_feasible(run: Run) -> None:
    """Refuse a network that cannot be made before the others are trained, not after them."""
    from gossamer.errors import without_topology_warnings
    from gossamer.studies.run import dataset

    with without_topology_warnings():
        run.experiment.architecture.topology(dataset(run.data), seed=run.experiment.seed)


def _print_table(study: Study) -> None:
    """Means over seeds, the dense network first, then by degree."""
    from rich.console import Console
    from rich.table import Table

    from gossamer.analysis.groups import Results

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("construction", no_wrap=True)
    for name in ("degree", "edges", "bytes", "λ₂", "accuracy, %", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for group in Results(study.frame(), ("topology", "degree", "seed")).groups:
        table.add_row(
            group.name,
            "" if group.dense else f"{group.place('degree'):.0f}",
            f"{group.mean('edges'):.0f}",
            f"{group.mean('model_bytes'):.0f}",
            f"{group.mean('algebraic_connectivity'):.3f}",
            f"{100 * group.mean('accuracy'):.2f} ± {100 * group.deviation('accuracy'):.2f}",
            f"{group.mean('seconds'):.2f}",
        )
    Console().print(table, highlight=False)
