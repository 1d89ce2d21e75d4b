"""`gossamer measure`: numbers of topologies, side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.cli import completions

if TYPE_CHECKING:
    from gossamer.measures import Measured

_SHORT = (
    "num_edges",
    "density",
    "storage_bytes",
    "components",
    "dead_inputs",
    "dead_outputs",
    "fan_in_cv",
    "fan_out_cv",
    "log_effective_paths",
    "algebraic_connectivity",
    "spectral_gap",
    "second_singular_value",
    "ramanujan_margin",
    "neural_persistence",
    "weight_variance",
)


EXAMPLE = "gossamer measure fibonacci:784x300:8 regular_random:784x300:8"


def measure(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Topology files, checkpoints, run folders, zoo:NAME, or constructions such as fibonacci:784x300:8 "
            "(degree last)."
        ),
    ],
    every: Annotated[bool, typer.Option("--all", help="Take every measure there is.")] = False,
    only: Annotated[
        str, typer.Option(help="Take these measures, separated by commas.", autocompletion=completions.measures)
    ] = "",
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Skip nothing for its size.")] = False,
    seed: Annotated[int, typer.Option(help="Decides the random constructions.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Measure each layer of each source, and the whole network; say what was too large and skipped."""
    from gossamer.cli.networks import load
    from gossamer.measures import MEASURES, measure_all

    if as_json and as_csv:
        raise ValueError("--json and --csv exclude each other.")
    if every and only:
        raise ValueError("--all and --only exclude each other.")
    chosen = tuple(MEASURES) if every else tuple(only.split(",")) if only else _SHORT
    rows: list[tuple[str, Measured]] = []
    for word in sources:
        source = load(word, seed=seed)
        entries = measure_all(source.topology, source.weights, names=chosen, limits=not no_limits)
        rows += [(source.name, entry) for entry in entries]
        _say_what_needs_weights(source.name, chosen, source.weights, said=bool(only))
    (_print_json if as_json else _print_csv if as_csv else _print_table)(rows)


def _say_what_needs_weights(name: str, chosen: tuple[str, ...], weights: Any, *, said: bool) -> None:
    from gossamer.measures import MEASURES

    missing = [measure for measure in chosen if MEASURES[measure].needs_weights]
    if said and missing and weights is None:
        raise ValueError(f"{name} has no weights: {', '.join(missing)} need them.")


def _records(rows: list[tuple[str, Measured]]) -> list[dict[str, Any]]:
    """Rows for files: what is undefined is empty, with the reason; infinite numbers are words, for JSON has none."""
    return [
        {
            "source": source,
            "scope": entry.scope,
            "measure": entry.measure,
            "value": _portable(entry.value),
            "skipped": "undefined" if entry.value is not None and math.isnan(entry.value) else entry.skipped,
        }
        for source, entry in rows
    ]


def _portable(value: float | int | None) -> float | int | str | None:
    if value is None or isinstance(value, int) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _print_json(rows: list[tuple[str, Measured]]) -> None:
    import json

    print(json.dumps(_records(rows), indent=1, allow_nan=False))


def _print_csv(rows: list[tuple[str, Measured]]) -> None:
    import csv
    import sys

    writer = csv.DictWriter(sys.stdout, ["source", "scope", "measure", "value", "skipped"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(_records(rows))


def _print_table(rows: list[tuple[str, Measured]]) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = list(dict.fromkeys((source, entry.scope) for source, entry in rows))
    cells = {(source, entry.scope, entry.measure): _shown(entry) for source, entry in rows}
    table = Table(box=None)
    table.add_column("measure", no_wrap=True)
    for source, scope in columns:
        table.add_column(f"{source}\n{scope}", justify="right", overflow="fold")
    for name in dict.fromkeys(entry.measure for _, entry in rows):
        table.add_row(name, *(cells.get((*column, name), "") for column in columns))
    console = Console()
    if not console.is_terminal:
        console.width = 10_000  # a file or a pipe has no edge to wrap at
    console.print(table, highlight=False)
    for source, entry in rows:
        if entry.skipped is not None:
            console.print(f"skipped {entry.measure} of {source}, {entry.scope}: {entry.skipped}", highlight=False)


def _shown(entry: Measured) -> str:
    if entry.value is None:
        return "skipped"
    if isinstance(entry.value, int):
        digits = entry.value if abs(entry.value) < 10**15 else None
        return str(digits) if digits is not None else f"about 1e{(entry.value.bit_length() - 1) * math.log10(2):.0f}"
    return "undefined" if math.isnan(entry.value) else f"{entry.value:.5g}"
