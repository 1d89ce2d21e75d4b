"""`gossamer export`: a trained network as one file that runs without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "gossamer export zoo:rigl-mnist-1pct --out digits.gossamer"


def export(
    model: Annotated[
        str, typer.Argument(help="A run's folder, a checkpoint, a state_dict as .safetensors, or zoo:NAME.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("network.gossamer"),
    activation: Annotated[
        str, typer.Option(help="Of the hidden layers: relu, sigmoid, tanh, ...; a run's folder knows its own.")
    ] = "relu",
    softmax: Annotated[bool, typer.Option(help="Make shares of the outputs, which add up to 1.")] = False,
) -> None:
    """Write a trained network as one file that runs with NumPy and the native kernels alone.

    In Python, without PyTorch: gossamer.runtime.load("digits.gossamer")(x)
    """
    from gossamer.cli.models import load_model
    from gossamer.nn import export as write
    from gossamer.runtime import load

    found = load_model(model, activation=activation)
    write(found.network, out, softmax=softmax)
    print(f"{out}: {load(out)}, {out.stat().st_size:,} bytes")
