"""Many measures of a network and of each of its layers, with what was skipped and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gossamer.errors import ConvergenceError, require_known
from gossamer.measures.folding import Graph, Weights, layers_of, weights_of
from gossamer.measures.registry import MEASURES, Measure

NETWORK = "network"


class Measured(NamedTuple):
    """One measured number, or the reason why there is none."""

    scope: str
    """`layer 0`, `layer 1`, ..., or `network`."""
    measure: str
    value: float | int | None
    skipped: str | None


def measure_all(
    g: Graph,
    weights: Weights | None = None,
    *,
    names: Iterable[str] = tuple(MEASURES),
    limits: bool = True,
    layers: bool = True,
    known: Mapping[str, Measure] = MEASURES,
) -> list[Measured]:
    """Take measures of each layer and, if there are several, of the whole network.

    Args:
        g: a junction or a network.
        weights: edge weights; without them measures of weights are left out.
        names: which measures, see `MEASURES`.
        limits: whether to skip what would take too long.
        layers: whether to measure the layers of a network too, and not the whole network alone.
        known: measures by name, where there are others than `MEASURES`.

    Raises:
        ValueError: a name that no measure has.

    >>> from gossamer import Rotated
    >>> measure_all(Rotated([0, 1], in_features=4, out_features=4), names=["components"])
    [Measured(scope='layer 0', measure='components', value=1, skipped=None)]
    """
    chosen = [require_known("measure", name, known) for name in names]
    junctions = layers_of(g)
    parts: list[tuple[str, Graph, Weights | None]] = []
    if layers or len(junctions) == 1:
        values = [None] * len(junctions) if weights is None else list(weights_of(g, weights))
        parts += [
            (f"layer {number}", layer, w) for number, (layer, w) in enumerate(zip(junctions, values, strict=True))
        ]
    if len(junctions) > 1:
        parts.append((NETWORK, g, weights))
    return [
        _measured(scope, measure, part, w, limits)
        for scope, part, w in parts
        for measure in chosen
        if weights is not None or not measure.needs_weights
    ]


def _measured(scope: str, measure: Measure, g: Graph, weights: Weights | None, limits: bool) -> Measured:
    excess = measure.cost.excess(g) if limits else None
    if excess is not None:
        return Measured(scope, measure.name, None, f"too large: {excess}")
    try:
        return Measured(scope, measure.name, measure(g, weights), None)
    except ConvergenceError as error:
        return Measured(scope, measure.name, None, f"did not converge: {error}")
