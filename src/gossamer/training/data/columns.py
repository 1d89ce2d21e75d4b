"""Anybody's inputs as an array of examples: tables, images, nested lists, tensors, sparse matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 2**33
_CHANNELS = (1, 3, 4)

RowName = Callable[[int], str]
"""What the reader calls a row: "row 3" of an array, "line 5" of a file."""


class Inputs(NamedTuple):
    """Inputs (N, I), uint8 or float32, and the shape of one before it was flattened."""

    values: NDArray[Any]
    shape: tuple[int, ...]


def row_of_array(row: int) -> str:
    """Rows of arrays count from 0."""
    return f"row {row}"


def as_array(values: Any) -> NDArray[Any]:
    """Nested lists, arrays and tensors (wherever they are, with gradients or not) as an array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"rows of different lengths make no array: {error}.") from None


def inputs_of(values: Any, *, row_name: RowName = row_of_array) -> Inputs:
    """Read inputs of any of these kinds.

    Args:
        values: a pandas DataFrame of numbers, a scipy sparse matrix (which becomes dense), or whatever NumPy makes an
            array of: (N, I), or images (N, H, W), (N, C, H, W) or bytes (N, H, W, C) with 1, 3 or 4 channels.
        row_name: how errors call a row.

    Raises:
        ValueError: no example, missing values, text, or shapes that do not fit: the message names column and row.
        TypeError: inputs that are no numbers.
    """
    import scipy.sparse

    if hasattr(values, "columns") and hasattr(values, "iloc"):
        array = _of_table(values, row_name)
    elif scipy.sparse.issparse(values):
        array = _of_sparse(values)
    else:
        array = as_array(values)
    if array.ndim < 2 or 0 in array.shape:
        raise ValueError(
            f"inputs has shape {array.shape}; it must be (N, I) or (N, channels, height, width), not empty."
        )
    array = _channels_first(array)
    flat = as_numbers(array.reshape(len(array), -1), row_name)
    return Inputs(flat, array.shape[1:])


def column_names(values: Any) -> tuple[str, ...]:
    """Of a pandas DataFrame; nothing else has any."""
    return tuple(map(str, values.columns)) if hasattr(values, "columns") and hasattr(values, "iloc") else ()


def chosen_columns(table: Any, names: tuple[str, ...]) -> Any:
    """These columns of a pandas DataFrame, in this order; others are left out.

    Raises:
        ValueError: one of them is not there.
    """
    places = {name: place for place, name in enumerate(column_names(table))}
    missing = [name for name in names if name not in places]
    if missing:
        raise ValueError(f"there is no column {missing[0]!r}, which the network reads; there are {', '.join(places)}.")
    return table.iloc[:, [places[name] for name in names]]


def as_numbers(array: NDArray[Any], row_name: RowName) -> NDArray[Any]:
    """(N, I) as uint8 or float32; the first entry that is missing or no number is named."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "biuf":
        array = _parsed(array, row_name)
    values = array.astype(np.float32)
    wrong = ~np.isfinite(values)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(_told(array[row, column], f"column {column}", row_name(int(row))))
    return values


def _parsed(array: NDArray[Any], row_name: RowName) -> NDArray[np.float64]:
    if array.dtype.kind not in "OUS":
        raise TypeError(f"inputs has dtype {array.dtype}; numbers are needed.")
    values = np.empty(array.shape)
    for (row, column), value in np.ndenumerate(array):
        try:
            values[row, column] = value
        except (TypeError, ValueError):
            raise ValueError(_told(value, f"column {column}", row_name(row))) from None
    return values


def _of_table(table: Any, row_name: RowName) -> NDArray[np.float32]:
    """(N, columns) of a pandas DataFrame."""
    if 0 in table.shape:
        raise ValueError(f"the table has {table.shape[0]} rows and {table.shape[1]} columns of inputs; it is empty.")
    found: NDArray[np.float32] = np.stack([_column(name, each, row_name) for name, each in _columns(table)], axis=1)
    return found


def _columns(table: Any) -> Iterator[tuple[str, Any]]:
    for place, name in enumerate(table.columns):
        yield str(name), table.iloc[:, place]


def _column(name: str, column: Any, row_name: RowName) -> NDArray[np.float32]:
    import pandas

    types = pandas.api.types
    if types.is_datetime64_any_dtype(column) or types.is_timedelta64_dtype(column):
        raise ValueError(
            f"column {name!r} holds times; leave it out, or make numbers of it, such as days since a date."
        )
    numbers = pandas.to_numeric(column, errors="coerce").astype("float64").to_numpy(na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if not len(wrong):
        return np.asarray(numbers, np.float32)
    row = int(wrong[0])
    text = [place for place in wrong if isinstance(column.iloc[place], str)]
    if 2 * len(text) > len(column):
        raise ValueError(
            f"column {name!r} holds text, {column.iloc[text[0]]!r} in {row_name(int(text[0]))}; leave it out "
            "(drop=), or make columns of 0 and 1 of it (pandas.get_dummies)."
        )
    raise ValueError(_told(column.iloc[row], f"column {name!r}", row_name(row)))


def _told(value: Any, column: str, row: str) -> str:
    if isinstance(value, (str, bytes)):
        return f"{column}, {row}, is {value!r}, which is no number; mend it, or leave the column or the row out."
    try:
        infinite = bool(np.isinf(value))
    except TypeError:
        infinite = False
    if infinite:
        return f"{column}, {row}, is {value}; inputs must be finite: leave the row out, or put a number there."
    return (
        f"{column}, {row}, is missing ({value}); put a number there (such as the column's mean), or leave the row out."
    )


def _of_sparse(matrix: Any) -> NDArray[Any]:
    needed = 4 * matrix.shape[0] * matrix.shape[1]
    if needed > MOST_BYTES:
        raise ValueError(
            f"a sparse matrix of {matrix.shape[0]} x {matrix.shape[1]} needs {needed / 2**30:.0f} GiB as the dense "
            f"array that batches are taken from; {MOST_BYTES / 2**30:.0f} are allowed: take fewer columns or rows."
        )
    dense: NDArray[Any] = matrix.astype(np.float32).toarray()
    return dense


def _channels_first(array: NDArray[Any]) -> NDArray[Any]:
    """Images as (N, C, H, W); bytes with the channels last, as pictures are read, are turned."""
    if array.ndim == 3 and array.dtype == np.uint8:
        return array[:, None]
    last = array.ndim == 4 and array.shape[-1] in _CHANNELS and array.shape[1] not in _CHANNELS
    if last and array.dtype == np.uint8:
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    return array
