"""How topologies differ and move: heat maps, curves, a map of paths, a matrix over time; one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gossamer.distances import Distance, DistanceTable, Evolution, Paths, as_topology, distance_named, evolution, paths
from gossamer.distances.evolution import LayerDistance, matched_layers
from gossamer.distances.reading import NetworkLike
from gossamer.plots.matrix import density_grid
from gossamer.plots.style import COLOURS, styles_of
from gossamer.reports import page
from gossamer.reports.figures import layout
from gossamer.reports.movement import movement, pairs_in_words
from gossamer.reports.page import Html
from gossamer.topology import Junction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def heat_map(distances: ArrayLike, names: Sequence[str], *, title: str) -> Figure:
    """Distances between networks as a matrix of colours, (N, N), row to column; rows and columns have numbers.

    `key` says which number is whose: long names would leave no room for the matrix on a phone.

    Raises:
        ValueError: as many names as networks are needed.
    """
    import plotly.graph_objects as go

    table = np.asarray(distances, dtype=np.float64)
    if table.shape != (len(names), len(names)):
        raise ValueError(f"distances has shape {table.shape}; {len(names)} names need ({len(names)}, {len(names)}).")
    shown = np.round(table, 4).tolist()
    plot = go.Figure(go.Heatmap(z=shown, coloraxis="coloraxis"))
    numbers = [f"{number}" for number in range(1, len(names) + 1)]
    plot.update_traces(hovertemplate="%{y} to %{x}: %{z:.4f}<extra></extra>", x=numbers, y=numbers)
    if len(names) <= 20:
        plot.update_traces(text=shown, texttemplate="%{text:.2f}")
    plot.update_xaxes(type="category")
    plot.update_yaxes(type="category", autorange="reversed")
    return _framed(plot, 560, title)


def key(names: Sequence[str]) -> Html:
    """Whose the numbers of a heat map are."""
    return Html(f'<ol class="key">{"".join(f"<li>{escape(name)}</li>" for name in names)}</ol>')


def curves(found: Evolution, moments: Sequence[str]) -> Figure:
    """Distances of each moment to the start, to the moment before and to the end, one line a junction."""
    from plotly.subplots import make_subplots

    parts = {"to the start": found.to_start, "to the moment before": found.to_previous, "to the end": found.to_final}
    plot = make_subplots(rows=1, cols=3, shared_yaxes=True, subplot_titles=list(parts))
    for column, values in enumerate(parts.values(), 1):
        for k in range(values.shape[1]):
            plot.add_scatter(
                x=list(moments),
                y=np.round(values[:, k], 6).tolist(),
                name=f"junction {k}",
                mode="lines+markers",
                line_color=COLOURS[k % len(COLOURS)],
                legendgroup=str(k),
                showlegend=column == 1,
                row=1,
                col=column,
            )
    plot.update_yaxes(rangemode="tozero")
    plot.update_xaxes(title_text="moment", type="category")
    return _framed(plot, 400).update_layout(margin_t=50)


def map_of_paths(found: Paths, names: Sequence[str]) -> Figure:
    """The ways of runs on a map: a ring where each begins, its construction's marker where it ends."""
    import plotly.graph_objects as go

    plot = go.Figure()
    styles = styles_of(names)
    for name, points in zip(names, found.points, strict=True):
        style, last = styles[name], len(points) - 1
        plot.add_scatter(
            x=points[:, 0].tolist(),
            y=points[:, 1].tolist(),
            name=name,
            mode="lines+markers",
            line_color=style.colour,
            marker={
                "size": [13 if m in (0, last) else 6 for m in range(last + 1)],
                "symbol": ["circle-open" if m == 0 and last else style.symbol for m in range(last + 1)],
                "line": {"width": [2 if (m == 0 and last) or style.fill else 0 for m in range(last + 1)]},
            },
            text=[f"moment {m}" for m in range(last + 1)],
            hovertemplate="%{text}",
        )
    plot.update_xaxes(title_text="first coordinate")
    plot.update_yaxes(title_text=f"second ({100 * found.explained:.0f} % of scatter shown)", scaleanchor="x")
    return _framed(plot, 520)


def junction_over_time(junctions: Sequence[Junction], moments: Sequence[str], *, side: int = 64) -> Figure:
    """The matrix (O, I) of a junction at each moment, with a slider and a button that plays it.

    Args:
        junctions: one a moment, all of one size.
        moments: their names.
        side: cells each way at most; in a larger junction a cell's colour is its density.

    Raises:
        ValueError: no junctions, or not as many names.
    """
    import plotly.graph_objects as go

    if not junctions or len(junctions) != len(moments):
        raise ValueError(f"{len(junctions)} junctions and {len(moments)} moments: one of each is needed, at least one.")
    grids = [np.round(density_grid(g, side=side), 3) for g in junctions]
    darkest = max(1e-9, *(float(grid.max()) for grid in grids))
    frames = [go.Frame(data=[go.Heatmap(z=g.tolist())], name=str(m), traces=[0]) for m, g in enumerate(grids)]
    shown = go.Heatmap(z=grids[0].tolist(), coloraxis="coloraxis")
    plot = go.Figure(shown, frames=frames)
    plot.update_layout(sliders=[_slider(moments)], updatemenus=[_player()])
    plot.update_xaxes(title_text="input", constrain="domain")
    plot.update_yaxes(title_text="output", autorange="reversed", scaleanchor="x", constrain="domain")
    _framed(plot, 620, "density").update_layout(coloraxis_cmax=darkest, margin_b=130)
    return plot


