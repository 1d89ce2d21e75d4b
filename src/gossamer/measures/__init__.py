"""Pure functions of a topology (and weights) that give numbers."""

from gossamer.measures.adjacency import (
    adjacency_gap,
    normalised_gap,
    ramanujan_margin,
    singular_values,
    spectral_radius,
)
from gossamer.measures.degrees import (
    DeadUnits,
    DegreeStatistics,
    component_labels,
    components,
    dead_units,
    degree_statistics,
    fan_in_statistics,
    fan_out_statistics,
)
from gossamer.measures.laplacian import algebraic_connectivity, laplacian_eigenvalues, spectral_gap
from gossamer.measures.paths import effective_paths, log_effective_paths

__all__ = [
    "DeadUnits",
    "DegreeStatistics",
    "adjacency_gap",
    "algebraic_connectivity",
    "component_labels",
    "components",
    "dead_units",
    "degree_statistics",
    "effective_paths",
    "fan_in_statistics",
    "fan_out_statistics",
    "laplacian_eigenvalues",
    "log_effective_paths",
    "normalised_gap",
    "ramanujan_margin",
    "singular_values",
    "spectral_gap",
    "spectral_radius",
]
