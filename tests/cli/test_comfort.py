"""What makes the command line pleasant: examples, completion, last words, estimates, quiet."""

import importlib
import os
import shlex
import subprocess
import sys

import pytest
import typer

from gossamer import cli
from gossamer.cli import completions
from gossamer.cli.progress import in_words, say_how_long
from gossamer.studies import Architecture, Experiment, Run
from gossamer.studies.estimate import training_seconds
from gossamer.training import Config

pytestmark = pytest.mark.usefixtures("one_thread")
TRAIN = ["train", "--data", "digits", "--topology", "fibonacci", "--hidden", 32, "--degree", 4, "--epochs", 2]


ROOT = typer.main.get_command(cli._application(cli.COMMANDS))
BELOW = [(name, below) for name, command in ROOT.commands.items() for below in getattr(command, "commands", ())]


def found(words):
    """The command that a call means, and what is left for it to understand."""
    command = ROOT
    while words and words[0] in getattr(command, "commands", ()):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("words", [*((name,) for name in ROOT.commands), *BELOW], ids=" ".join)
def test_the_help_ends_with_a_call_that_is_understood(run, words):
    code, out, _ = run(*words, "--help")
    example = found(words)[0].epilog.split("\n\n")[-1].strip()
    assert code == 0
    assert f" {example} " in out, "the call is broken, or not there"
    program, *called = shlex.split(example)
    assert (program, *called[: len(words)]) == ("gossamer", *words)
    command, left = found(called)
    command.make_context(command.name, left)  # which refuses what it does not know


def test_short_help_and_version(run):
    assert run("train", "-h") == run("train", "--help")
    assert "gossamer demo" in run("-h")[1]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("gossamer tr", "train"),
        ("gossamer train --topology fib", "fibonacci"),
        ("gossamer train --data dig", "digits"),
        ("gossamer compare --distance sym", "symmetric-nnstd"),
        ("gossamer zoo card rigl-m", "rigl-mnist-1pct"),
        ("gossamer reproduce ins", "insights-2020"),
    ],
)
def test_tab_completes(typed, offered):
    asked = {"_GOSSAMER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    program = "import sys; from gossamer.cli import main; sys.argv = ['gossamer']; main()"
    answer = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert offered in answer.stdout.splitlines(), answer.stderr


def test_measures_complete_behind_a_comma():
    assert "density,spectral_gap" in list(completions.measures("density,spec"))


def test_completion_can_be_installed(run):
    assert "--install-completion" in run("--help")[1]


def test_the_last_words_say_where_and_what_next(run, tmp_path):
    code, out, _ = run(*TRAIN, "--out", tmp_path / "a b")
    assert code == 0
    assert out.splitlines()[-1] == f"saved to '{tmp_path}/a b'; next: gossamer measure '{tmp_path}/a b'"
    assert run(*shlex.split(out.splitlines()[-1].partition("next: gossamer ")[2]))[0] == 0
    assert "--out FOLDER keeps the network" in run(*TRAIN)[1]


def test_quiet_is_the_result_alone(run, tmp_path):
    code, out, err = run(*TRAIN, "--quiet")
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert run(*TRAIN, "-q", "--out", tmp_path)[1].splitlines()[-1] == f"saved to {tmp_path}"


def test_one_line_an_epoch_on_request(run, refused):
    code, out, _ = run(*TRAIN, "--verbose")
    assert (code, [line[:12] for line in out.splitlines()[:2]]) == (0, ["epoch 1 of 2", "epoch 2 of 2"])
    assert "--verbose contradicts --quiet" in refused(*TRAIN, "-v", "-q")


def test_train_writes_tensorboards_events(run, refused, tmp_path):
    pytest.importorskip("tensorboard")
    assert "--tensorboard needs --out FOLDER" in refused(*TRAIN, "--tensorboard")
    code, out, _ = run(*TRAIN, "--tensorboard", "--out", tmp_path)
    assert code == 0
    assert any((tmp_path / "tensorboard").glob("events.out.tfevents.*"))
    assert out.splitlines()[-1].strip() == f"tensorboard --logdir {tmp_path}/tensorboard"


def test_new_makes_a_study_that_runs(run, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("new", "first")
    assert code == 0
    call = out.strip().partition("next: gossamer ")[2]
    assert call == "study first/study.toml --out first/runs"
    file = tmp_path / "first" / "study.toml"
    text = file.read_text()
    file.write_text(text.replace("epochs = 10", "epochs = 1").replace("[0, 1, 2]", "[0]").replace("[2, 8]", "[2]"))
    code, out, _ = run(*call.split(), "--engine", "sequential")
    assert code == 0
    assert "6 done of 6 runs." in out
    assert "first/study.toml is there already" in refused("new", "first")


def test_new_takes_data_of_ones_own(run, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "there is no file houses.csv" in refused("new", "a", "--data", "houses.csv:price")
    (tmp_path / "houses.csv").write_text("area,price\n" + "\n".join(f"{k}.0,{k * k}.5" for k in range(40)))
    assert run("new", "a", "--data", "houses.csv:price")[0] == 0
    from gossamer.studies.plan.study_file import read

    assert read(tmp_path / "a" / "study.toml").data == ("houses.csv:price",)


def dense(width, epochs):
    return Run(Experiment(Architecture(None, (width,), (None, None)), Config(epochs=epochs), 0), "digits")


def test_the_time_of_short_work_is_not_measured(capsys):
    assert training_seconds([dense(16, 1)]) is None
    assert training_seconds([], least=0) is None
    say_how_long([dense(16, 1)])
    assert capsys.readouterr().err == ""


def test_an_estimate_grows_with_the_work():
    """Ten thousand times the epochs take longer, whatever else the machine does."""
    assert training_seconds([dense(16, 100_000)]) > 20 * training_seconds([dense(16, 10)], least=0)
    assert training_seconds([dense(16, 100_000)] * 4, workers=2) > training_seconds([dense(16, 100)], least=0)


def test_long_work_is_told_before_it_begins(capsys, monkeypatch):
    monkeypatch.setattr("gossamer.studies.estimate.training_seconds", lambda runs, **_: 600.0 * len(runs))
    say_how_long([dense(16, 1)] * 9, workers=2)
    assert capsys.readouterr().err == "to train: 9 networks, 2 at once, about 1.5 h; Ctrl-C stops it.\n"
    assert (in_words(61), in_words(60 * 59), in_words(3 * 86400)) == ("1 min", "59 min", "3.0 days")


def test_a_network_that_cannot_be_made_is_left_to_its_run(capsys, monkeypatch):
    from gossamer.errors import InfeasibleTopologyError

    def fails(*_, **__):
        raise InfeasibleTopologyError("no such graph.")

    monkeypatch.setattr("gossamer.studies.estimate.training_seconds", fails)
    say_how_long([dense(16, 1)])
    assert capsys.readouterr().err == ""


def test_every_command_has_an_example():
    assert all(importlib.import_module(module).EXAMPLE for module in cli.COMMANDS.values())
