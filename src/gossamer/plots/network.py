"""A whole network as a drawing: layers as columns of neurons, edges in bundles, dead neurons told from live ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, require_int
from gossamer.plots.canvas import axes_or_new
from gossamer.plots.matrix import Graph
from gossamer.plots.style import COLOURS, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_EDGES = 4000
"""Edges of a junction that are drawn; of more, these many, spread evenly."""

MOST_NEURONS = 600
"""Neurons of a layer that are drawn as dots."""

_BUNDLED = 0.8
"""How far an edge leaves its straight way for its bundle's, 0 to 1."""

_LIVE, _DEAD = "#1d2433", COLOURS[3]
_POSITIVE, _NEGATIVE = COLOURS[0], COLOURS[3]
_GOLDEN = 0.6180339887498949

Bools = NDArray[np.bool_]


def live_neurons(junctions: Sequence[Graph]) -> list[Bools]:
    """Of each layer, which neurons lie on a way from an input of the network to an output, (N,) each.

    A neuron without such a way is dead: what it computes depends on no input, or reaches no output.

    >>> from gossamer.topology import Bipartite
    >>> g, h = Bipartite.from_mask([[1, 0], [0, 0]]), Bipartite.from_mask([[1, 1]])
    >>> [layer.tolist() for layer in live_neurons([g, h])]
    [[True, False], [True, False], [True]]
    """
    reached = [np.ones(junctions[0].in_features, dtype=bool)]
    for g in junctions:
        reached.append(_touched(g, reached[-1], forward=True))
    useful = [np.ones(junctions[-1].out_features, dtype=bool)]
    for g in reversed(junctions):
        useful.insert(0, _touched(g, useful[0], forward=False))
    return [a & b for a, b in zip(reached, useful, strict=True)]


def draw_network(
    junctions: Sequence[Graph],
    ax: Axes | None = None,
    *,
    weights: Sequence[ArrayLike] | None = None,
    most_edges: int = MOST_EDGES,
) -> Axes:
    """Draw the layers from left to right.

    Edges between neighbouring neurons run together, so that the eye sees how blocks of neurons are joined. Live neurons
    are dark, dead ones (see `live_neurons`) red and open, their edges grey. What is left out is told above the drawing.

    Args:
        junctions: whose widths fit, inputs first.
        ax: where to draw; a new figure if None.
        weights: one array (E,) a junction, in edge order; edges are then blue where positive, red where negative, and
            the stronger the darker.
        most_edges: of a junction that are drawn, at least 1: of more, so many spread evenly, or the strongest ones.

    References:
        Bundles of fixed ends, one for each pair of blocks, after D. Holten, "Hierarchical edge bundles: visualization
        of adjacency relations in hierarchical data", IEEE TVCG 12(5), 2006, with blocks of neighbours as hierarchy.

    Raises:
        InvalidTopologyError: as many arrays of weights as junctions, and as many numbers as edges, are needed.
    """
    require_int("most_edges", most_edges, low=1)
    values = _checked(junctions, weights)
    widths = [junctions[0].in_features, *(g.out_features for g in junctions)]
    ax = axes_or_new(ax, width=2.0 + 2.1 * len(junctions), height=4.6)
    heights = [_places(width, max(widths)) for width in widths]
    live = live_neurons(junctions)
    shown = 0
    for k, g in enumerate(junctions):
        value = None if values is None else values[k]
        chosen = _chosen(g, value, most_edges)
        shown += len(chosen)
        inputs, outputs = (ends[chosen] for ends in g.edges())
        colours = _colours(None if value is None else value[chosen], live[k][inputs] & live[k + 1][outputs])
        _draw_edges(ax, k, _bundled(inputs, outputs, (heights[k], heights[k + 1])), colours)
    for k, (places, alive) in enumerate(zip(heights, live, strict=True)):
        _draw_neurons(ax, k, places, alive)
        _name(ax, k, alive, last=len(junctions))
    _frame(ax, _words(junctions, shown, live), last=len(junctions))
    return ax


def _touched(g: Graph, known: Bools, *, forward: bool) -> Bools:
    """The neurons at the other ends of the edges of known neurons."""
    inputs, outputs = g.edges()
    near, far, size = (inputs, outputs, g.out_features) if forward else (outputs, inputs, g.in_features)
    found = np.zeros(size, dtype=bool)
    found[far[known[near]]] = True
    return found


def _checked(junctions: Sequence[Graph], weights: Sequence[ArrayLike] | None) -> list[NDArray[np.float64]] | None:
    if weights is None:
        return None
    values = [np.asarray(each, dtype=np.float64).ravel() for each in weights]
    sizes = [g.num_edges for g in junctions]
    if [len(each) for each in values] != sizes:
        raise InvalidTopologyError(f"weights has {[len(each) for each in values]} numbers; the edges are {sizes}.")
    return values


def _places(width: int, widest: int) -> NDArray[np.float64]:
    """Heights of a layer's neurons, from the top; a narrow layer stands closer together, but not in proportion."""
    reach = 0.5 * (width / widest) ** 0.4 if width > 1 else 0.0
    return np.linspace(0.5 + reach, 0.5 - reach, width)


