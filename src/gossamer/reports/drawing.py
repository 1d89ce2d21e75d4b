"""Exhibits drawn: tables with a way to show them become parts of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.papers.exhibit import Exhibit, Lines, Networks, Plot, Squares
from gossamer.plots.scales import Scale, scale_of
from gossamer.plots.style import COLOURS, styles_of
from gossamer.reports import figures, page
from gossamer.reports.page import Html
from gossamer.topology import Junction

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

_MOST_TEXTS = 100
"""Cells of a heat map that hold their numbers."""


def drawn(exhibit: Exhibit) -> Html:
    """The exhibit's plots, and its table if it is to stand on the page."""
    parts = [_plot(plot, exhibit, number) for number, plot in enumerate(exhibit.plots)]
    if exhibit.shown:
        parts.append(shown_table(exhibit.table))
    return Html("".join(parts))


def shown_table(table: DataFrame) -> Html:
    """A table of any columns: numbers get four digits."""
    rows = ([_cell(value) for value in row] for row in table.itertuples(index=False))
    return page.table([str(name).replace("_", " ") for name in table.columns], rows)


def number(value: float, digits: int = 4) -> str:
    """A number in words: nothing for NaN, a sign of infinity for what has no end.

    >>> [number(value) for value in (0.123456, 12.0, float("nan"), float("-inf"))]
    ['0.1235', '12', '', '−∞']
    """
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value):
        return f"{int(value)}".replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def _cell(value: Any) -> page.Cell:
    if isinstance(value, (bool, np.bool_)):
        return ("yes" if value else "no",) * 2
    if isinstance(value, (int, float, np.number)):
        shown = number(float(value))
        return shown, float(value) if shown else ""
    return (str(value),) * 2


def _plot(plot: Plot, exhibit: Exhibit, place: int) -> Html:
    name = f"{exhibit.key}-{place}" if place else exhibit.key
    if isinstance(plot, Networks):
        graph = [] if plot.drawn is None else [page.figure(_graph(plot.drawn.layers[0]), name=name)]
        return Html("".join([page.pictures({key: (t.layers[0], "") for key, t in plot.topologies.items()}), *graph]))
    if isinstance(plot, Squares):
        if plot.contour:
            return page.figure(_contour(exhibit.table, plot), name=name)
        return _heat_maps(exhibit.table, plot, name)
    groups = list(dict.fromkeys(exhibit.table[plot.group]))
    parts = {
        panel: page.figure(_lines(rows, plot, groups), name=file_name(name, panel))
        for panel, rows in _panels(exhibit.table, plot.panel)
    }
    return page.choice(parts, label=plot.panel or "panel")


def _panels(table: DataFrame, column: str | None) -> Iterator[tuple[str, DataFrame]]:
    if column is None:
        yield "", table
        return
    for value in dict.fromkeys(table[column]):
        name = value if isinstance(value, str) else f"{column} {value}"
        yield name, table[table[column] == value]


def _lines(rows: DataFrame, plot: Lines, groups: list[str]) -> Figure:
    series = []
    for group, style in zip(groups, styles_of(map(str, groups)).values(), strict=True):
        of_group = rows[rows[plot.group] == group]
        if plot.joined:
            of_group = of_group.sort_values(plot.x)
        if len(of_group):
            columns = {"low": plot.low, "high": plot.high}
            ends = {name: of_group[column].tolist() for name, column in columns.items() if column}
            x, y = of_group[plot.x].tolist(), of_group[plot.y].tolist()
            series.append(figures.Series(str(group), x, y, style=style, **ends))
    titles: dict[str, Any] = {"x": plot.x_title, "y": plot.y_title}
    if plot.joined:
        up = _scale(plot.y_title, [value for each in series for value in each.y])
        return figures.lines(series, log=plot.log, whole=plot.x == "epoch", up=up, **titles)
    return figures.points(series, across=_scale(plot.x_title, [value for each in series for value in each.x]), **titles)


def _scale(title: str, values: list[Any]) -> Scale:
    """A symmetric logarithm for λ₂, whose zeros mean something; numbers of other kinds stand as they are."""
    return scale_of(values, symmetric=True) if "λ₂" in title else figures.LINEAR


def _contour(table: DataFrame, plot: Squares) -> Figure:
    grid = table.pivot_table(index=plot.y, columns=plot.x, values=plot.z)
    axes = (plot.x_title, plot.y_title, plot.z_title)
    return figures.contour(grid.to_numpy(), grid.columns.tolist(), grid.index.tolist(), axes=axes)


def _heat_maps(table: DataFrame, plot: Squares, name: str) -> Html:
    """A figure a panel, side by side where there is room, in one scale of shades, which a line below names."""
    most = float(table[plot.z].max())
    parts = [
        page.figure(_heat_map(rows, plot, panel, most), name=file_name(name, panel))
        for panel, rows in _panels(table, plot.panel)
    ]
    words = f"{plot.z_title}: the lightest shade is 0, the darkest {number(most)}. Rows lead to columns."
    return Html(page.grid(parts) + page.paragraph(words))


def file_name(name: str, panel: str) -> str:
    """The name of a panel's file."""
    return f"{name} {panel}".strip()


def _heat_map(rows: DataFrame, plot: Squares, panel: str, most: float) -> Figure:
    import plotly.graph_objects as go

    grid = rows.pivot_table(index=plot.y, columns=plot.x, values=plot.z)
    values = np.round(grid.to_numpy(), 4).tolist()
    made = go.Figure(layout=figures.layout(plot.x_title, plot.y_title, height=320))
    made.add_heatmap(z=values, x=grid.columns.tolist(), y=grid.index.tolist(), coloraxis="coloraxis")
    made.update_traces(hovertemplate="%{y} to %{x}: %{z:.4f}<extra></extra>")
    if grid.size <= _MOST_TEXTS:
        made.update_traces(text=values, texttemplate="%{text:.2f}")
    made.update_yaxes(autorange="reversed", dtick=1)
    made.update_xaxes(dtick=1)
    made.update_layout(title={"text": panel, "font": {"size": 14}}, showlegend=False)
    return made.update_layout(coloraxis={"cmin": 0, "cmax": most, "showscale": False})


def _graph(g: Junction) -> Figure:
    """Inputs above, outputs below, a line for each edge."""
    import plotly.graph_objects as go

    tops, bottoms = (np.linspace(0, 1, count) for count in (g.in_features, g.out_features))
    inputs, outputs = g.edges()
    x = [end for i, j in zip(inputs, outputs, strict=True) for end in (tops[i], bottoms[j], None)]
    plot = go.Figure(layout=figures.layout("outputs below, inputs above", "", height=300))
    line = {"color": COLOURS[0], "width": 1.2}
    plot.add_scatter(x=x, y=[1, 0, None] * len(inputs), mode="lines", line=line, hoverinfo="skip", showlegend=False)
    for places, y, colour in ((tops, 1, COLOURS[0]), (bottoms, 0, COLOURS[1])):
        marker = {"size": 13, "color": colour}
        points = {"x": places.tolist(), "y": [y] * len(places), "mode": "markers", "marker": marker}
        plot.add_scatter(**points, hovertemplate="neuron %{pointNumber}<extra></extra>", showlegend=False)
    plot.update_xaxes(showgrid=False, zeroline=False, showticklabels=False)
    return plot.update_yaxes(showgrid=False, zeroline=False, showticklabels=False)
