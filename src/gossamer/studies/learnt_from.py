"""The data that a finished run learned from, as its network takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gossamer.errors import StudyError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gossamer.training.data import Dataset


def learnt_from(config: Mapping[str, Any]) -> Dataset | None:
    """The data set that a run's `config.json` names; None if it names none.

    Raises:
        StudyError: what is there now is not what the run learned from: scales and classes would be others.
        DataUnavailableError: it is not on this machine.
        ValueError: there is no such data set.
    """
    from gossamer.studies.run import data_digest, dataset

    word = config.get("data_word", config.get("data"))
    if word is None:
        return None
    expected = config.get("data_digest")
    if expected is not None and data_digest(str(word)) != expected:
        raise StudyError(f"{word} is not what it was when the network learned from it (digest {expected}).")
    return dataset(str(word))


def first_examples(network: nn.Module, data: Dataset, count: int) -> tuple[Tensor, Tensor]:
    """The first test examples: inputs, scaled by the training examples, and labels.

    Args:
        network: they are put into its dtype and shape.
        data: the data set.
        count: how many at most.

    Raises:
        ValueError: the network does not fit the data set.
    """
    import torch

    from gossamer.training.material import judging_feed

    xs, ys, seen = [], [], 0
    for x, y in judging_feed(network, data).batches():
        xs.append(x)
        ys.append(y)
        seen += len(x)
        if seen >= count:
            break
    return torch.cat(xs)[:count], torch.cat(ys)[:count]