def _chosen(g: Graph, values: NDArray[np.float64] | None, most: int) -> NDArray[np.int64]:
    """The edges that are drawn: all, or the strongest, or some evenly spread without a rhythm of their own."""
    if g.num_edges <= most:
        return np.arange(g.num_edges)
    if values is not None:
        return np.sort(np.argsort(-np.abs(values), kind="stable")[:most])
    order = np.argsort(np.arange(g.num_edges) * _GOLDEN % 1.0, kind="stable")
    return np.sort(order[:most])


def _draw_edges(ax: Axes, k: int, curves: NDArray[np.float64], colours: NDArray[np.float64]) -> None:
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    across = k + np.array([0.0, 0.42, 0.58, 1.0])
    paths = [Path(np.column_stack([across, each]), codes) for each in curves]
    lines = PathCollection(paths, facecolors="none", edgecolors=colours, linewidths=0.7, zorder=1)
    lines.set_rasterized(len(paths) > 2000)
    ax.add_collection(lines, autolim=False)


def _bundled(
    inputs: NDArray[np.int32], outputs: NDArray[np.int32], layers: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Heights of the four points of each edge's curve, (E, 4): in its middle it runs with those of its bundle."""
    start, end = layers[0][inputs], layers[1][outputs]
    from_, to = (_centres(places, ends) for places, ends in zip(layers, (start, end), strict=True))
    near, far = (1 - _BUNDLED) * start + _BUNDLED * from_, (1 - _BUNDLED) * end + _BUNDLED * to
    return np.column_stack([start, near, far, end])


def _centres(places: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle of the block of neighbouring neurons in which each end lies; a layer has about sqrt(N) blocks."""
    blocks = max(1, min(16, round(len(places) ** 0.5)))
    top, bottom = float(places[0]), float(places[-1])
    size = (top - bottom) / blocks
    if size <= 0:
        return ends
    block = np.clip(((top - ends) / size).astype(np.int64), 0, blocks - 1)
    return np.asarray(top - (block + 0.5) * size)


def _colours(values: NDArray[np.float64] | None, alive: Bools) -> NDArray[np.float64]:
    """Of each edge (E, 4): the fainter the more there are; grey where it lies on no way from input to output."""
    from matplotlib.colors import to_rgba

    faint = min(0.75, max(0.05, 9.0 / max(len(alive), 1) ** 0.6))
    if values is None:
        return np.where(alive[:, None], to_rgba(COLOURS[0], faint), to_rgba(GREY, faint))
    strength = np.abs(values) / max(float(np.abs(values).max(initial=0.0)), 1e-300)
    found = np.where((values >= 0)[:, None], to_rgba(_POSITIVE), to_rgba(_NEGATIVE))
    found[:, 3] = np.clip(faint * (0.25 + 2.5 * strength), 0.02, 0.95)
    found[~alive, :3] = to_rgba(GREY)[:3]
    return np.asarray(found)


def _draw_neurons(ax: Axes, k: int, places: NDArray[np.float64], alive: Bools) -> None:
    """Dots, the dead ones above the others so that none is hidden."""
    seen = np.unique(np.linspace(0, len(places) - 1, min(len(places), MOST_NEURONS)).round().astype(int))
    gap = abs(float(places[0] - places[-1])) / max(len(seen) - 1, 1) if len(seen) > 1 else 1.0
    size = float(np.clip(210 * gap, 1.1, 7.5))
    for part, colour, face in ((seen[alive[seen]], _LIVE, _LIVE), (seen[~alive[seen]], _DEAD, "white")):
        small = size < 3
        style: dict[str, Any] = {
            "markersize": size,
            "markeredgecolor": colour,
            "markerfacecolor": colour if small else face,
        }
        ax.plot(np.full(len(part), k), places[part], "o", markeredgewidth=0.3 if small else 1.1, zorder=3, **style)


def _name(ax: Axes, k: int, alive: Bools, *, last: int) -> None:
    kind = "inputs" if k == 0 else "outputs" if k == last else "hidden"
    dead = int((~alive).sum())
    words = f"{len(alive):,} {kind}" + (f"\n{dead:,} dead" if dead else "")
    below: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    ax.annotate(words, (k, 0), xytext=(0, -4), ha="center", va="top", fontsize=9, annotation_clip=False, **below)


def _words(junctions: Sequence[Graph], shown: int, live: Sequence[Bools]) -> str:
    """What the drawing shows, and what it leaves out."""
    total = sum(g.num_edges for g in junctions)
    places = sum(g.in_features * g.out_features for g in junctions)
    words = f"{total:,} edges, density {100 * total / places:.3g} %"
    if shown < total:
        words += f"; {shown:,} of them are drawn"
    if any(len(alive) > MOST_NEURONS for alive in live):
        words += f"; at most {MOST_NEURONS:,} neurons of a layer are dots"
    if not all(alive.all() for alive in live):
        words += "\nopen: dead, on no way from an input to an output"
    return words


def _frame(ax: Axes, words: str, *, last: int) -> None:
    ax.set_title(words, fontsize=9, color=GREY)
    ax.set(xlim=(-0.25, last + 0.25), ylim=(-0.02, 1.02))
    ax.set_axis_off()
