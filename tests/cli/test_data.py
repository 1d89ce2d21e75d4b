"""`gossamer data`."""

import pytest

from gossamer.training.data import CATALOGUE, folders


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(folders.VARIABLE, str(tmp_path))
    monkeypatch.setattr(folders, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")


def test_list_says_how_to_get_what_is_not_here(run, empty):
    code, out, err = run("data", "list")
    assert (code, err) == (0, "")
    assert all(name in out for name in CATALOGUE)
    assert out.count("not here: ") == len(CATALOGUE) - 1
    assert "digits.csv.gz" in out


def test_get_says_where_it_is(run):
    code, out, _ = run("data", "get", "digits")
    assert code == 0
    assert "1437 to train" in out


def test_get_of_an_unknown_name(refused):
    assert "there is no data set 'digts': digits, mnist" in refused("data", "get", "digts")


def test_get_of_what_cannot_be_had_is_one_line(refused, empty):
    assert "cifar10-jpeg is not in" in refused("data", "get", "cifar10-jpeg")
