"""Pure functions of a topology (and weights) that give numbers; `MEASURES` lists those that give one number."""

from gossamer.measures.adjacency import (
    adjacency_gap,
    normalised_gap,
    ramanujan_margin,
    second_singular_value,
    singular_values,
    spectral_radius,
)
from gossamer.measures.community import modularity, spectral_communities, spectral_modularity
from gossamer.measures.deep_persistence import DeepGraphPersistence, deep_graph_persistence
from gossamer.measures.degrees import (
    DeadUnits,
    DegreeStatistics,
    component_labels,
    components,
    dead_units,
    degree_statistics,
    fan_in_statistics,
    fan_out_statistics,
    node_strength,
)
from gossamer.measures.expansion import (
    CheegerBounds,
    cheeger_bounds,
    expander_mixing_slack,
    forman_curvature,
    mean_forman_curvature,
    spectral_mixing_slack,
)
from gossamer.measures.laplacian import algebraic_connectivity, laplacian_eigenvalues, spectral_gap
from gossamer.measures.neighbourhoods import average_path_length, clustering, degree_assortativity, reach
from gossamer.measures.paths import (
    effective_nodes,
    effective_paths,
    log_effective_paths,
    log_path_kernel_trace,
    log_synflow,
    node_path_balance,
)
from gossamer.measures.persistence import NeuralPersistence, neural_persistence
from gossamer.measures.ramanujan import imdb, weighted_spectral_gap
from gossamer.measures.registry import CHEAP, COSTS, MEASURES, Cost, Measure
from gossamer.measures.resistance import edge_resistances, kirchhoff_index, mean_effective_resistance
from gossamer.measures.storage import dense_storage_bytes, storage_bytes, storage_ratio
from gossamer.measures.table import Measured, Measurements, measure_all

__all__ = [
    "CHEAP",
    "COSTS",
    "MEASURES",
    "CheegerBounds",
    "Cost",
    "DeadUnits",
    "DeepGraphPersistence",
    "DegreeStatistics",
    "Measure",
    "Measured",
    "Measurements",
    "NeuralPersistence",
    "adjacency_gap",
    "algebraic_connectivity",
    "average_path_length",
    "cheeger_bounds",
    "clustering",
    "component_labels",
    "components",
    "dead_units",
    "deep_graph_persistence",
    "degree_assortativity",
    "degree_statistics",
    "dense_storage_bytes",
    "edge_resistances",
    "effective_nodes",
    "effective_paths",
    "expander_mixing_slack",
    "fan_in_statistics",
    "fan_out_statistics",
    "forman_curvature",
    "imdb",
    "kirchhoff_index",
    "laplacian_eigenvalues",
    "log_effective_paths",
    "log_path_kernel_trace",
    "log_synflow",
    "mean_effective_resistance",
    "mean_forman_curvature",
    "measure_all",
    "modularity",
    "neural_persistence",
    "node_path_balance",
    "node_strength",
    "normalised_gap",
    "ramanujan_margin",
    "reach",
    "second_singular_value",
    "singular_values",
    "spectral_communities",
    "spectral_gap",
    "spectral_mixing_slack",
    "spectral_modularity",
    "spectral_radius",
    "storage_bytes",
    "storage_ratio",
    "weighted_spectral_gap",
]
