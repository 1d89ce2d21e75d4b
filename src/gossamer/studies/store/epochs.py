"""A run's epochs as a parquet file, one row an epoch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.files import write_atomically

if TYPE_CHECKING:
    from gossamer.training import Epoch

COLUMNS = {
    "epoch": "BIGINT",
    "loss": "DOUBLE",
    "accuracy": "DOUBLE",
    "validation_loss": "DOUBLE",
    "validation_accuracy": "DOUBLE",
    "seconds": "DOUBLE",
    "edges": "BIGINT",
}
"""Names and types: the fields of `gossamer.training.Epoch`, whose `number` is `epoch` here."""


def write_epochs(path: Path, epochs: Iterable[Epoch]) -> None:
    """Write the epochs so far, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    write_atomically(path, _parquet([tuple(asdict(epoch).values()) for epoch in epochs]))


def _parquet(rows: list[tuple[float, ...]]) -> bytes:
    import duckdb

    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as database:
        path = Path(folder) / "epochs.parquet"
        database.execute(f"CREATE TABLE epochs ({columns})")
        database.executemany(f"INSERT INTO epochs VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        database.execute("COPY epochs TO ? (FORMAT parquet)", [str(path)])
        return path.read_bytes()
