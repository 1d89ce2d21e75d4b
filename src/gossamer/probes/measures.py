"""Probes that give one number of a graph and its weights: measures for tables and studies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gossamer.measures import Cost, Measure
from gossamer.measures.folding import Graph, Weights, layers_of, weights_of
from gossamer.probes.interactions import Interactions
from gossamer.probes.nid import nid
from gossamer.probes.pid import pid
from gossamer.probes.regions import count_regions

if TYPE_CHECKING:
    import scipy.sparse

_SHARE = 0.01


def _pairs(g: Graph) -> float:
    """Pairs of inputs of the first layer's units."""
    fans = layers_of(g)[0].fan_in.astype(np.int64)
    return float((fans * (fans - 1) // 2).sum())


PAIRS = Cost("pairs", _pairs, 3e7, "pairs of inputs")
ROWS = Cost("rows", lambda g: float(layers_of(g)[0].num_edges), 1e6, "edges")


def disconnected_features(g: Graph, weights: Weights) -> float:
    """Inputs that no path of live edges joins to an output; NaN of a junction alone."""
    found = _found(g, weights, "nid")
    return math.nan if found is None else float(len(found.disconnected))


def interaction_concentration(g: Graph, weights: Weights) -> float:
    """Share of all pairs' NID strengths that the strongest hundredth of the pairs holds; NaN where there is none."""
    found = _found(g, weights, "nid")
    if found is None or not len(found.strengths):
        return math.nan
    most = max(1, round(_SHARE * len(found)))
    ranked = np.sort(found.strengths)[::-1]
    return float(ranked[:most].sum() / ranked.sum())


def strongest_interaction(g: Graph, weights: Weights) -> float:
    """Largest PID strength of a pair, in our reading; NaN of a junction alone."""
    found = _found(g, weights, "pid")
    return math.nan if found is None else float(found.strengths.max(initial=0.0))


def log10_regions(g: Graph) -> float:
    """Logarithm of the regions that the first layer makes with generic weights; NaN where counting takes too long."""
    try:
        return math.log10(count_regions(layers_of(g)[0]))
    except ValueError:
        return math.nan


def _found(g: Graph, weights: Weights, detector: str) -> Interactions | None:
    layers: list[scipy.sparse.csr_array] = [
        layer.to_scipy(w) for layer, w in zip(layers_of(g), weights_of(g, weights), strict=True)
    ]
    if len(layers) < 2 or layers[0].shape[1] < 2:
        return None
    return nid(layers) if detector == "nid" else pid(layers)


MEASURES: dict[str, Measure] = {
    each.name: each
    for each in (
        Measure("disconnected_features", disconnected_features, 0, math.inf, PAIRS, True, True),
        Measure("interaction_concentration", interaction_concentration, 0, 1, PAIRS, True, True),
        Measure("strongest_interaction", strongest_interaction, 0, math.inf, PAIRS, True, True),
        Measure("log10_regions", log10_regions, 0, math.inf, ROWS, may_be_undefined=True),
    )
}
"""By name; `gossamer.studies` knows them beside `gossamer.measures.MEASURES`."""
