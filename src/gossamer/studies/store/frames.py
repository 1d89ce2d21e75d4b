"""What a study's runs came to, as tables: pandas frames and SQL, straight from the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import StudyError
from gossamer.studies.store.run_folder import RunFolder, read_json
from gossamer.studies.store.study_folder import Entry, runs_folder

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_RESULTS = ("validation_accuracy", "best_epoch", "edges", "epochs", "seconds", "model_bytes", "topology_bytes")
_EPOCHS = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds", "edges")


def frame(folder: Path, entries: Sequence[Entry]) -> pd.DataFrame:
    """One row a run.

    Columns: `run` (digest), `state` (`done`, `failed`, `waiting`), the labels, `accuracy` and `loss` (test),
    `validation_accuracy`, `best_epoch`, `edges`, `epochs`, `seconds`, `model_bytes`, `topology_bytes`, the measures by
    name, `error`. What there is not, is NaN or None.
    """
    import pandas as pd

    rows = [_row(entry, RunFolder(runs_folder(folder) / entry.digest)) for entry in entries]
    labels = list(dict.fromkeys(name for entry in entries for name in entry.labels))
    named = ["run", "state", *labels, "accuracy", "loss", *_RESULTS]
    measures = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in (*named, "error")]
    table = pd.DataFrame(rows, columns=[*named, *measures, "error"])
    for name in labels:  # whole numbers stay whole beside None
        table[name] = pd.Series([row.get(name) for row in rows], dtype=_label_type(rows, name))
    numbers = ["accuracy", "loss", *_RESULTS, *measures]
    table[numbers] = table[numbers].apply(pd.to_numeric)
    return table


def epochs(folder: Path, entries: Sequence[Entry]) -> pd.DataFrame:
    """One row an epoch: `run`, `epoch`, and the fields of `gossamer.training.Epoch`."""
    with _database(folder, entries) as database:
        return database.sql("SELECT * FROM epochs ORDER BY run, epoch").df()


def query(folder: Path, entries: Sequence[Entry], sql: str) -> pd.DataFrame:
    """The answer to a query over the tables `runs` (see `frame`) and `epochs`. Files stay as they are.

    Raises:
        StudyError: the query is none, or names what there is not.
    """
    import duckdb

    with _database(folder, entries) as database:
        table = frame(folder, entries)
        database.register("frame", table)
        database.execute("CREATE TABLE runs AS SELECT * FROM frame")
        database.execute("SET enable_external_access = false")
        try:
            answer = database.sql(sql)
            if answer is None:
                raise StudyError(f"{sql!r} has no answer; a select has one.")
            return answer.df()
        except duckdb.Error as error:
            raise StudyError(f"{sql!r} cannot be answered: {str(error).splitlines()[0]}") from error


def _label_type(rows: Sequence[dict[str, Any]], name: str) -> type | None:
    return object if any(row.get(name) is None for row in rows) else None


def _database(folder: Path, entries: Sequence[Entry]) -> duckdb.DuckDBPyConnection:
    """A database in memory with the table `epochs`."""
    import duckdb

    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    columns = ", ".join(
        f"CAST({name} AS {'DOUBLE' if name not in ('epoch', 'edges') else 'BIGINT'}) AS {name}" for name in _EPOCHS
    )
    paths = [
        str(path)
        for path in (RunFolder(runs_folder(folder) / entry.digest).epochs for entry in entries)
        if path.exists()
    ]
    if paths:
        source = "read_parquet($paths, filename = true)"
        digest = "parse_path(filename)[-2]"
        database.execute(f"CREATE TABLE epochs AS SELECT {digest} AS run, {columns} FROM {source}", {"paths": paths})
        return database
    empty = ", ".join(f"NULL AS {name}" for name in _EPOCHS)
    database.execute(f"CREATE TABLE epochs AS SELECT '' AS run, {columns} FROM (SELECT {empty}) WHERE false")
    return database


def _row(entry: Entry, folder: RunFolder) -> dict[str, Any]:
    row: dict[str, Any] = {"run": entry.digest, "state": folder.state, **entry.labels}
    if row["state"] == "done":
        result = read_json(folder.result)
        row |= {"accuracy": result["test"]["accuracy"], "loss": result["test"]["loss"], "error": None}
        row |= {name: result[name] for name in _RESULTS} | result["measures"]
    elif row["state"] == "failed":
        failure = read_json(folder.failure)
        row["error"] = f"{failure['error']}: {failure['message']}"
    return row
