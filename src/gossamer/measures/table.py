"""Many measures of a network and of each of its layers, with what was skipped and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, final

from gossamer.errors import ConvergenceError, require_known
from gossamer.measures.folding import Graph, Weights, layers_of, weights_of
from gossamer.measures.registry import MEASURES, Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NETWORK = "network"


class Measured(NamedTuple):
    """One measured number, or the reason why there is none."""

    scope: str
    """`layer 0`, `layer 1`, ..., or `network`."""
    measure: str
    value: float | int | None
    skipped: str | None


@final
class Measurements(tuple[Measured, ...]):
    """What was measured, scope by scope; it plots, and in a notebook it is a table.

    >>> from gossamer import Rotated
    >>> measure_all(Rotated([0, 1], in_features=4, out_features=4), names=["components"])
    (Measured(scope='layer 0', measure='components', value=1, skipped=None),)
    """

    __slots__ = ()

    def of(self, scope: str) -> dict[str, float | int]:
        """The numbers of a scope by measure, without those that were skipped.

        Raises:
            ValueError: nothing was measured of it.
        """
        require_known("scope", scope, dict.fromkeys(each.scope for each in self))
        return {each.measure: each.value for each in self if each.scope == scope and each.value is not None}

    def plot(self, ax: Axes | None = None, *, scope: str | None = None) -> Axes:
        """Draw the numbers of one scope, a row each, into `ax` or a new figure, and return the axes.

        Args:
            ax: where to draw.
            scope: which; the last if None, which is the whole network if that was measured.

        Raises:
            ValueError: nothing was measured, or nothing of that scope.
        """
        from gossamer.plots.bars import draw_bars

        if not self:
            raise ValueError("nothing was measured; there is nothing to draw.")
        chosen = self[-1].scope if scope is None else scope
        found = self.of(chosen)
        names = [each.measure for each in self if each.scope == chosen]
        values = {name.replace("_", " "): float(found.get(name, math.nan)) for name in names}
        return draw_bars(values, ax, x=f"value on the {chosen}" if chosen == NETWORK else f"value on {chosen}")

    def _repr_html_(self) -> str:
        from gossamer.plots.notebook import html_table

        scopes = list(dict.fromkeys(each.scope for each in self))
        cells = {(each.measure, each.scope): each.skipped if each.value is None else each.value for each in self}
        measures = dict.fromkeys(each.measure for each in self)
        rows = [[name.replace("_", " "), *(cells.get((name, scope), "") for scope in scopes)] for name in measures]
        return html_table(["measure", *scopes], rows)


def measure_all(
    g: Graph,
    weights: Weights | None = None,
    *,
    names: Iterable[str] = tuple(MEASURES),
    limits: bool = True,
    layers: bool = True,
    known: Mapping[str, Measure] = MEASURES,
) -> Measurements:
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
    >>> measure_all(Rotated([0, 1], in_features=4, out_features=4), names=["components", "density"]).of("layer 0")
    {'components': 1, 'density': 0.5}
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
    return Measurements(
        _measured(scope, measure, part, w, limits)
        for scope, part, w in parts
        for measure in chosen
        if weights is not None or not measure.needs_weights
    )


def _measured(scope: str, measure: Measure, g: Graph, weights: Weights | None, limits: bool) -> Measured:
    excess = measure.cost.excess(g) if limits else None
    if excess is not None:
        return Measured(scope, measure.name, None, f"too large: {excess}")
    try:
        return Measured(scope, measure.name, measure(g, weights), None)
    except ConvergenceError as error:
        return Measured(scope, measure.name, None, f"did not converge: {error}")
