"""The first test examples of a data set, as the networks that learned from it take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def first_examples(network: nn.Module, data: str, count: int) -> tuple[Tensor, Tensor]:
    """Inputs, scaled by the training examples, and labels.

    Args:
        network: they are put into its dtype and shape.
        data: name of a data set.
        count: how many at most.

    Raises:
        ValueError: there is no such data set, or the network does not fit it.
        DataUnavailableError: it is not on this machine.
    """
    import torch

    from gossamer.studies.run import dataset
    from gossamer.training.material import judging_feed

    xs, ys, seen = [], [], 0
    for x, y in judging_feed(network, dataset(data)).batches():
        xs.append(x)
        ys.append(y)
        seen += len(x)
        if seen >= count:
            break
    return torch.cat(xs)[:count], torch.cat(ys)[:count]
