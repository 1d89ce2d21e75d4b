"""What a notebook shows of a junction and of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gossamer.plots.matrix import Graph
from gossamer.plots.network import live_neurons
from gossamer.plots.notebook import degrees_in_words, html_table, matrix_image, share_bar

_HEAD = ("", "inputs", "outputs", "edges", "density", "fan-in", "fan-out", "bytes", "matrix")
_MOST_EDGES = 20_000_000
"""Beyond these a picture of the matrix would take seconds."""


def junction_html(g: Graph) -> str:
    """Sizes, degrees and the matrix of a junction."""
    return html_table(_HEAD[1:], [_row(g)], title=f"{type(g).__name__} junction")


def topology_html(junctions: Sequence[Graph]) -> str:
    """A row a junction, and in the title the widths, the edges and how many neurons are dead."""
    widths = [junctions[0].in_features, *(g.out_features for g in junctions)]
    edges, places = sum(g.num_edges for g in junctions), sum(g.in_features * g.out_features for g in junctions)
    dead = sum(int(np.count_nonzero(~alive)) for alive in live_neurons(junctions))
    title = f"Topology {'-'.join(map(str, widths))}: {edges:,} edges, density {edges / places:.3g}, {_dead(dead)}"
    rows = [[f"{type(g).__name__} {k}", *_row(g)] for k, g in enumerate(junctions)]
    return html_table(_HEAD, rows, title=title)


def _row(g: Graph) -> list[object]:
    density = share_bar(g.num_edges / (g.in_features * g.out_features))
    degrees = [degrees_in_words(g.fan_in), degrees_in_words(g.fan_out)]
    picture = matrix_image(g) if g.num_edges <= _MOST_EDGES else "too many edges to draw"
    return [g.in_features, g.out_features, g.num_edges, density, *degrees, g.nbytes, picture]


def _dead(count: int) -> str:
    return f"{count:,} dead {'neuron' if count == 1 else 'neurons'}" if count else "no dead neurons"
