"""Data and topologies of one's own in studies and on the command line."""

import networkx
import numpy as np
import pytest

import gossamer as gs
from gossamer.cli import main
from gossamer.errors import StudyFileError
from gossamer.studies.plan.grid import runs
from gossamer.studies.plan.study_file import read

MODULE = """
import gossamer as gs

def ring(in_features, out_features, degree):
    return gs.Rotated(range(degree), in_features=in_features, out_features=out_features)
"""
STUDY = """
data = "my.csv:kind"
topology = ["own_ring:ring", "net.graphml", "dense"]
degree = 2
hidden = [8, 12]
seeds = [0]
measures = ["components"]
[training]
epochs = 1
"""


@pytest.fixture
def here(tmp_path, monkeypatch, one_thread):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_ring.py").write_text(MODULE)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4))
    lines = [",".join(f"{value:.4f}" for value in row) + "," for row in rows]
    kinds = np.where(rows[:, 0] > 0, "up", "down")
    text = "a,b,c,d,kind\n" + "".join(f"{line}{kind}\n" for line, kind in zip(lines, kinds, strict=True))
    (tmp_path / "my.csv").write_text(text)
    prices = "a,b,c,d,price\n" + "".join(f"{line}{row[0]:.3f}\n" for line, row in zip(lines, rows, strict=True))
    (tmp_path / "prices.csv").write_text(prices)
    t = gs.generators.layered((4, 8, 2), gs.generators.regular_random, (2, 1), rng=0)
    networkx.write_graphml(t.to_networkx(), tmp_path / "net.graphml")
    return tmp_path


def test_a_study_takes_own_data_functions_and_files(here):
    (here / "own.toml").write_text(STUDY)
    plan = read(here / "own.toml")
    assert plan.topology == ("own_ring:ring", "net.graphml", "dense")
    made = runs(plan)
    labels = [(run.labels["topology"], run.labels["hidden"]) for run in made]
    assert labels.count(("net.graphml", "8")) == 1  # a file has its own layers, so it is there once
    assert len(made) == 5
    assert {run.decisive["data"] for run in made} == {"my"}
    given = next(run for run in made if run.labels["topology"] == "net.graphml")
    assert given.experiment.architecture.hidden == (8,)


@pytest.mark.parametrize(
    ("line", "wrong", "message"),
    [
        ('data = "my.csv:kind"', 'data = "other.csv"', "there is no file other.csv"),
        ('"own_ring:ring"', '"own_ring:rong"', "module own_ring has no function 'rong'"),
        ('"own_ring:ring"', '"own_rong:ring"', "there is no module own_rong"),
        ('"net.graphml"', '"nit.graphml"', "nit.graphml cannot be read: No such file"),
        ('"own_ring:ring", ', "", "degree is not allowed for dense networks and files"),
    ],
)
def test_what_is_not_there_is_named_with_line_and_field(here, line, wrong, message):
    (here / "own.toml").write_text(STUDY.replace(line, wrong))
    with pytest.raises(StudyFileError, match=f"own.toml, line .*{message}"):
        read(here / "own.toml")


def command(*words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code


def test_train_takes_own_data_functions_and_files(here, capfd):
    for topology, widths in (("own_ring:ring", "4-8-2"), ("net.graphml", "4-8-2")):
        code = command(
            "train", "--data", "my.csv:kind", "--topology", topology, "--hidden", 8, "--degree", 2, "--epochs", 2
        )
        out = capfd.readouterr().out
        assert (code, out.startswith(f"{widths}, ")) == (0, True), out
    assert command("train", "--data", "prices.csv:price", "--topology", "dense", "--hidden", 8, "--epochs", 2) == 0
    assert "R² " in capfd.readouterr().out
    assert command("train", "--data", "prices.csv:price", "--topology", "net.graphml") == 2
    assert "has 2 outputs; the data need 1" in capfd.readouterr().err
    assert command("measure", "net.graphml") == 0
    assert command("topology", "own_ring:ring", "--inputs", 8, "--outputs", 9, "--degree", 2) == 0
