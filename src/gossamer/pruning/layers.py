"""The dense layers of a model."""

from __future__ import annotations

from torch import Tensor, nn

from gossamer.errors import InvalidTopologyError


def dense_layers(model: nn.Module) -> dict[str, nn.Linear]:
    """The `nn.Linear` layers of a model, by name, in the model's order.

    Raises:
        InvalidTopologyError: there is none.
        TypeError: `model` is no module.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}, not a torch.nn.Module.")
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    if not layers:
        raise InvalidTopologyError(f"the model, {type(model).__name__}, has no nn.Linear layer to prune.")
    return layers


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The weights (O, I) of the dense layers, by name."""
    return {name: layer.weight for name, layer in dense_layers(model).items()}
