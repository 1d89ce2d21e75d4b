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
