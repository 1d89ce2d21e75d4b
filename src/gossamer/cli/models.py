"""Models and data that the words of the command line name: run folders, checkpoints, files of weights, data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from gossamer.training.data import Dataset


class Model(NamedTuple):
    """A network that can compute.

    Args:
        name: what was typed for it.
        network: its layers.
        config: of the run that trained it, as `gossamer.studies.learnt_from` reads it; empty if there is none.
    """

    name: str
    network: nn.Sequential
    config: Mapping[str, Any]

    @property
    def knows_its_data(self) -> bool:
        """Whether it says what it learned from."""
        return self.config.get("data") is not None


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
        return Model(word, zoo.load(tame.stem), {"data": zoo.card(tame.stem).data})
    path = Path(word)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {word}.")
    if path.is_dir():
        folder = RunFolder(path)
        return Model(word, trained_network(folder), folder.read_config())
    state = state_of(path)
    if state is None:
        raise TopologyFileError(f"{path} holds a topology without weights; this probe needs a trained network.")
    return Model(word, restored(state.tensors, names.activation(activation), is_ordered=state.is_ordered), {})


def data_of(model: Model, word: str | None) -> Dataset:
    """The data set of this name, or what the model learned from if none is given.

    Raises:
        ValueError: no data set is known, or it is none.
        StudyError: its files have changed since.
        DataUnavailableError: it is not on this machine.
    """
    from gossamer.studies.learnt_from import learnt_from
    from gossamer.studies.run import dataset

    found = learnt_from(model.config) if word is None else dataset(word)
    if found is None:
        raise ValueError(f"{model.name} does not say what it was trained on: name a data set with --data.")
    return found


def examples_of(model: Model, data: str | None, count: int) -> tuple[Tensor, Tensor]:
    """The first test examples of a data set, scaled as in training: inputs and labels.

    Args:
        model: they are put into its dtype; its own data set is taken if none is named.
        data: name of a data set.
        count: how many at most.

    Raises:
        ValueError: as `data_of`, or the network does not fit the data set.
        StudyError: as `data_of`.
        DataUnavailableError: as `data_of`.
    """
    from gossamer.studies.learnt_from import first_examples

    return first_examples(model.network, data_of(model, data), count)
