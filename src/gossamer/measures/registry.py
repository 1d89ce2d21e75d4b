"""The family of measures: each a function to one number, with its range and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gossamer.measures import (
    adjacency,
    community,
    degrees,
    expansion,
    laplacian,
    neighbourhoods,
    paths,
    ramanujan,
    resistance,
    storage,
)
from gossamer.measures.deep_persistence import deep_graph_persistence
from gossamer.measures.folding import Graph, Weights, layers_of, weights_of
from gossamer.measures.persistence import neural_persistence


@dataclass(frozen=True)
class Cost:
    """How much work a measure is, and how much is too much for a table."""

    name: str
    work: Callable[[Graph], float] = field(repr=False)
    limit: float
    unit: str

    def excess(self, g: Graph) -> str | None:
        """Why `g` is too large, or None."""
        work = self.work(g)
        return f"{work:.3g} {self.unit} exceed {self.limit:.3g}" if work > self.limit else None


def _edges(g: Graph) -> float:
    return float(sum(layer.num_edges for layer in layers_of(g)))


def _sides(g: Graph) -> tuple[int, int]:
    """Neurons of even layers and of odd layers."""
    layers = layers_of(g)
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
    return sum(widths[::2]), sum(widths[1::2])


def _size(g: Graph) -> float:
    return _edges(g) + sum(_sides(g))


LINEAR = Cost("linear", _size, 5e8, "edges and neurons")
ITERATIVE = Cost("iterative", _size, 5e7, "edges and neurons")
SPLITS = Cost("splits", _edges, 2e5, "edges")
WEDGES = Cost("wedges", lambda g: float(neighbourhoods.wedges(g)), 3e8, "pairs of edges")
SEARCH = Cost("search", lambda g: _edges(g) * sum(_sides(g)) / 64, 1e10, "edge visits")
INVERSE = Cost("inverse", lambda g: float(min(_sides(g))), float(resistance.SMALL_SIDE_LIMIT), "neurons a side")
SUMMARY = Cost("summary", lambda g: _edges(g) * layers_of(g)[0].in_features, 1e10, "edge-input pairs")
COSTS = (LINEAR, ITERATIVE, SPLITS, WEDGES, SEARCH, INVERSE, SUMMARY)
"""What a measure may cost, each with the work that is too much for a table."""


@dataclass(frozen=True)
class Measure:
    """One number of a junction or a network.

    Attributes:
        name: its name in tables and studies.
        function: takes the graph, and its weights if `needs_weights`.
        low: least value.
        high: largest value of any graph, inf where it grows with the graph.
        cost: what it costs.
        needs_weights: whether it is a function of weights too.
        may_be_undefined: whether it is nan on some graphs.
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    low: float
    high: float
    cost: Cost
    needs_weights: bool = False
    may_be_undefined: bool = False

    def __call__(self, g: Graph, weights: Weights | None = None) -> float | int:
        """The value on `g`; an int where the measure counts.

        Raises:
            TypeError: the measure needs weights and has none.
        """
        if not self.needs_weights:
            return self.function(g)  # type: ignore[no-any-return]
        if weights is None:
            raise TypeError(f"weights=None: {self.name} is a measure of weights.")
        return self.function(g, weights)  # type: ignore[no-any-return]


def _matrices(g: Graph, weights: Weights) -> list[Any]:
    return [layer.to_scipy(w) for layer, w in zip(layers_of(g), weights_of(g, weights), strict=True)]


def _weight_variance(g: Graph, weights: Weights) -> float:
    return neural_persistence(_matrices(g, weights)).weight_variance


_INF = math.inf

_LINEAR = (
    Measure("num_edges", lambda g: int(_edges(g)), 0, _INF, LINEAR),
    Measure("density", lambda g: _edges(g) / storage.dense_storage_bytes(g), 0, 1, LINEAR),
    Measure("components", degrees.components, 1, _INF, LINEAR),
    Measure("dead_inputs", lambda g: degrees.dead_units(g).inputs, 0, _INF, LINEAR),
    Measure("dead_outputs", lambda g: degrees.dead_units(g).outputs, 0, _INF, LINEAR),
    Measure("fan_in_mean", lambda g: degrees.fan_in_statistics(g).mean, 0, _INF, LINEAR),
    Measure("fan_in_cv", lambda g: degrees.fan_in_statistics(g).cv, 0, _INF, LINEAR),
    Measure("fan_in_gini", lambda g: degrees.fan_in_statistics(g).gini, 0, 1, LINEAR),
    Measure("fan_out_mean", lambda g: degrees.fan_out_statistics(g).mean, 0, _INF, LINEAR),
    Measure("fan_out_cv", lambda g: degrees.fan_out_statistics(g).cv, 0, _INF, LINEAR),
    Measure("fan_out_gini", lambda g: degrees.fan_out_statistics(g).gini, 0, 1, LINEAR),
    Measure("mean_degree", degrees.node_strength, 0, _INF, LINEAR),
    Measure("effective_paths", paths.effective_paths, 0, _INF, LINEAR),
    Measure("log_effective_paths", paths.log_effective_paths, -_INF, _INF, LINEAR),
    Measure("effective_nodes", paths.effective_nodes, 0, _INF, LINEAR),
    Measure("node_path_balance", paths.node_path_balance, 0, _INF, LINEAR),
    Measure("degree_assortativity", neighbourhoods.degree_assortativity, -1, 1, LINEAR, may_be_undefined=True),
    Measure("forman_curvature", expansion.mean_forman_curvature, -_INF, 2, LINEAR, may_be_undefined=True),
    Measure("storage_bytes", storage.storage_bytes, 0, _INF, LINEAR),
    Measure("storage_ratio", storage.storage_ratio, 0, _INF, LINEAR),
)

