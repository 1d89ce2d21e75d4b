"""Runs that are named by all that decides their numbers, and grids of them. Names are imported when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.studies.architecture import Architecture
    from gossamer.studies.engines.clusters import Dask, Ray
    from gossamer.studies.engines.local import Engine, InProcess, Loky
    from gossamer.studies.experiment import Experiment, Outcome
    from gossamer.studies.run import Run
    from gossamer.studies.store.trained import trained_network
    from gossamer.studies.study import Execution, Study

_HOMES = {
    "architecture": ("Architecture",),
    "engines.clusters": ("Dask", "Ray"),
    "engines.local": ("Engine", "Loky", "InProcess"),
    "experiment": ("Experiment", "Outcome"),
    "run": ("Run",),
    "store.trained": ("trained_network",),
    "study": ("Execution", "Study"),
}

__all__ = [
    "Architecture",
    "Dask",
    "Engine",
    "Execution",
    "Experiment",
    "InProcess",
    "Loky",
    "Outcome",
    "Ray",
    "Run",
    "Study",
    "trained_network",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"gossamer.studies.{module}"), name)
    raise AttributeError(f"module 'gossamer.studies' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
