"""`gossamer report`, on a study that it ran."""

import pytest

from gossamer.generators import named
from gossamer.studies import Architecture, Experiment, InProcess, Run, Study
from gossamer.training import Config


def experiment(degree, seed):
    return Experiment(Architecture(named("fibonacci"), (16,), (64 * degree, None)), Config(epochs=1), seed)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    labels = [{"topology": "fibonacci", "degree": degree, "seed": seed} for degree in (2, 4) for seed in (0, 1)]
    runs = [Run(experiment(each["degree"], each["seed"]), "digits", labels=each) for each in labels]
    Study("tiny", runs, folder).execute(InProcess())
    return folder


def test_it_writes_a_page(run, study, tmp_path):
    path = tmp_path / "report.html"
    code, out, err = run("report", study, "-o", path)
    assert code == 0, err
    assert out.startswith(f"saved to {path}; next: ")
    text = path.read_text()
    assert text.startswith("<!doctype html>")
    assert "4 of 4 runs are done" in text
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_bad_input_is_one_line(refused, study, tmp_path):
    out = tmp_path / "report.html"
    assert "holds no study" in refused("report", tmp_path, "-o", out)
    assert "holds no study" in refused("report", tmp_path / "nowhere", "-o", out)
    assert "networks=1 is not allowed" in refused("report", study, "-o", out, "--networks", 1)
    assert "folder /missing cannot be written" in refused("report", study, "-o", "/missing/report.html")
    (tmp_path / "study.json").write_text('{"format": "gossamer study", "version": 99}')
    assert "is of version 99" in refused("report", tmp_path, "-o", out)
    assert not out.exists()


def test_an_empty_study_and_one_of_failures_end_in_one_line(refused, tmp_path):
    empty = '{"format": "gossamer study", "version": 1, "name": "empty", "measures": [], "runs": []}'
    (tmp_path / "study.json").write_text(empty)
    assert "study 'empty' has no runs" in refused("report", tmp_path, "-o", tmp_path / "r.html")
    failing = tmp_path / "failing"
    impossible = experiment(17, 0)  # 16 outputs have no 17 edges for each input
    Study("failing", [Run(impossible, "digits", labels={"degree": 17})], failing).execute(InProcess())
    assert "1 failed and none done" in refused("report", failing, "-o", tmp_path / "r.html")