def distance_page(found: DistanceTable) -> str:
    """One page about distances between networks: what follows from them, the matrix, and a map.

    Returns:
        HTML that loads nothing from the network: Plotly is inlined (4.8 MB).
    """
    points, explained = found.places
    places = Paths(tuple(points[[k]] for k in range(len(points))), found.values, explained)
    name, text = found.distance.name, f"Distances are {found.distance.name}, from row to column."
    blind = f"The distance does not see {found.distance.blind_to}."
    heat = page.figure(heat_map(found.values, found.names, title=name), name=name)
    drawn = page.figure(map_of_paths(places, found.names), name="map")
    parts = [
        page.section("Conclusions", "", page.statements([*pairs_in_words(found.values, found.names), blind])),
        page.section("Distances", text, heat, key(found.names)),
        page.section("Map", "Near networks are alike: the map is a classical scaling of the distances.", drawn),
    ]
    lead = f"This page compares {len(found.names)} networks by {name}."
    return page.page(f"{len(found.names)} networks compared", lead, parts)


def evolution_page(
    runs: Mapping[str, Sequence[NetworkLike]],
    *,
    distance: Distance | None = None,
    layers: LayerDistance = matched_layers,
    title: str = "How the topologies moved",
) -> str:
    """One page about runs: a map of all, the distances at their ends, and for each run its curves and matrices.

    Args:
        runs: named sequences of networks in order of time, all of equal widths.
        distance: for the map and the heat map; NNSTD if None.
        layers: for the curves.
        title: of the page.

    Returns:
        HTML that loads nothing from the network: Plotly is inlined (4.8 MB).

    Raises:
        InvalidTopologyError: no runs, an empty one, or networks of different depths or widths.
    """
    measure = distance_named("nnstd") if distance is None else distance
    found, names = paths(list(runs.values()), measure), list(runs)
    text = f"Distances are {measure.name}. Blind to: {measure.blind_to}."
    heat = heat_map(found.between(-1), names, title=measure.name)
    ways = {name: evolution([as_topology(moment) for moment in moments], layers) for name, moments in runs.items()}
    parts = [page.section("Conclusions", "", page.statements(movement(found, ways)))]
    parts.append(page.section("The paths of the runs", text, page.figure(map_of_paths(found, names), name="paths")))
    ends = page.figure(heat, name="distances")
    parts.append(page.section("Between the runs at their ends", text, ends, key(names)))
    for name, moments in runs.items():
        parts += _run_sections(name, moments, ways[name])
    count = f"{len(runs)} runs" if len(runs) > 1 else "one run"
    return page.page(title, f"This page follows the topologies of {count}, moment by moment.", parts)


def _run_sections(name: str, moments: Sequence[NetworkLike], found: Evolution) -> list[Html]:
    topologies = [as_topology(moment) for moment in moments]
    labels = [str(m) for m in range(len(topologies))]
    travelled = ", ".join(f"junction {k}: {way:.4f}" for k, way in enumerate(found.travelled))
    drawn = page.figure(curves(found, labels), name=f"{name} distances")
    words = f"The distances of all steps add up to this, for {travelled}."
    parts = [page.section(f"{name}: distances along the way", words, drawn)]
    for k in range(len(topologies[0])):
        junctions = [topology[k] for topology in topologies]
        text = f"The junction has {junctions[0].in_features} inputs and {junctions[0].out_features} outputs."
        drawn = page.figure(junction_over_time(junctions, labels), name=f"{name} junction {k}")
        parts.append(page.section(f"{name}: junction {k} over time", text, drawn))
    return parts


def _framed(plot: Figure, height: int, shade: str = "") -> Figure:
    """The figure with the margins of all, and with a bar of shades from 0 named `shade`."""
    shared = layout("", "", height=height)
    del shared["xaxis"], shared["yaxis"]
    bar = {"title": {"text": shade}, "thickness": 12}
    return plot.update_layout(**shared, coloraxis={"cmin": 0, "colorbar": bar})


def _slider(moments: Sequence[str]) -> dict[str, Any]:
    now = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    steps = [{"method": "animate", "label": name, "args": [[str(m)], now]} for m, name in enumerate(moments)]
    return {"steps": steps, "currentvalue": {"prefix": "moment "}, "pad": {"t": 55}, "x": 0.25, "len": 0.75}


def _player() -> dict[str, Any]:
    run = {"frame": {"duration": 400, "redraw": True}, "fromcurrent": True, "transition": {"duration": 0}}
    stop = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}}
    buttons = [
        {"method": "animate", "label": "▶", "args": [None, run]},
        {"method": "animate", "label": "■", "args": [[None], stop]},
    ]
    place = {"x": 0, "y": 0, "xanchor": "left", "yanchor": "top", "pad": {"t": 72}}
    return {"type": "buttons", "direction": "left", "showactive": False, "buttons": buttons, **place}
