"""`gossamer predict`."""

import numpy as np
import pandas as pd
import pytest
import torch

from gossamer.studies.run import data_digest, dataset
from gossamer.training.data import load

pytestmark = pytest.mark.usefixtures("one_thread")

TRAIN = ["train", "--topology", "regular_random", "--hidden", 32, "--degree", "8,dense", "--epochs", 40, "--quiet"]
TRAIN += ["--threads", 1, "--lr", 0.01]


@pytest.fixture
def houses(tmp_path):
    """A table whose price follows from its columns, and a run that has learnt it."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"rooms": rng.integers(1, 8, 600), "age": rng.uniform(0, 90, 600)})
    table["price"] = 1000.0 * table["rooms"] - 5.5 * table["age"]
    table.to_csv(tmp_path / "houses.csv", index=False)
    return tmp_path / "houses.csv"


@pytest.fixture
def learnt(run, houses, tmp_path):
    assert run(*TRAIN, "--data", f"{houses}:price", "--out", tmp_path / "run")[0] == 0
    return tmp_path / "run"


def test_new_rows_in_any_order_of_columns(run, learnt, tmp_path):
    new = pd.DataFrame({"age": [10.0, 80.0], "colour": ["red", "blue"], "rooms": [7, 1]})
    new.to_csv(tmp_path / "new.csv", index=False)
    code, out, _ = run("predict", learnt, tmp_path / "new.csv", "--out", tmp_path / "answers.csv")
    assert code == 0
    assert f"2 answers in {tmp_path / 'answers.csv'}" in out
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert list(answers) == ["price"]
    np.testing.assert_allclose(answers["price"], [6945, 560], atol=900)  # half a room


def test_classes_by_their_names(run, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 2)), columns=["a", "b"])
    table["kind"] = np.where(table["a"] > table["b"], "left", "right")
    table.to_csv(tmp_path / "kinds.csv", index=False)
    assert run(*TRAIN, "--data", f"{tmp_path / 'kinds.csv'}:kind", "--out", tmp_path / "run")[0] == 0
    np.save(tmp_path / "new.npy", [[3.0, -3.0], [-3.0, 3.0]])
    code, out, _ = run("predict", tmp_path / "run", tmp_path / "new.npy")
    assert code == 0
    assert out.split() == ["class", "left", "right"]


def test_a_network_of_the_zoo_and_its_data(run, houses, refused):
    code, out, _ = run("predict", "zoo:fibonacci-digits", "digits")
    assert code == 0
    told = np.array(out.split()[1:], dtype=int)
    assert (told == load("digits").test.labels).mean() >= 0.89
    assert "inputs have 3 features" in refused("predict", "zoo:fibonacci-digits", houses)


def test_data_that_have_changed_since(learnt, refused, houses):
    houses.write_text(houses.read_text() + "9,9,9\n")
    _another_process()
    assert "is not what it was when the network learned from it" in refused("predict", learnt, houses)
    houses.unlink()
    _another_process()
    assert "there is no file" in refused("predict", learnt, "digits")


def _another_process():
    dataset.cache_clear()
    data_digest.cache_clear()


def test_probes_find_the_data_too(run, learnt):
    code, _, told = run("probe", "interactions", learnt, "--method", "hessian")
    assert code == 0, told


def test_bad_words(learnt, refused, houses, tmp_path):
    (tmp_path / "a.csv").write_text("rooms\n3\n")
    assert "no column 'age'" in refused("predict", learnt, tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("rooms,age\n3,\n")
    assert "column 'age', line 2, is missing" in refused("predict", learnt, tmp_path / "b.csv")
    (tmp_path / "c.npy").write_bytes(b"no array")
    assert "c.npy" in refused("predict", learnt, tmp_path / "c.npy")
    assert "there is no file" in refused("predict", tmp_path / "none", houses)
    assert "cannot be written" in refused("predict", learnt, houses, "--out", tmp_path / "no" / "x.csv")
    torch.save({}, tmp_path / "d.pt")
    refused("predict", tmp_path / "d.pt", houses)
