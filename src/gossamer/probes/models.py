"""What probes ask of a model before they look into it: that it is one, and that its loss is a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    Loss = Callable[[Tensor, Tensor], Tensor]


def require_model(model: Any) -> nn.Module:
    """The model, if it is a torch module.

    Raises:
        TypeError: it is something else.
    """
    from torch import nn

    if not isinstance(model, nn.Module):
        raise TypeError(f"model={model!r} is {type(model).__name__}, not a torch module.")
    return model


def finite_loss(model: nn.Module, inputs: Tensor, targets: Tensor, loss: Loss) -> float:
    """The loss of a model in evaluation mode; its mode is as it was afterwards.

    Raises:
        ValueError: no examples, as many targets as there are not examples, targets that the loss does not take, a loss
            that is not finite.
        TypeError: no torch module.
    """
    import torch

    if not len(inputs) or len(inputs) != len(targets):
        raise ValueError(f"there are {len(inputs)} inputs and {len(targets)} targets; as many are needed, at least 1.")
    training = require_model(model).training
    model.eval()
    try:
        with torch.no_grad():
            value = float(loss(model(inputs), targets))
    except IndexError as error:  # torch's word for a class that there is no output for
        raise ValueError(f"the targets do not fit the model: {error}") from error
    finally:
        model.train(training)
    if not math.isfinite(value):
        raise ValueError(f"the loss of the network is {value}; look at its weights, the inputs and the targets.")
    return value
