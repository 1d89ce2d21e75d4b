"""`gossamer demo`: every construction on the digits, side by side, and a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gossamer.studies.comparison import Comparison, Trial

CONSTRUCTIONS = (
    "erdos_renyi",
    "regular_random",
    "constant_fan_in",
    "rotating_random",
    "rotating_regular",
    "fibonacci",
    "rotating_contiguous",
    "rotating_even",
)
"""The seven of the 2017 paper, and constant fan-in."""


def demo(
    out: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("report.html"),
    degrees: Annotated[str, typer.Option(help="Edges of an input, separated by commas.")] = "2,6,16",
    hidden: Annotated[str, typer.Option(help="Neurons of the hidden layers, separated by commas.")] = "64,64",
    seeds: Annotated[int, typer.Option(help="How many, from 0.")] = 3,
    epochs: Annotated[int, typer.Option(help="Passes over the training examples.")] = 20,
    threads: Annotated[int, typer.Option(help="Threads of PyTorch; nets this small want one.")] = 1,
) -> None:
    """Train every construction and the dense net on the digits at equal edges, print a table, write a report."""
    from gossamer.cli.outputs import require_writable
    from gossamer.files import write_atomically
    from gossamer.generators import named
    from gossamer.reports.comparison import comparison_page
    from gossamer.studies.comparison import Comparison
    from gossamer.studies.plan import names
    from gossamer.training import Adam, Config
    from gossamer.training.data import load

    require_writable(out)
    names.use_threads(threads)
    comparison = Comparison(
        data=load("digits"),
        families={name: named(name) for name in CONSTRUCTIONS},
        degrees=names.numbers("degrees", degrees),
        seeds=tuple(range(seeds)),
        hidden=names.numbers("hidden", hidden),
        config=Config(epochs=epochs, optimizer=Adam(lr=0.01), validation=0.0),
    )
    trials = _train(comparison)
    write_atomically(out, comparison_page(comparison, trials).encode())
    _print_table(trials)
    print(f"\nreport: {out.resolve()}")


def _train(comparison: Comparison) -> list[Trial]:
    from rich.console import Console
    from rich.progress import track

    trials = track(comparison.trials(), "training", total=len(comparison), console=Console(stderr=True))
    return list(trials)


def _print_table(trials: Sequence[Trial]) -> None:
    from rich.console import Console
    from rich.table import Table

    from gossamer.studies.comparison import summarise

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("construction", no_wrap=True)
    for name in ("degree", "edges", "bytes", "λ₂", "accuracy, %", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for summary in summarise(trials):
        first = summary.first
        table.add_row(
            first.construction,
            "" if first.degree is None else str(first.degree),
            str(first.edges),
            str(first.model_bytes),
            f"{summary.connectivity:.3f}",
            f"{100 * summary.accuracy:.2f} ± {100 * summary.spread:.2f}",
            f"{summary.seconds:.2f}",
        )
    Console().print(table, highlight=False)
