"""The command line: one file a command, imported when it is called.

To add a command, write `cli/NAME.py` with a function or a `typer.Typer` called NAME and a call that shows its use,
EXAMPLE, and add one line to `COMMANDS`. Commands import what is heavy inside their functions, and raise; the one place
that reports errors is here.
"""

from __future__ import annotations

import importlib
import io
import signal
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from gossamer.cli import examples, stopping
from gossamer.errors import GossamerError, require_known

COMMANDS = {
    "demo": "gossamer.cli.demo",
    "new": "gossamer.cli.new",
    "topology": "gossamer.cli.topology",
    "measure": "gossamer.cli.measure",
    "compare": "gossamer.cli.compare",
    "probe": "gossamer.cli.probe",
    "train": "gossamer.cli.train",
    "predict": "gossamer.cli.predict",
    "study": "gossamer.cli.study",
    "query": "gossamer.cli.query",
    "search": "gossamer.cli.search",
    "reproduce": "gossamer.cli.reproduce",
    "report": "gossamer.cli.report",
    "export": "gossamer.cli.export",
    "data": "gossamer.cli.data",
    "zoo": "gossamer.cli.zoo",
    "bench": "gossamer.cli.bench",
}
"""Each command's module, in the order in which `gossamer --help` shows them."""

EXAMPLES = ("gossamer demo", "gossamer train --data digits --topology fibonacci", "gossamer new my-study")
"""What `gossamer --help` shows to begin with."""

_REPORTED = (GossamerError, ValueError, TypeError, OSError, ArithmeticError, MemoryError)
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # typer exports only its subclass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 2 after one line on stderr, or 130 after Ctrl-C."""
    given = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no λ shall not end the work
    if arguments is None:
        stopping.once()
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        code = _run(given)
        if arguments is None and code == stopping.EXIT_CODE:  # Python's own end gives Ctrl-C back to the system
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        code = _application(_wanted(arguments))(args=arguments, prog_name="gossamer", standalone_mode=False)
        if code == stopping.EXIT_CODE:  # by typer, where the command itself says nothing
            _say("stopped.")
        return code if isinstance(code, int) else 0
    except stopping.Stopped as stopped:
        print(f"\n{stopped.told(arguments)}", flush=True)
        return stopping.EXIT_CODE
    except _UsageError as error:
        message = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        command = " ".join(["gossamer", *arguments[:1]]) if arguments[:1] == _wanted(arguments) else "gossamer"
        _say(f"{message}. Try '{command} --help'.")
    except (typer.Abort, KeyboardInterrupt):
        _say("stopped.")
        return stopping.EXIT_CODE
    except _REPORTED as error:
        _say(str(error) or type(error).__name__)
    return 2


def _wanted(arguments: list[str]) -> list[str]:
    """The commands whose modules this call needs: the one it names, or all for the help."""
    if arguments and not arguments[0].startswith("-"):
        require_known("command", arguments[0], COMMANDS)
        return arguments[:1]
    return list(COMMANDS)


def _application(names: Iterable[str]) -> typer.Typer:
    application = typer.Typer(
        help="Sparse neural networks seen as graphs.",
        epilog=examples.shown(*EXAMPLES),
        callback=_root,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in names:
        module = importlib.import_module(COMMANDS[name])
        command: Any = getattr(module, name)
        epilog = examples.shown(module.EXAMPLE)
        if isinstance(command, typer.Typer):
            application.add_typer(command, name=name, epilog=epilog)
        else:
            application.command(name, epilog=epilog)(command)
    return application


def _show_version(wanted: bool) -> None:
    if wanted:
        from gossamer import __version__

        print(f"gossamer {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Say which version."),
) -> None:
    """Sparse neural networks seen as graphs."""


def _say(message: str) -> None:
    print(f"gossamer: {' '.join(message.split())}", file=sys.stderr)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    _say(f"{category.__name__}: {message}")
