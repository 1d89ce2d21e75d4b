"""`gossamer bench layer` says what it chose and why."""

import pytest

from gossamer.cli import main


def run(*arguments):
    with pytest.raises(SystemExit) as left:
        main(["bench", "layer", *arguments])
    return left.value.code


def test_it_says_what_it_measured(capsys):
    assert run("--inputs", "20", "--outputs", "10", "--density", "0.5", "--batch", "4") == 0
    said = capsys.readouterr().out
    assert said.startswith("20 x 10, 100 edges (density 0.5), batch 4: ")
    assert "dense" in said


def test_an_impossible_density_is_one_line(capsys):
    assert run("--density", "3") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--density" in said


def test_it_says_what_runs_and_why(capsys):
    assert run("--inputs", "20", "--outputs", "10", "--density", "0.5", "--batch", "4") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("natively: ")
    assert [line.partition(":")[0] for line in lines[2:]] == [
        "instructions",
        "threads",
        "thresholds",
        "blocks",
        "dense",
        "gpu",
    ]


def test_tune_writes_what_later_processes_read(capsys, tmp_path, monkeypatch):
    pytest.importorskip("gossamer._native")
    from gossamer import tuning
    from gossamer.timing import tune
    from gossamer.tuning import files

    before, path = tuning.in_use(), tmp_path / "here" / "tuned.json"
    found = tuning.Thresholds(None, 100_000, 0.1)
    monkeypatch.setattr(tune, "tune", lambda rounds: tune.Tuned(found, {"seconds": rounds}))
    try:
        with pytest.raises(SystemExit) as left:
            main(["bench", "tune", "--output", str(path), "--rounds", "3"])
    finally:
        tuning.use(before)
    assert left.value.code == 0
    assert files.read(path, tuning.this_machine()) == found
    said = capsys.readouterr().out
    assert f"{path} holds what was found in 3 s" in said
    assert "one more for each 100,000 multiply-adds" in said