_STRUCTURAL = (
    Measure("algebraic_connectivity", laplacian.algebraic_connectivity, 0, _INF, ITERATIVE),
    Measure("spectral_gap", laplacian.spectral_gap, 0, _INF, ITERATIVE),
    Measure("spectral_radius", adjacency.spectral_radius, 0, _INF, ITERATIVE),
    Measure("second_singular_value", adjacency.second_singular_value, 0, _INF, ITERATIVE),
    Measure("adjacency_gap", adjacency.adjacency_gap, 0, _INF, ITERATIVE),
    Measure("normalised_gap", adjacency.normalised_gap, 0, 1, ITERATIVE),
    Measure("cheeger_low", lambda g: expansion.cheeger_bounds(g).low, 0, 0.5, ITERATIVE),
    Measure("cheeger_high", lambda g: expansion.cheeger_bounds(g).high, 0, 1, ITERATIVE),
    Measure("mixing_slack", expansion.spectral_mixing_slack, 0, 0.25, ITERATIVE),
    Measure("ramanujan_margin", adjacency.ramanujan_margin, -_INF, _INF, ITERATIVE),
    Measure("imdb", ramanujan.imdb, -_INF, _INF, ITERATIVE, may_be_undefined=True),
    Measure("modularity", community.spectral_modularity, 0, 1, SPLITS),
    Measure("reach", neighbourhoods.reach, 0, 1, WEDGES),
    Measure("clustering", neighbourhoods.clustering, 0, 1, WEDGES),
    Measure("average_path_length", neighbourhoods.average_path_length, 0, _INF, SEARCH),
    Measure("kirchhoff_index", resistance.kirchhoff_index, 0, _INF, INVERSE),
    Measure("mean_effective_resistance", resistance.mean_effective_resistance, 0, _INF, INVERSE),
)

_WEIGHTED = tuple(
    Measure(name, function, low, high, cost, needs_weights=True, may_be_undefined=name == "weighted_gap")
    for name, function, low, high, cost in (
        ("node_strength", degrees.node_strength, 0, _INF, LINEAR),
        ("log_synflow", paths.log_synflow, -_INF, _INF, LINEAR),
        ("log_path_kernel_trace", paths.log_path_kernel_trace, -_INF, _INF, LINEAR),
        ("neural_persistence", lambda g, w: neural_persistence(_matrices(g, w)).mean, 0, math.sqrt(2), LINEAR),
        ("weight_variance", _weight_variance, 0, 0.25, LINEAR),
        ("weighted_algebraic_connectivity", laplacian.algebraic_connectivity, 0, _INF, ITERATIVE),
        ("weighted_laplacian_gap", laplacian.spectral_gap, 0, _INF, ITERATIVE),
        ("weighted_spectral_radius", adjacency.spectral_radius, 0, _INF, ITERATIVE),
        ("weighted_adjacency_gap", adjacency.adjacency_gap, 0, _INF, ITERATIVE),
        ("weighted_normalised_gap", adjacency.normalised_gap, 0, 1, ITERATIVE),
        ("weighted_gap", ramanujan.weighted_spectral_gap, 0, _INF, ITERATIVE),
        ("weighted_kirchhoff_index", resistance.kirchhoff_index, 0, _INF, INVERSE),
        (
            "deep_graph_persistence",
            lambda g, w: deep_graph_persistence(_matrices(g, w)).normalised,
            0,
            math.sqrt(2),
            SUMMARY,
        ),
    )
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in (*_LINEAR, *_STRUCTURAL, *_WEIGHTED)}
"""Every measure by name. The conformance suite tests each one."""

CHEAP = tuple(name for name, measure in MEASURES.items() if measure.cost is LINEAR and not measure.needs_weights)
"""The measures of a topology whose time is linear in its edges."""


def is_value(value: float | int) -> bool:
    """Whether a measure is defined there: not nan."""
    return isinstance(value, int) or not bool(np.isnan(value))
