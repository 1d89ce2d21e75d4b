"""The networks themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.errors import TopologyFileError
from gossamer.files import file_digest
from gossamer.zoo.cards import card, path

if TYPE_CHECKING:
    from torch import nn


def load(name: str) -> nn.Sequential:
    """A trained network, in evaluation mode; it takes inputs that are scaled as its data set scales them.

    Args:
        name: one of `names()`.

    Raises:
        ValueError: there is none of this name; the message lists them.
        TopologyFileError: a file of it is damaged.

    >>> from gossamer.training import evaluate
    >>> round(evaluate(load("fibonacci-digits"), "digits").accuracy, 3) == round(card("fibonacci-digits").accuracy, 3)
    True
    """
    from torch import nn

    from gossamer.nn.restored import restored
    from gossamer.nn.states import read_state

    known, file = card(name), path(name)
    if not file.exists() or file_digest(file) != known.digest:
        raise TopologyFileError(f"{file} is damaged or missing; install Gossamer again.")
    state = read_state(file)
    return restored(state.tensors, getattr(nn, known.activation), is_ordered=state.is_ordered)
