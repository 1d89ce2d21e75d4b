"""One card a topology: the matrix, the degrees and the singular values of each sparse junction.

The small plots are drawn as SVG at once, in the page's own colours: a page shows dozens of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gossamer.measures import singular_values
from gossamer.reports import page
from gossamer.reports.page import Html
from gossamer.topology import Junction, Topology

T = TypeVar("T")

MOST_JUNCTIONS = 3
LARGEST_SIDE = 2048
"""Longest smaller side of a junction whose singular values are computed for a card."""

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 200.0, 88.0, 2.0, 16.0


def card(name: str, remark: str, topology: Topology) -> Html:
    """The sparse junctions of a network, or the full ones if it has no others.

    Args:
        name: stands above them.
        remark: stands under the name.
        topology: the network; of more than `MOST_JUNCTIONS` the first are shown.
    """
    shown = sparse_junctions(topology)
    rows = "".join(_row(number, g) for number, g in shown[:MOST_JUNCTIONS])
    more = f"<p>and {len(shown) - MOST_JUNCTIONS} junctions more</p>" if len(shown) > MOST_JUNCTIONS else ""
    return Html(f'<div class="card"><b>{escape(name)}</b>{escape(remark)}{rows}{more}</div>')


def sparse_junctions(topology: Topology) -> list[tuple[int, Junction]]:
    """The numbered junctions that lack edges, or all if none does."""
    numbered = list(enumerate(topology.layers))
    return [(k, g) for k, g in numbered if g.num_edges < g.in_features * g.out_features] or numbered


def _row(number: int, g: Junction) -> str:
    title = f"junction {number + 1}: {g.in_features} × {g.out_features}, {g.num_edges:,} edges"
    plots = _degrees(g) + _spectrum(g)
    picture = page.image(g, name=f"junction {number + 1}", side=128)
    return f'<div class="row"><div>{picture}</div><div>{plots}</div></div><div>{escape(title)}</div>'


def _degrees(g: Junction) -> str:
    """How many neurons have how many edges: of inputs in one colour, of outputs in the other."""
    sides = [np.asarray(degrees) for degrees in (g.fan_out, g.fan_in)]
    low, high = min(int(s.min()) for s in sides), max(int(s.max()) for s in sides)
    bins = np.linspace(low - 0.5, high + 0.5, min(high - low + 1, 24) + 1)
    shares = [np.histogram(side, bins)[0] / len(side) for side in sides]
    tallest, step = max(float(share.max()) for share in shares), (_WIDTH - _LEFT) / (len(bins) - 1)
    step = min(step, 24.0)
    bars = ""
    for place, (share, kind) in enumerate(zip(shares, ("first", "second"), strict=True)):
        for number, value in enumerate(share.tolist()):
            if value:
                height = value / tallest * (_HEIGHT - _BOTTOM - 18)
                x, y = _LEFT + step * (number + 0.08 + 0.42 * place), _HEIGHT - _BOTTOM - height
                bars += f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{0.4 * step:.2f}" height="{height:.1f}"/>'
    ends = _ends(f"{low}", f"{high}" if high > low else "", _LEFT + step * (len(bins) - 1))
    legend = '<tspan class="first">fan-out</tspan> and <tspan class="second">fan-in</tspan>'
    return _plot(bars + ends, f"degrees: {legend}", "degrees of inputs and outputs")


def _spectrum(g: Junction) -> str:
    """The singular values, largest first."""
    if min(g.in_features, g.out_features) > LARGEST_SIDE:
        return f"<p>singular values: not computed beyond {LARGEST_SIDE} neurons</p>"
    values = singular_values(g)
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), 100)).round().astype(int))
    top = max(float(values[0]), 1e-12)
    line = _polyline(places / max(len(values) - 1, 1), values[places] / top)
    ends = _ends("1", f"{len(values)}", _WIDTH)
    return _plot(line + ends, f"singular values, largest {values[0]:.3g}", "singular values")


def _polyline(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    across = _LEFT + x * (_WIDTH - _LEFT)
    down = (_HEIGHT - _BOTTOM) - np.maximum(y, 0) * (_HEIGHT - _BOTTOM - 18)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across.tolist(), down.tolist(), strict=True))
    return f'<polyline class="line" points="{points}"/>'


def _ends(first: str, last: str, right: float) -> str:
    base = _HEIGHT - 3
    return (
        f'<text x="{_LEFT}" y="{base}">{escape(first)}</text>'
        f'<text x="{right:.1f}" y="{base}" text-anchor="end">{escape(last)}</text>'
    )


def _plot(content: str, title: str, label: str) -> str:
    """A small plot over a base line; `title` is markup made here."""
    base = _HEIGHT - _BOTTOM
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(label)}">'
        f'<text x="{_LEFT}" y="10">{title}</text><path class="axis" d="M{_LEFT},{base}H{_WIDTH}"/>{content}</svg>'
    )


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[k] for k in np.linspace(0, len(items) - 1, most).round().astype(int)]
