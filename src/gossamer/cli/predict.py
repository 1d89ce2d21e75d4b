"""`gossamer predict`: what a trained network answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from gossamer.cli.models import Model
    from gossamer.training.data import Dataset

EXAMPLE = "gossamer predict runs/a new.csv --out answers.csv"


def predict(
    model: Annotated[
        str, typer.Argument(help="A run's folder, a checkpoint, a state_dict as .safetensors, or zoo:NAME.")
    ],
    inputs: Annotated[
        str,
        typer.Argument(help="A table with a header (.csv, .tsv), an array (.npy), or a data set's test examples."),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="What the network was trained on, for scales, columns and names; a run knows its own."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The table to write, .csv; printed if not given.")] = None,
    activation: Annotated[
        str, typer.Option(help="Of the hidden layers: relu, sigmoid, tanh, ...; a run's folder knows its own.")
    ] = "relu",
) -> None:
    """Answer new inputs with a trained network: a table of one row for each.

    Classes go by their names; numbers are in the units of the data.
    """
    from gossamer.cli.models import data_of, load_model
    from gossamer.cli.outputs import require_writable
    from gossamer.files import write_atomically

    if out is not None:
        require_writable(out)
    found = load_model(model, activation=activation)
    table = _answers(found, inputs, data_of(found, data))
    if out is None:
        print(table.to_csv(index=False), end="")
        return
    write_atomically(out, table.to_csv(index=False).encode())
    print(f"{len(table)} answers in {out}")


def _answers(model: Model, inputs: str, learnt: Dataset) -> DataFrame:
    import pandas

    from gossamer.training import predict

    answers = predict(model.network, _inputs(inputs, learnt), learnt)
    if learnt.numeric:
        numbers = answers.reshape(len(answers), -1)
        return pandas.DataFrame(dict(zip(learnt.targets, numbers.T, strict=True)))
    return pandas.DataFrame({"class": [learnt.classes[k] for k in answers]})


def _inputs(word: str, learnt: Dataset) -> NDArray[Any]:
    import numpy as np

    from gossamer.errors import DataFileError
    from gossamer.studies.run import dataset
    from gossamer.training.data.columns import inputs_of
    from gossamer.training.data.table import SUFFIXES, inputs_from_csv

    if word.endswith(SUFFIXES):
        return inputs_from_csv(word, learnt.features)
    if not word.endswith(".npy"):
        return dataset(word).test.inputs
    try:
        return inputs_of(np.load(word, allow_pickle=False)).values
    except (ValueError, EOFError) as error:
        raise DataFileError(f"{word}: {error}") from error
