"""Normalisations of PyTorch that take a weight for a matrix, and would take a sparse layer's for a vector."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

_NAMES = {
    "SpectralNorm": "spectral_norm",
    "_SpectralNorm": "spectral_norm",
    "WeightNorm": "weight_norm",
    "_WeightNorm": "weight_norm",
    "_Orthogonal": "orthogonal",
}
"""Classes of `torch.nn.utils` by what makes them; seen on PyTorch 2.13.0."""


def refuse_norms(layer: nn.Module) -> None:
    """Refuse normalisations whose norm would be that of single edges.

    Raises:
        ValueError: `spectral_norm`, `weight_norm` or `orthogonal` of `torch.nn.utils` on the layer.
    """
    for thing in _attached(layer):
        kind = type(thing)
        if kind.__module__.startswith("torch.nn.utils") and kind.__name__ in _NAMES:
            raise ValueError(
                f"{_NAMES[kind.__name__]} of torch.nn.utils takes a weight of shape (outputs, inputs). That of a "
                "sparse layer is (edges,): every edge would be normalised by itself, not an output. Take it off."
            )


def _attached(layer: nn.Module) -> Iterator[object]:
    yield from layer._forward_pre_hooks.values()  # the older functions, which compute the weight before each call
    for module in layer.modules():
        if isinstance(module, ParametrizationList):
            yield from module
