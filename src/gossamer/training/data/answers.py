"""Anybody's labels as class numbers, or as numbers to tell."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.training.data.columns import RowName, as_array, row_of_array

TASKS = ("classification", "regression")
SURELY_CLASSES = 100
EXAMPLES_OF_A_CLASS = 10


class Answers(NamedTuple):
    """Labels as `Examples` keeps them, with the names of the classes or of the numbers; one of these is empty."""

    labels: NDArray[Any]
    classes: tuple[str, ...]
    targets: tuple[str, ...]


def answers_of(values: Any, *, task: str | None = None, row_name: RowName = row_of_array) -> Answers:
    """Read labels: text, truth values, categories and whole numbers are classes; fractions are numbers to tell.

    Whole numbers are classes if there are at most 100 different ones, or ten examples of each on average; else numbers.
    Classes are in sorted order.

    Args:
        values: a pandas Series or DataFrame, an array, a list or a tensor: (N,), or (N, K) of numbers.
        task: "classification" or "regression", where the rule is not what is meant.
        row_name: how errors call a row.

    Raises:
        ValueError: missing labels, one class only, text where numbers are to be told; the message names the row.

    >>> answers_of(["no", "yes", "no"]).classes
    ('no', 'yes')
    >>> answers_of([0.5, 1.5]).targets
    ('target',)
    """
    if task not in (None, *TASKS):
        raise ValueError(f"task={task!r} is not known: {' or '.join(TASKS)} is.")
    names = tuple(str(name) for name in values.columns) if hasattr(values, "columns") else ()
    if not names and getattr(values, "name", None) is not None and hasattr(values, "iloc"):
        names = (str(values.name),)
    array = values.to_numpy() if hasattr(values, "to_numpy") else as_array(values)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"labels has shape {array.shape}; it must be (N,), or (N, K) of numbers to tell, not empty.")
    _require_present(array, names, row_name)
    several = len(names) > 1 and array.dtype.kind in "iuf"  # columns with names are no classes
    if task == "regression" or (task is None and (several or _are_numbers(array))):
        return _numbers(array, names)
    if array.ndim == 2:
        raise ValueError(
            f"labels has shape {array.shape}; classes are given as one label for each input. "
            'If these are numbers to tell, give task="regression".'
        )
    return _classes(array)


def _are_numbers(array: NDArray[Any]) -> bool:
    if array.dtype.kind == "f":
        return True
    if array.dtype.kind not in "iu":
        return False
    different = len(np.unique(array))
    return different > SURELY_CLASSES and len(array) < EXAMPLES_OF_A_CLASS * different


def _require_present(array: NDArray[Any], names: tuple[str, ...], row_name: RowName) -> None:
    if array.dtype.kind == "f":
        wrong = ~np.isfinite(array)
    elif array.dtype.kind == "O":
        wrong = np.array([value is None or value != value or str(value) == "<NA>" for value in array.ravel()])
        wrong = wrong.reshape(array.shape)
    else:
        return
    if wrong.any():
        row, *column = np.argwhere(wrong)[0]
        name = names[column[0] if column else 0] if names else "label"
        raise ValueError(f"{name!r} of {row_name(int(row))} is missing; put a label there, or leave the row out.")


def _numbers(array: NDArray[Any], names: tuple[str, ...]) -> Answers:
    try:
        values = array.astype(np.float64).reshape(len(array), -1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the labels of a regression must be numbers: {error}.") from None
    count = values.shape[1]
    named = names or (("target",) if count == 1 else tuple(f"target{number}" for number in range(count)))
    return Answers(values, (), named)


def _classes(array: NDArray[Any]) -> Answers:
    if array.dtype.kind == "O" and len({isinstance(value, str) for value in array}) > 1:
        array = array.astype(str)  # text among numbers: all are names
    different, labels = np.unique(array, return_inverse=True)
    if len(different) < 2:
        raise ValueError(
            f"all {len(array)} examples are of one class, {different[0]!s}; there is nothing to tell apart: "
            "give examples of another class, or name another column."
        )
    return Answers(labels.reshape(-1), tuple(str(each) for each in different), ())
