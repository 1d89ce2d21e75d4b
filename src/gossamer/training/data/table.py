"""A data set out of a table in a text file."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from numpy.typing import NDArray

from gossamer.errors import DataFileError, require_known
from gossamer.training.data.arrays import Options, from_arrays
from gossamer.training.data.columns import chosen_columns, inputs_of

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
USUAL_TARGETS = ("target", "label", "class", "y")


def from_csv(
    path: str | os.PathLike[str],
    target: str | Sequence[str] | None = None,
    *,
    drop: Sequence[str] = (),
    **options: Unpack[Options],
) -> dict[str, Any]:
    """The arguments of a `Dataset` of a table with a header; ".csv", ".tsv", and either compressed.

    Args:
        path: of the file.
        target: the column to tell, or several of numbers; if None, the one called target, label, class or y.
        drop: columns to leave out.
        **options: see `gossamer.training.data.arrays.Options`.

    Raises:
        DataFileError: no table, missing values, text in number columns; the message names file, column and line.
        ValueError: no such column.
        OSError: there is no such file.
    """
    place = Path(path)
    table = _read(place)
    if table.shape[1] < 2:
        raise DataFileError(f"{place} has one column, {table.columns[0]!r}: inputs and a target are needed.")
    columns = {str(name): name for name in table.columns}
    targets = [target] if isinstance(target, str) else list(target or [_usual(columns, place)])
    for name in (*targets, *drop):
        require_known(f"column in {place.name}", name, columns)
    inputs = table.drop(columns=[columns[name] for name in (*targets, *drop)])
    labels = table[columns[targets[0]]] if len(targets) == 1 else table[[columns[name] for name in targets]]
    chosen: Options = {"name": place.name.split(".")[0], "source": place.name, **options}
    try:
        return from_arrays(inputs, labels, row_name=_line, **chosen)
    except (ValueError, TypeError) as error:
        raise DataFileError(f"{place}: {error}") from error


def inputs_from_csv(path: str | os.PathLike[str], features: tuple[str, ...] = ()) -> NDArray[Any]:
    """The inputs (N, I) in a table with a header, without answers.

    Args:
        path: of the file.
        features: the columns to read, in this order; others are left out. All of them if empty.

    Raises:
        DataFileError: no table, a column that is not there, missing values or text; the message names column and line.
        OSError: there is no such file.
    """
    place = Path(path)
    table = _read(place)
    try:
        chosen = chosen_columns(table, features) if features else table
        return inputs_of(chosen, row_name=_line).values
    except ValueError as error:
        raise DataFileError(f"{place}: {error}") from error


def _line(row: int) -> str:
    return f"line {row + 2}"


def _read(place: Path) -> Any:
    import pandas

    separator = "\t" if ".tsv" in place.suffixes else ","
    try:
        table = pandas.read_csv(place, sep=separator, skipinitialspace=True)
    except pandas.errors.EmptyDataError:
        raise DataFileError(f"{place} is empty; a table with a header is needed.") from None
    except (pandas.errors.ParserError, UnicodeDecodeError) as error:
        raise DataFileError(f"{place} is no table with a header: {_complaint(str(error))}.") from error
    return table


def _complaint(message: str) -> str:
    """What pandas says, in our words where it is a row of too many fields."""
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if found is None:
        return " ".join(message.split())
    needed, line, there = found.groups()
    return f"line {line} has {there} fields, and the lines before it {needed}; quote text that holds commas"


def _usual(columns: dict[str, Any], place: Path) -> str:
    found = [name for name in columns if name.lower() in USUAL_TARGETS]
    if len(found) != 1:
        raise DataFileError(
            f"{place}: name the column to tell, such as {place.name}:{list(columns)[-1]} (or target= in Python); "
            f"its columns are {', '.join(columns)}."
        )
    return found[0]
