"""The network that a run trained, made of the run's files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.errors import StudyError
from gossamer.studies.store.run_folder import RunFolder

if TYPE_CHECKING:
    from torch import nn

_ACTIVATION = re.compile(r"\bactivation=(?:\w+\.)*(\w+)")


def trained_network(run: RunFolder | str | os.PathLike[str]) -> nn.Sequential:
    """The network after training, in evaluation mode, with the activation that the run's configuration names.

    Args:
        run: the folder of a run, such as what `gossamer train --out` was given.

    Raises:
        StudyError: the run has no weights yet, its files are damaged, or its activation is not known.
        InvalidTopologyError: the weights are no perceptron's.
    """
    from gossamer.nn.restored import restored
    from gossamer.nn.states import read_state

    folder = run if isinstance(run, RunFolder) else RunFolder(Path(run))
    if not folder.path.is_dir():
        raise StudyError(f"there is no folder {folder.path}.")
    if not folder.weights.exists():
        raise StudyError(f"run {folder.name} has no weights: it is {folder.state}.")
    folder.require_whole(folder.weights)
    state = read_state(folder.weights)
    return restored(state.tensors, _activation_of(folder), is_ordered=state.is_ordered)


def _activation_of(folder: RunFolder) -> type[nn.Module]:
    from torch import nn

    from gossamer.nn import AllReLU

    text = str(folder.read_config().get("architecture", ""))
    name = found[1] if (found := _ACTIVATION.search(text)) else ""
    made = AllReLU if name == "AllReLU" else getattr(nn, name, None)
    if not (isinstance(made, type) and issubclass(made, nn.Module)):
        raise StudyError(f"{folder.config} names no activation that is known: {name or 'none'}.")
    return made
