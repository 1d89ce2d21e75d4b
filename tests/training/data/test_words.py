"""Data sets by a word: names, files, folders, functions."""

import numpy as np
import pytest

from gossamer.errors import DataFileError, ImportedError
from gossamer.training.data import Dataset, load, require_data

MODULE = """
import numpy as np
from gossamer.training.data import Dataset

X, y = np.arange(40.0).reshape(20, 2), ["a", "b"] * 10

def pair():
    return X, y

def made():
    return Dataset.from_arrays(X, y, name="mine")

def nothing():
    pass

def broken():
    raise KeyError("no such key")

number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_words.py").write_text(MODULE)
    (tmp_path / "own_raises.py").write_text("1 / 0")
    (tmp_path / "own_needs.py").write_text("import no_such_package")
    (tmp_path / "my.csv").write_text(
        "a,b,kind,price\n" + "".join(f"{n},{n * n},{'uv'[n % 2]},{n / 7}\n" for n in range(20))
    )
    return tmp_path


def test_a_word_is_a_name_a_table_a_folder_or_a_function(here):
    assert load("digits").name == "digits"
    assert load("own_words:made").name == "mine"
    pair = load("own_words:pair")
    assert (pair.name, pair.source, pair.digest) == ("pair", "own_words:pair", load("own_words:made").digest)
    assert np.array_equal(load("own_words:pair").train.inputs, Dataset.from_arrays(*_pair()).train.inputs)


def _pair():
    return np.arange(40.0).reshape(20, 2), ["a", "b"] * 10


def test_a_tables_target_is_named_behind_a_colon(here):
    (here / "my.csv").write_text("a,b,price\n" + "".join(f"{n},{n * n},{n / 7}\n" for n in range(20)))
    data = load("my.csv:price")
    assert (data.targets, data.num_features) == (("price",), 2)
    assert load(f"{here}/my.csv:a,b").targets == ("a", "b")


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        ("digit", ValueError, "no data set 'digit': digits, .* mean digits"),
        ("other.csv", DataFileError, "there is no file other.csv"),
        ("some/folder", DataFileError, "there is no folder some/folder"),
        ("my.csv", DataFileError, "name the column to tell"),
        ("own_nowhere:f", ImportedError, "there is no module own_nowhere"),
        ("own_raises:f", ImportedError, "module own_raises raised ZeroDivisionError: division by zero"),
        ("own_needs:f", ImportedError, "module own_needs cannot be imported: No module named 'no_such_package'"),
        ("own_words:fun", ImportedError, "module own_words has no function 'fun'"),
        ("own_words:number", ImportedError, "own_words:number is int, not a function"),
        ("own_words:nothing", ImportedError, "own_words:nothing returned NoneType; a Dataset or a pair"),
        ("own_words:broken", ImportedError, "own_words:broken raised KeyError: 'no such key'"),
        (5, TypeError, "the name of a data set is text, not 5"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(here, word, error, message):
    with pytest.raises(error, match=message):
        load(word)


def test_words_are_checked_without_reading(here):
    (here / "empty.csv").write_text("")
    (here / "images").mkdir()
    for word in ("digits", "mnist", "empty.csv", "empty.csv:y", "images", "own_words:broken"):
        require_data(word)
