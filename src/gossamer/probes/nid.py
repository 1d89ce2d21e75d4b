"""Neural interaction detection: which features a network can combine, read from its weights.

References:
    Tsang, Cheng, Liu, "Detecting Statistical Interactions from Neural Network Weights", ICLR 2018, arXiv 1705.04977:
    equations 2 and 3, and the greedy ranking (algorithm 1) with subsets pruned as in the authors' code. Departures:
    edges that do not exist are never visited, and candidates of strength 0 are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import InvalidTopologyError, require_int
from gossamer.probes.contributions import sums_over_units
from gossamer.probes.interactions import Interactions
from gossamer.probes.nested import as_arrays, nested_sets, without_subsets
from gossamer.probes.weights import layers_of

if TYPE_CHECKING:
    import scipy.sparse
    from torch import nn

_SETS = "strength(S) = sum_s z_s min_{i in S} |W1_si|,  z = |W_L| ... |W_2|"
_NESTED = f"{_SETS}, S the k strongest inputs of unit s, k = 2, 3, ...; sets inside stronger ones left out"


def nid(
    weights: Iterable[Any] | nn.Module, order: int | None = 2, *, output: int | None = None, most: int = 100
) -> Interactions:
    """Strengths of sets of features by neural interaction detection, in time linear in what each unit can combine.

    Args:
        weights: one (O, I) array or scipy matrix a layer, the last (1, H); or a multilayer perceptron of torch modules.
        order: number of features in a set; None for the paper's ranking of sets of any order.
        output: of a network with several outputs the one that is looked at; None adds them up.
        most: with `order=None`, the most sets that are returned, strongest first.

    Returns:
        A mapping from ascending tuples of features to strengths of at least 0.

    Raises:
        InvalidTopologyError: no hidden layer, a single feature, widths that do not fit, weights that are not finite.
        TypeError: a model that is no multilayer perceptron.
        ValueError: an order that there are not enough features for, an output that does not exist, too many sets.

    >>> found = nid([[[3.0, 2.0, 0.5], [0.1, 1.0, 1.0]], [[2.0, 1.0]]])
    >>> {pair: round(strength, 6) for pair, strength in found.items()}
    {(0, 1): 4.1, (0, 2): 1.1, (1, 2): 2.0}
    """
    layers = magnitudes_of(weights, order, output)
    z = np.ones(layers[-1].shape[0])
    for layer in layers[:0:-1]:
        z = layer.T @ z
    first = layers[0]
    disconnected = unreached(first, z > 0)
    if order is None:
        candidates = nested_sets(first, lambda values, unit: values[1:] * z[unit])
        found = as_arrays(without_subsets(candidates, require_int("most", most, low=1)))
        return Interactions("NID", _NESTED, first.shape[1], None, *found, disconnected)
    sums = sums_over_units(first, order, lambda least, unit: least * z[unit])
    return Interactions("NID", _SETS, first.shape[1], order, *sums, disconnected)


def magnitudes_of(
    weights: Iterable[Any] | nn.Module, order: int | None, output: int | None
) -> list[scipy.sparse.csr_array]:
    """|W| of each layer, checked for what detectors need; of the last layer only the row that is asked for."""
    layers = [abs(layer) for layer in layers_of(weights)]
    features, outputs = layers[0].shape[1], layers[-1].shape[0]
    if features < 2:
        raise InvalidTopologyError(f"the network has {features} feature; an interaction needs at least 2.")
    if order is not None:
        require_int("order", order, low=2, high=features)
    if output is not None:
        row = require_int("output", output, low=0, high=outputs - 1)
        layers[-1] = layers[-1][[row]]
    layers[0].sort_indices()
    return layers


def unreached(layer: scipy.sparse.csr_array, alive: NDArray[np.bool_]) -> tuple[int, ...]:
    """The inputs of a layer that feed no unit that is alive."""
    reached = np.zeros(layer.shape[1], dtype=bool)
    reached[layer.indices[np.repeat(alive, np.diff(layer.indptr))]] = True
    return tuple(np.flatnonzero(~reached).tolist())
