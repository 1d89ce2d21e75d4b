"""`gossamer study`, `gossamer query` and `gossamer search`."""

import csv
import io
import json
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits.toml"
STUDY = """
data = "digits"
topology = ["dense", "fibonacci"]
degree = 4
hidden = 16
seeds = [0, 1]

[training]
epochs = 1
batch_size = 256
optimizer = "sgd"
lr = 0.1
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)
    return tmp_path / "small.toml"


def study(run, file, *more):
    return run("study", file, "--engine", "sequential", "--threads", 1, *more)


def test_a_study_is_carried_out_once_and_asked(run, file, tmp_path):
    code, out, err = study(run, file)
    assert (code, err) == (0, "")
    assert "4 done of 4 runs." in out
    assert "next: gossamer report small" in out
    assert study(run, file)[1].count("4 done before of 4 runs.") == 1
    _, out, _ = run("query", tmp_path / "small", "select topology, count(*) as n from runs group by 1 order by 1")
    assert "fibonacci" in out
    _, out, _ = run("query", tmp_path / "small", "select topology, degree from runs order by 1, 2", "--csv")
    assert [*csv.reader(io.StringIO(out))][1:] == [["dense", ""]] * 2 + [["fibonacci", "4"]] * 2
    _, out, _ = run("query", tmp_path / "small", "select count(*) as n from epochs", "--json")
    assert json.loads(out) == [{"n": 4}]


def test_the_example_runs(run, tmp_path):
    code, out, _ = study(run, EXAMPLE, "--out", tmp_path / "digits")
    assert code == 0
    assert "18 done of 18 runs." in out
    assert "the best of 9" in out


def test_failures_are_listed_and_told_by_the_exit_code(run, file):
    file.write_text(STUDY.replace("lr = 0.1", "lr = [0.1, 1e30]"))
    code, out, _ = study(run, file)
    assert code == 1
    assert "4 done, 4 failed of 8 runs." in out
    assert out.count("failed: topology dense, rule static") == 2
    assert "TrainingDivergedError: the loss is" in out


def test_ctrl_c_says_how_to_go_on(run, file, monkeypatch):
    from gossamer.studies import Study

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "execute", stopped)
    code, out, _ = study(run, file)
    assert code == 130
    assert f"To go on: gossamer study {file} --out small" in out


def test_bad_calls_are_one_line(refused, file, tmp_path):
    assert "engine 'locky'" in refused("study", file, "--engine", "locky")
    assert "only ray and dask" in refused("study", file, "--address", "here:1")
    assert "nothing.toml" in refused("study", tmp_path / "nothing.toml")
    assert "there is no study file" in refused("study", tmp_path / "nothing.toml")
    assert "holds no study" in refused("query", tmp_path, "select 1")
    assert "--csv contradicts --json" in refused("query", tmp_path, "select 1", "--csv", "--json")
    assert "needs --prescreen" in refused("search", file, "--threshold", 1)
    file.write_text(STUDY.replace("seeds", "seed"))
    assert "line 6, seed: there is no field 'seed'" in refused("study", file)


def test_a_search_prints_its_candidates_and_the_best(run, file, tmp_path):
    pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'gossamer[search]'")
    file.write_text(STUDY.replace('["dense", "fibonacci"]', '"fibonacci"').replace("[0, 1]", "[0]"))
    code, out, err = run("search", file, "--trials", 2, "--prescreen", "components", "--threshold", 1)
    assert (code, err) == (0, "")
    assert "2 candidates, 2 trained." in out
    assert "best: topology fibonacci, degree 4" in out
    assert (tmp_path / "small-search" / "search.db").exists()
