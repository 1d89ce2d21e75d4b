"""Persistence interaction detection: which features meet in the network while weak edges are taken away.

References:
    Liu, Song, Zhou, Wang, Shan, Hu, "Detecting Interactions from Neural Networks via Topological Analysis", NeurIPS
    2020, arXiv 2010.13015. The paper's exact definition was not available: this is our reading of it, built on
    capacities of paths, and its numbers are not those of the authors' code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import require_int
from gossamer.probes.capacities import to_outputs, widest_paths
from gossamer.probes.contributions import sums_over_units
from gossamer.probes.interactions import Interactions
from gossamer.probes.nested import as_arrays, nested_sets
from gossamer.probes.nid import magnitudes_of, unreached

if TYPE_CHECKING:
    from torch import nn

_WHERE = "B_si capacity of feature i to unit s, t_s of unit s to the output, both max over paths of min |w| / max |w|"
_SETS = f"strength(S) = (sum_s min(min_(i in S) B_si, t_s)^p)^(1/p); {_WHERE}"
_NESTED = f"strength(S) = (sum_s (min(B_s(k), t_s) - min(B_s(k+1), t_s))^p)^(1/p), S the first k of unit s; {_WHERE}"


def pid(
    weights: Iterable[Any] | nn.Module,
    order: int | None = 2,
    *,
    output: int | None = None,
    layer: int = 0,
    p: float = 2.0,
) -> Interactions:
    """Strengths of sets of features by persistence, in our reading.

    w' = |w| / max |w| over all layers. While edges are taken away, weakest first, a unit of the target layer holds its
    first k features together with the output from birth min(B_(k), t) down to death min(B_(k+1), t), features sorted
    by capacity B. Births and deaths move at most by the largest change of a w'.

    Args:
        weights: one (O, I) array or scipy matrix a layer, the last (1, H); or a multilayer perceptron of torch modules.
        order: number of features in a set; None for sets of any order by the persistence of each.
        output: of a network with several outputs the one that is looked at; None takes the best reached.
        layer: number of the hidden layer whose units are looked at, 0 the first.
        p: of the norm over units, at least 1.

    Returns:
        A mapping from ascending tuples of features to strengths of at least 0.

    Raises:
        InvalidTopologyError: no hidden layer, a single feature, widths that do not fit, weights that are not finite.
        TypeError: a model that is no multilayer perceptron.
        ValueError: an order, output, layer or p that is not allowed, or too many sets.

    >>> found = pid([[[3.0, 2.0, 0.5], [0.1, 1.0, 1.0]], [[2.0, 1.0]]])
    >>> {pair: round(strength, 4) for pair, strength in found.items()}
    {(0, 1): 0.6675, (0, 2): 0.17, (1, 2): 0.3727}
    """
    layers = magnitudes_of(weights, order, output)
    target = require_int("layer", layer, low=0, high=len(layers) - 2)
    power = _require_norm(p)
    peak = max((float(each.data.max(initial=0.0)) for each in layers), default=0.0) or 1.0
    scaled = [each / peak for each in layers]
    B, t = widest_paths(scaled[: target + 1]), to_outputs(scaled[target + 1 :])
    features, disconnected = B.shape[1], unreached(B, t > 0)
    if order is None:
        candidates = nested_sets(B, lambda values, unit: _lifetimes(values, t[unit]) ** power)
        members, sums = as_arrays(candidates)
        return Interactions("PID", _NESTED, features, None, members, sums ** (1 / power), disconnected)
    members, sums = sums_over_units(B, order, lambda least, unit: np.minimum(least, t[unit]) ** power)
    return Interactions("PID", _SETS, features, order, members, sums ** (1 / power), disconnected)


def _lifetimes(values: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """Birth minus death of a unit's first two features, first three, ...; the last set dies at 0."""
    births: NDArray[np.float64] = np.minimum(values[1:], t)
    deaths: NDArray[np.float64] = np.append(births[1:], 0.0)
    return births - deaths


def _require_norm(p: float) -> float:
    if isinstance(p, bool) or not isinstance(p, (int, float, np.floating, np.integer)):
        raise TypeError(f"p={p!r} is {type(p).__name__}, not a number.")
    if not 1 <= p < np.inf:
        raise ValueError(f"p={p} is not allowed: it must be finite and at least 1.")
    return float(p)
