"""`gossamer query`: SQL over a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd


EXAMPLE = 'gossamer query runs "select topology, avg(accuracy) from runs group by all"'


def query(
    study: Annotated[Path, typer.Argument(help="A study's folder.")],
    sql: Annotated[str, typer.Argument(help="A select over the tables runs and epochs, in DuckDB's SQL.")],
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON list of objects.")] = False,
) -> None:
    """Ask a study: tables runs (labels, accuracy, measures, ...) and epochs."""
    from gossamer.studies import Study

    if csv and json:
        raise ValueError("--csv contradicts --json: give one of them.")
    answer = Study.open(study).query(sql)
    if csv:
        print(answer.to_csv(index=False), end="")
    elif json:
        print(answer.to_json(orient="records", double_precision=15))
    else:
        _print(answer)


_WIDEST = 100_000


def _print(answer: pd.DataFrame) -> None:
    """A table as wide as it needs to be: no number is cut off."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from gossamer.cli.cells import cell

    table = Table(*(escape(str(name)) for name in answer.columns))
    for row in answer.itertuples(index=False):
        table.add_row(*(Text(cell(value)) for value in row))
    needed = Console(width=_WIDEST).measure(table).maximum
    Console(width=max(needed, 20), soft_wrap=True).print(table)
