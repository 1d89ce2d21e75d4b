"""Gossamer: sparse neural networks seen as graphs.

The flow: topology -> network -> training -> measurement -> comparison -> study -> report. Each step is a
subpackage, imported when first used, so that `import gossamer` costs NumPy alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gossamer.topology import Bipartite, Grouped, Junction, Rotated, Topology

if TYPE_CHECKING:
    from gossamer import (
        distances,
        errors,
        generators,
        measures,
        nn,
        probes,
        pruning,
        reports,
        rewiring,
        runtime,
        studies,
        training,
        zoo,
    )

__version__ = "0.1.0"

_SUBPACKAGES = frozenset(
    {
        "distances",
        "errors",
        "generators",
        "measures",
        "nn",
        "probes",
        "pruning",
        "reports",
        "rewiring",
        "runtime",
        "studies",
        "training",
        "zoo",
    }
)

__all__ = [
    "Bipartite",
    "Grouped",
    "Junction",
    "Rotated",
    "Topology",
    "distances",
    "errors",
    "generators",
    "measures",
    "nn",
    "probes",
    "pruning",
    "reports",
    "rewiring",
    "runtime",
    "studies",
    "training",
    "zoo",
]


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"gossamer.{name}")
    raise AttributeError(f"module 'gossamer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
