"""The layers of a multilayer perceptron as sparse matrices, from arrays or from a model."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.errors import InvalidTopologyError
from gossamer.measures.persistence import as_matrices

if TYPE_CHECKING:
    import scipy.sparse
    from torch import nn


def layers_of(weights: Iterable[Any] | nn.Module, *, hidden: int = 1) -> list[scipy.sparse.csr_array]:
    """The weights (O, I) of each layer as float64 CSR matrices without zeros; nothing sparse is made dense.

    Args:
        weights: one (O, I) array or scipy matrix a layer, first layer first; or a torch model that is a multilayer
            perceptron, see `gossamer.probes.chain.layers_in_order`.
        hidden: how many hidden layers there are at least.

    Raises:
        InvalidTopologyError: no layer, too few hidden ones, widths that do not fit, weights that are not finite.
        TypeError: a model that is no multilayer perceptron.

    >>> [layer.shape for layer in layers_of([[[1.0, 0.0], [2.0, 3.0]], [[1.0, 1.0]]])]
    [(2, 2), (1, 2)]
    """
    if isinstance(weights, str) or not (_is_model(weights) or isinstance(weights, Iterable)):
        raise TypeError(f"weights={weights!r} is {type(weights).__name__}: neither a model nor one array a layer.")
    layers = as_matrices(_matrices_of(weights) if _is_model(weights) else weights)  # type: ignore[arg-type]
    for number, (before, after) in enumerate(itertools.pairwise(layers)):
        if before.shape[0] != after.shape[1]:
            raise InvalidTopologyError(
                f"weights[{number}] has {before.shape[0]} outputs but weights[{number + 1}] has "
                f"{after.shape[1]} inputs; they must be equal."
            )
    if len(layers) - 1 < hidden:
        raise InvalidTopologyError(
            f"the network has {len(layers) - 1} hidden layers; at least {hidden} is needed, so {hidden + 1} matrices."
        )
    return layers


def _is_model(weights: Any) -> bool:
    torch = sys.modules.get("torch")  # who has a model has imported torch
    return torch is not None and isinstance(weights, torch.nn.Module)


def _matrices_of(model: nn.Module) -> Iterator[Any]:
    from gossamer.nn import SparseLinear
    from gossamer.probes.chain import layers_in_order

    for layer in layers_in_order(model):
        weight = _array(layer.weight)
        yield layer.topology().to_scipy(weight) if isinstance(layer, SparseLinear) else weight


def _array(weight: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    array: np.ndarray[Any, np.dtype[np.float64]] = weight.detach().cpu().double().numpy()
    return array
