"""Data sets by a word: a name, a file, a folder, or a function of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gossamer.errors import DataFileError, ImportedError, require_known
from gossamer.importing import called, function_named, names_a_function
from gossamer.training.data.catalogue import CATALOGUE
from gossamer.training.data.dataset import Dataset
from gossamer.training.data.table import SUFFIXES


def load(word: str) -> Dataset:
    """Read a data set.

    Args:
        word: a name in `CATALOGUE`; a table such as `my.csv` or `my.csv:price`, whose target column is `price`
            (else target, label, class or y); a folder of images, one folder a class; or `module:function`, which
            returns a `Dataset` or a pair (inputs, labels).

    Raises:
        ValueError: there is no data set of this name.
        DataUnavailableError: it is not on this machine and cannot be downloaded.
        DataFileError: a file of it is damaged, not there, or cannot be understood.
        ImportedError: the function is not there, raises, or returns something else.

    >>> load("digits")
    Dataset('digits', 1437 to train, 360 to test, 64 features, 10 classes)
    """
    require_data(word)
    if word in CATALOGUE:
        return CATALOGUE[word].load()
    table = _table(word)
    if table is not None:
        path, target = table
        return Dataset.from_csv(path, target.split(",") if target else None)
    return _made(word, called(word)) if names_a_function(word) else Dataset.from_folder(word)


def lasting(word: str) -> str:
    """The same word for every working folder: paths in it are made absolute.

    >>> lasting("digits")
    'digits'
    """
    if word in CATALOGUE:
        return word
    table = _table(word)
    if table is not None:
        path, target = table
        return f"{path.absolute()}:{target}" if target else str(path.absolute())
    return word if names_a_function(word) else str(Path(word).absolute())


def require_data(word: str) -> None:
    """Check that there is something of this name, without reading it.

    Raises:
        ValueError: there is no such data set, file or function.
    """
    if isinstance(word, str) and word not in CATALOGUE:
        table = _table(word)
        if table is not None:
            if not table[0].is_file():
                raise DataFileError(f"there is no file {table[0]}.")
            return
        if names_a_function(word):
            function_named(word)
            return
        if Path(word).is_dir():
            return
        if "/" in word or "\\" in word:
            raise DataFileError(f"there is no folder {word}; a table ends in {', '.join(SUFFIXES)}.")
    require_known("data set", word, CATALOGUE)


def _table(word: str) -> tuple[Path, str] | None:
    """The file and the target column that a word names."""
    if word.endswith(SUFFIXES):
        return Path(word), ""
    for suffix in SUFFIXES:
        path, found, target = word.rpartition(f"{suffix}:")
        if found:
            return Path(path + suffix), target
    return None


def _made(word: str, made: Any) -> Dataset:
    if isinstance(made, Dataset):
        return made
    if isinstance(made, (tuple, list)) and len(made) == 2:
        return Dataset.from_arrays(*made, name=word.partition(":")[2], source=word)
    raise ImportedError(f"{word} returned {type(made).__name__}; a Dataset or a pair (inputs, labels) is needed.")
