"""`gossamer zoo`: the trained networks that come with the package."""

from __future__ import annotations

from typing import Annotated

import typer

from gossamer.cli import completions
from gossamer.cli.examples import shown

EXAMPLE = "gossamer zoo card rigl-mnist-1pct"

zoo = typer.Typer(
    help="Small trained networks that come with the package: measure, compare and probe take them as zoo:NAME.",
    no_args_is_help=True,
)

Name = Annotated[
    str, typer.Argument(help="A network, as `gossamer zoo list` names it.", autocompletion=completions.zoo_networks)
]


@zoo.command("list", epilog=shown("gossamer zoo list"))
def list_() -> None:
    """List the networks: what they learned, their edges, and their accuracy on the test examples."""
    from rich.console import Console
    from rich.table import Table

    from gossamer.zoo import card, names

    table = Table("network", "data", box=None)
    for name in ("edges", "density", "accuracy"):
        table.add_column(name, justify="right", no_wrap=True)
    for known in map(card, names()):
        numbers = (str(known.edges), f"{known.density:.1%}", f"{known.accuracy:.2%}")
        table.add_row(known.name, known.data, *numbers)
    Console().print(table, highlight=False)
    print(f"\nnext: gossamer zoo card {names()[0]}")


@zoo.command(epilog=shown("gossamer zoo card rigl-mnist-1pct"))
def card(name: Name) -> None:
    """Show a network's card: how it was trained, on what, and what it can do."""
    from gossamer import zoo

    print(zoo.card(name))


@zoo.command(epilog=shown("gossamer zoo test fibonacci-digits"))
def test(name: Name) -> None:
    """Print a network's accuracy on the test examples of its data set, which must be on this machine."""
    from gossamer import zoo
    from gossamer.training import evaluate

    known = zoo.card(name)
    accuracy = evaluate(zoo.load(name), known.data).accuracy
    print(f"{name}: {accuracy:.2%} of the test examples of {known.data}; the card says {known.accuracy:.2%}")
