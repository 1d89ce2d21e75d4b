"""The command line's frame: help, wrong names, errors as one line."""

import importlib
import subprocess
import sys

import pytest
import typer

from gossamer import __version__, cli
from gossamer.cli.outputs import require_folder, require_writable
from gossamer.errors import TopologyWarning, require_known

HEAVY = ("torch", "sklearn", "scipy.sparse.linalg", "networkx", "plotly", "matplotlib", "pooch", "pandas")


def test_help_names_every_command(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert all(name in out for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"gossamer {name}" in out
    command = getattr(importlib.import_module(cli.COMMANDS[name]), name)
    assert command.info.help if isinstance(command, typer.Typer) else command.__doc__


def test_no_arguments_and_h_are_help(run):
    expected = run("--help")
    assert run() == run("-h") == expected
    assert run("train", "-h") == run("train", "--help")


def test_version(run):
    assert run("--version") == (0, f"gossamer {__version__}\n", "")


def test_starting_imports_nothing_heavy():
    program = f"""
import sys
from gossamer import cli
try: cli.main(["--help"])
except SystemExit: pass
print([name for name in {HEAVY} if name in sys.modules])
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_a_wrong_command_lists_the_right_ones(refused):
    line = refused("dta")
    assert all(name in line for name in cli.COMMANDS)
    assert "Did you mean data?" in line


@pytest.mark.parametrize("arguments", [("data", "lst"), ("data", "get"), ("data", "list", "--wrong"), ("--wrong",)])
def test_wrong_usage_is_one_line(refused, arguments):
    assert "--help" in refused(*arguments)


@pytest.mark.parametrize("error", [ValueError("a\nb"), TypeError("a b"), OSError("a b"), MemoryError("a b")])
def test_an_error_is_one_line(refused, monkeypatch, error):
    def fails():
        raise error

    monkeypatch.setattr("gossamer.cli.data.data", fails)
    assert refused("data") == "gossamer: a b\n"


def test_a_mistake_of_ours_keeps_its_traceback(run, monkeypatch):
    def fails():
        raise AssertionError("a mistake")

    monkeypatch.setattr("gossamer.cli.data.data", fails)
    with pytest.raises(AssertionError, match="a mistake"):
        cli.main(["data"])


def test_a_warning_is_one_line(run, monkeypatch):
    def warns():
        import warnings

        warnings.warn("disconnected", TopologyWarning, stacklevel=1)

    monkeypatch.setattr("gossamer.cli.data.data", warns)
    assert run("data") == (0, "", "gossamer: TopologyWarning: disconnected\n")


def test_places_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").touch()
    assert require_writable(tmp_path / "new") == tmp_path / "new"
    assert require_folder(tmp_path / "a" / "b").is_dir()
    for check, path in [
        (require_writable, tmp_path),
        (require_writable, tmp_path / "missing" / "file"),
        (require_writable, tmp_path / "file" / "file"),
        (require_writable, "/proc/file"),
        (require_folder, tmp_path / "file"),
        (require_folder, "/proc/folder"),
    ]:
        with pytest.raises(OSError, match="folder"):
            check(type(tmp_path)(path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]


def test_names_are_text():
    with pytest.raises(TypeError, match="the name of a colour is text, not None"):
        require_known("colour", None, {})
