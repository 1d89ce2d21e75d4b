"""Plotly figures out of plain numbers. They carry no colours of page or text: the page's script sets the reader's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = (
    "#4c78a8",
    "#f58518",
    "#e45756",
    "#39a9a2",
    "#54a24b",
    "#c9a40f",
    "#b279a2",
    "#b5754c",
    "#7b8bd6",
    "#e377a5",
)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "x")
_DASHES = ("solid", "dash", "dot", "dashdot")
GREY = "#8a93a6"


@final
@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one name: a line, or a cloud of points.

    Args:
        name: what the legend calls it.
        x: places.
        y: values, as many.
        low: lower ends of the values' intervals, NaN where there is none; empty for no intervals at all.
        high: upper ends.
        remarks: what the label under the pointer adds to each value; empty for nothing.
        number: chooses colour and dash, the same in all figures of a page; grey if negative.
        symbols: for each point the number of its symbol, if these differ.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    remarks: Sequence[str] = ()
    number: int = 0
    symbols: Sequence[int] = ()

    @property
    def colour(self) -> str:
        """Its colour; grey if its number is negative."""
        return GREY if self.number < 0 else COLOURS[self.number % len(COLOURS)]

    def _bars(self) -> dict[str, Any] | None:
        if not len(self.low):
            return None
        y, low, high = (np.asarray(values, dtype=np.float64) for values in (self.y, self.low, self.high))
        above, below = np.nan_to_num(high - y).tolist(), np.nan_to_num(y - low).tolist()
        return {"type": "data", "array": above, "arrayminus": below, "thickness": 1, "width": 3}


def lines(
    series: Sequence[Series], *, x: str, y: str, level: tuple[str, float] | None = None, log: bool = True
) -> Figure:
    """Lines through the values, with bars for their intervals.

    Args:
        series: one a line.
        x: what stands under the axis.
        y: what stands beside it.
        level: name and height of a dashed line across, as of the fully connected network.
        log: whether places are spread by their ratios; they must be positive then.
    """
    import plotly.graph_objects as go

    plot = go.Figure(layout=layout(x, y))
    if level is not None:
        name, height = level
        plot.add_hline(y=height, line_dash="dash", line_color=GREY, annotation_text=name, annotation_font_color=GREY)
    for number, each in enumerate(series):
        shift = 1 + 0.012 * (number - (len(series) - 1) / 2) if log and len(series) <= 12 else 1.0  # bars stay apart
        plot.add_scatter(
            x=[shift * value for value in each.x],
            y=list(each.y),
            error_y=each._bars(),
            name=each.name,
            mode="lines+markers" if len(each.x) <= 60 else "lines",
            line={"color": each.colour, "dash": _DASHES[max(each.number, 0) // len(COLOURS) % len(_DASHES)]},
            customdata=list(each.remarks) or [f"{value:g}" for value in each.x],
            hovertemplate="%{y:.4g}: %{customdata}",
        )
    if log:
        _log_axis(plot, sorted({value for each in series for value in each.x}))
    return plot


def points(series: Sequence[Series], *, x: str, y: str, symbols: Sequence[str] = ()) -> Figure:
    """Points, coloured by series.

    Args:
        series: one a colour.
        x: what stands under the axis.
        y: what stands beside it.
        symbols: what each symbol means; the legend then explains them.
    """
    import plotly.graph_objects as go

    plot = go.Figure(layout=layout(x, y))
    for each in series:
        shapes = [SYMBOLS[number % len(SYMBOLS)] for number in each.symbols] or "circle"
        plot.add_scatter(
            x=list(each.x),
            y=list(each.y),
            error_y=each._bars(),
            name=each.name,
            mode="markers",
            marker={"color": each.colour, "size": 10, "symbol": shapes},
            customdata=list(each.remarks) or [each.name] * len(each.x),
            hovertemplate="%{customdata}: %{x:.4g}, %{y:.4g}",
        )
    for number, meaning in enumerate(symbols):  # points that are never seen explain the symbols in the legend
        marker = {"color": GREY, "size": 10, "symbol": SYMBOLS[number % len(SYMBOLS)]}
        plot.add_scatter(x=[None], y=[None], name=meaning, mode="markers", marker=marker)
    return plot


def contour(
    values: ArrayLike, columns: Sequence[float], rows: Sequence[float], *, axes: tuple[str, str, str]
) -> Figure:
    """Values over a grid as lines of equal height, gaps bridged; `axes` names columns, rows and values."""
    import plotly.graph_objects as go

    across, down, title = axes
    table = np.asarray(values, dtype=np.float64)
    shown = [[None if np.isnan(value) else float(value) for value in row] for row in table]
    plot = go.Figure(layout=layout(across, down))
    plot.add_contour(
        z=shown,
        x=list(columns),
        y=list(rows),
        coloraxis="coloraxis",
        connectgaps=True,
        contours={"showlabels": True},
        line={"width": 0.5},
        hovertemplate="%{x} and %{y}: %{z:.4g}<extra></extra>",
    )
    found = np.argwhere(~np.isnan(table))
    plot.add_scatter(
        x=[columns[j] for _, j in found],
        y=[rows[i] for i, _ in found],
        mode="markers",
        marker={"size": 6, "color": COLOURS[1]},
        name="measured",
        hoverinfo="skip",
        showlegend=False,
    )
    plot.update_layout(coloraxis={"colorbar": {"title": {"text": title}, "thickness": 12}})
    _log_axis(plot, sorted(columns))
    plot.update_yaxes(type="log", tickvals=list(rows), ticktext=[f"{value:g}" for value in rows])
    return plot


def layout(x: str, y: str, *, height: int = 440) -> dict[str, Any]:
    """What all figures share: titles of the axes, margins, no template."""
    return {
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "margin": {"l": 60, "r": 16, "t": 28, "b": 58},
        "height": height,
        "hovermode": "closest",
        "template": "none",
    }


def _log_axis(plot: Figure, values: Sequence[float]) -> None:
    plot.update_xaxes(type="log")
    if len(values) <= 10:
        plot.update_xaxes(tickvals=list(values), ticktext=[f"{value:.3g}" for value in values])
