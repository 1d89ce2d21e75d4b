"""What is said of a network beside its accuracy: which graph is measured, and how many bytes it takes."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gossamer.errors import TopologyWarning
from gossamer.measures.table import measure_all
from gossamer.topology import Topology

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from gossamer.studies.architecture import Architecture

DEFAULT_MEASURES = ("algebraic_connectivity", "spectral_gap", "components", "log_effective_paths")
"""What every run of a study is measured by, unless it says otherwise: of the graph of its sparse junctions."""


def sparse_junctions(architecture: Architecture) -> slice:
    """The junctions whose graph is measured: from the first sparse one to the last.

    Of a fully connected network these are all but the last, if it has several: the same place as of a sparse one.
    """
    counts = architecture.edges
    sparse = [number for number, count in enumerate(counts) if count is not None]
    if architecture.family is None or not sparse:
        return slice(0, max(1, len(counts) - 1))
    return slice(sparse[0], sparse[-1] + 1)


def measured(
    topology: Topology, weights: list[NDArray[np.floating]] | None, names: Iterable[str]
) -> dict[str, float | int | None]:
    """The measures of a graph by name; None where one is too costly or did not converge."""
    graph = topology if len(topology.layers) > 1 else topology.layers[0]
    scope = "network" if len(topology.layers) > 1 else "layer 0"
    values = weights if weights is None or len(weights) > 1 else weights[0]
    entries = measure_all(graph, values, names=names)
    return {entry.measure: entry.value for entry in entries if entry.scope == scope}


def parameter_bytes(model: nn.Module) -> int:
    """Bytes of the weights and biases."""
    return sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """No warning of dead units or several components: a study's table says so of every run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        yield
