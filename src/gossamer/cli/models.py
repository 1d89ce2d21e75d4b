"""Models and data that the words of the command line name: run folders, checkpoints, files of weights, data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor, nn


class Model(NamedTuple):
    """A network that can compute, what was typed for it, and the data that it learned from, if that is known."""

    name: str
    network: nn.Sequential
    data: str | None


def load_model(word: str, *, activation: str) -> Model:
    """The network in a run's folder, a checkpoint or a `state_dict` as safetensors; or "zoo:NAME".

    Args:
        word: the path.
        activation: of the hidden layers; a run's folder knows its own.

    Raises:
        TopologyFileError: a file that is damaged or holds no weights.
        InvalidTopologyError: weights that are no perceptron's.
        CheckpointError: a damaged checkpoint.
        StudyError: a run without weights, or a damaged one.
        OSError: there is no such file, or it cannot be read.
    """
    from gossamer import zoo
    from gossamer.cli.networks import of_the_zoo, state_of
    from gossamer.errors import TopologyFileError
    from gossamer.nn.restored import restored
    from gossamer.studies.plan import names
    from gossamer.studies.store.run_folder import RunFolder
    from gossamer.studies.store.trained import trained_network

    if (tame := of_the_zoo(word)) is not None:
        return Model(word, zoo.load(tame.stem), zoo.card(tame.stem).data)
    path = Path(word)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {word}.")
    if path.is_dir():
        folder = RunFolder(path)
        data = folder.read_config().get("data")
        return Model(word, trained_network(folder), None if data is None else str(data))
    state = state_of(path)
    if state is None:
        raise TopologyFileError(f"{path} holds a topology without weights; this probe needs a trained network.")
    return Model(word, restored(state.tensors, names.activation(activation), is_ordered=state.is_ordered), None)


def examples_of(model: Model, data: str | None, count: int) -> tuple[Tensor, Tensor]:
    """The first test examples of a data set, scaled as in training: inputs and labels.

    Args:
        model: they are put into its dtype; its own data set is taken if none is named.
        data: name of a data set.
        count: how many at most.

    Raises:
        ValueError: no data set is known, it is none, or the network does not fit it.
        DataUnavailableError: it is not on this machine.
    """
    from gossamer.studies.test_examples import first_examples

    name = data or model.data
    if name is None:
        raise ValueError(f"{model.name} does not say what it was trained on: name a data set with --data.")
    return first_examples(model.network, name, count)
