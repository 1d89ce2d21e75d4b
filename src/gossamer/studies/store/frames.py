"""What a study's runs came to, as tables: pandas frames and SQL, straight from the files.

A run whose files are damaged is named in a `StudyWarning` and left out; the others are as they were.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import StudyError, StudyWarning
from gossamer.studies.store.epochs import COLUMNS
from gossamer.studies.store.result import NUMBERS, OF_NUMBERS, read_result
from gossamer.studies.store.run_folder import RunFolder
from gossamer.studies.store.study_folder import ListedRun, runs_folder

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def frame(folder: Path, runs: Sequence[ListedRun]) -> pd.DataFrame:
    """One row a run.

    Columns: `run` (digest), `state` (`done`, `failed`, `waiting`, or `damaged`: its result cannot be read), the labels,
    `accuracy` and `loss` (test), `rmse`, `mae` and `r2` where numbers are told, `validation_accuracy`, `best_epoch`,
    `edges`, `epochs`, `seconds`, `model_bytes`, `topology_bytes`, the measures by name, `error`. Missing values are NaN
    or None.
    """
    import pandas as pd

    rows = [_row(run, RunFolder(runs_folder(folder) / run.digest)) for run in runs]
    labels = list(dict.fromkeys(name for run in runs for name in run.labels))
    told = [name for name in OF_NUMBERS if any(row.get(name) is not None for row in rows)]
    named = ["run", "state", *labels, "accuracy", "loss", *told, *NUMBERS]
    measures = [
        name
        for name in dict.fromkeys(name for row in rows for name in row)
        if name not in (*named, *OF_NUMBERS, "error")
    ]
    table = pd.DataFrame(rows, columns=[*named, *measures, "error"])
    for name in labels:  # whole numbers stay whole beside None
        table[name] = pd.Series([row.get(name) for row in rows], dtype=_label_type(rows, name))
    numbers = ["accuracy", "loss", *told, *NUMBERS, *measures]
    table[numbers] = table[numbers].apply(pd.to_numeric)
    return table


def epochs(folder: Path, runs: Sequence[ListedRun]) -> pd.DataFrame:
    """One row an epoch: `run`, `epoch`, and the fields of `gossamer.training.Epoch`."""
    with _database(folder, runs) as database:
        return database.sql("SELECT * FROM epochs ORDER BY run, epoch").df()


def query(folder: Path, runs: Sequence[ListedRun], sql: str) -> pd.DataFrame:
    """The answer to a query over the tables `runs` (see `frame`) and `epochs`. Files stay as they are.

    Raises:
        StudyError: the query is not SQL, or names a table or column that does not exist.
    """
    import duckdb

    with _database(folder, runs) as database:
        table = frame(folder, runs)
        database.register("frame", table)
        database.execute("CREATE TABLE runs AS SELECT * FROM frame")
        database.execute("SET enable_external_access = false")
        try:
            _require_select(sql)
            answer = database.sql(sql)
            return answer.df()
        except duckdb.Error as error:
            raise StudyError(f"{sql!r} cannot be answered: {str(error).splitlines()[0]}") from error


def _require_select(sql: str) -> None:
    """Refuse what would change tables, or is not one statement: its answer would look like one of the study's."""
    import duckdb

    statements = duckdb.extract_statements(sql)
    kinds = [statement.type for statement in statements]
    if not kinds:
        raise StudyError(f"{sql!r} has no answer; a select has one.")
    if len(kinds) > 1:
        raise StudyError(f"{sql!r} has {len(kinds)} statements; a query is one select.")
    if kinds[0] not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise StudyError(f"{sql!r} is a {kinds[0].name.lower()}, and cannot be answered; a query is one select.")


def _label_type(rows: Sequence[dict[str, Any]], name: str) -> type | None:
    return object if any(row.get(name) is None for row in rows) else None


def _row(run: ListedRun, folder: RunFolder) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.digest, "state": folder.state, **run.labels}
    try:
        if row["state"] == "done":
            result = read_result(folder)
            row |= {"accuracy": result["test"]["accuracy"], "loss": result["test"]["loss"], "error": None}
            row |= {name: result["test"].get(name) for name in OF_NUMBERS}
            row |= {name: result[name] for name in NUMBERS} | result["measures"]
        elif row["state"] == "failed":
            row["error"] = "{}: {}".format(*folder.read_failure())
    except (StudyError, OSError) as error:
        _warn(run.digest, error)
        row |= {"state": "damaged" if row["state"] == "done" else row["state"], "error": str(error)}
    return row


def _database(folder: Path, runs: Sequence[ListedRun]) -> duckdb.DuckDBPyConnection:
    """A database in memory with the table `epochs`."""
    import duckdb

    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    named = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    database.execute(f"CREATE TABLE epochs (run VARCHAR, {named})")
    folders = (RunFolder(runs_folder(folder) / run.digest) for run in runs)
    whole = [each for each in folders if each.epochs.exists() and _is_whole(each)]
    try:
        _insert(database, [each.epochs for each in whole])
    except duckdb.Error:  # one by one, to find whose file it is
        for each in whole:
            try:
                _insert(database, [each.epochs])
            except duckdb.Error as error:
                _warn(each.name, f"{each.epochs} is damaged: {str(error).splitlines()[0]}")
    return database


def _insert(database: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> None:
    if paths:
        columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in COLUMNS.items())
        source = f"SELECT parse_path(filename)[-2], {columns} FROM read_parquet($paths, filename = true)"
        database.execute(f"INSERT INTO epochs {source}", {"paths": [str(path) for path in paths]})


def _is_whole(folder: RunFolder) -> bool:
    """Whether the epochs are those that the run wrote, as far as its result says."""
    try:
        folder.require_whole(folder.epochs)
    except (StudyError, OSError) as error:
        _warn(folder.name, error)
        return False
    return True


def _warn(run: str, why: object) -> None:
    warnings.warn(f"run {run} is left out: {why}", StudyWarning, stacklevel=2)
