"""Plotly figures out of plain numbers. They carry no colours of page or text: the page's script sets the reader's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike

from gossamer.plots.scales import Scale, span, whole_step
from gossamer.plots.style import COLOURS, GREY, Style

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FEW = 5
"""Seeds up to which each is a dot; intervals of so few are so wide that they hide the data, and wait in the legend."""

_LINE = 8
"""Size of the marker of a mean."""

LINEAR = Scale()
PLAIN = Style(COLOURS[0], "circle")


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
        style: colour and marker; see `gossamer.plots.styles_of`.
        dash: of the line, in Plotly's words.
        dots: for each value the single numbers that it is the mean of; empty for none.
        places: of the dots, as many for each value; empty if they stand where their mean does.
        sizes: for each point the rank of its size, if these differ.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    remarks: Sequence[str] = ()
    style: Style = PLAIN
    dash: str = "solid"
    dots: Sequence[Sequence[float]] = ()
    places: Sequence[Sequence[float]] = ()
    sizes: Sequence[int] = ()

    @property
    def is_of_few(self) -> bool:
        """Whether there are dots, and few for each value."""
        return bool(self.dots) and max(map(len, self.dots)) <= FEW

    def shifted(self, factor: float) -> list[float]:
        """The places, moved so that bars stand beside those of other series; places that are names stay."""
        return [factor * value for value in self.x] if factor != 1 else list(self.x)

    def single(self, shift: float) -> list[tuple[float, float]]:
        """Place and value of every dot."""
        across = self.places or [[place] * len(dots) for place, dots in zip(self.x, self.dots, strict=True)]
        return [
            (place * shift if shift != 1 else place, value)
            for places, dots in zip(across, self.dots, strict=True)
            for place, value in zip(places, dots, strict=True)
        ]

    def bars(self, up: Scale) -> dict[str, Any]:
        """The intervals as Plotly's bars, on the scale of the values."""
        y, low, high = (up.placed(np.asarray(values, dtype=np.float64)) for values in (self.y, self.low, self.high))
        above, below = np.nan_to_num(high - y).tolist(), np.nan_to_num(y - low).tolist()
        return {"type": "data", "array": above, "arrayminus": below, "thickness": 1, "width": 3}


def lines(
    series: Sequence[Series],
    *,
    x: str,
    y: str,
    level: tuple[str, float] | None = None,
    log: bool = True,
    whole: bool = False,
    up: Scale = LINEAR,
) -> Figure:
    """Lines through means; the numbers behind a mean are dots where they are few, else bars are their intervals.

    The axis up spans the means and the dots. Intervals of few numbers are drawn when the reader asks for them, by a
    click in the legend.

    Args:
        series: one a line.
        x: what stands under the axis.
        y: what stands beside it.
        level: name and height of a dashed line across, as of the fully connected network.
        log: whether places are spread by their ratios; they must be positive then.
        whole: whether places are counts, such as epochs: ticks then stand at whole numbers.
        up: scale of the values.
    """
    import plotly.graph_objects as go

    plot = go.Figure(layout=layout(x, y))
    if level is not None:
        name, height = level
        plot.add_hline(
            y=_placed([height], up)[0],
            line_dash="dash",
            line_color=GREY,
            annotation_text=name,
            annotation_font_color=GREY,
        )
    spread = log and len(series) <= 12
    shifts = [1 + 0.012 * (k - (len(series) - 1) / 2) if spread else 1.0 for k in range(len(series))]
    for each, shift in zip(series, shifts, strict=True):
        _add_dots(plot, each, shift, (LINEAR, up))
        _add_line(plot, each, shift, up)
    _add_intervals(plot, series, shifts, up=up)
    _fit(plot, series, level, up)
    if log:
        _log_axis(plot, sorted({value for each in series for value in each.x}))
    if whole:
        _count_axis(plot, [value for each in series for value in each.x])
    return plot


def points(series: Sequence[Series], *, x: str, y: str, sizes: Sequence[str] = (), across: Scale = LINEAR) -> Figure:
    """Points, coloured by series.

    Args:
        series: one a colour and marker; the numbers behind a point are dots where they are few.
        x: what stands under the axis.
        y: what stands beside it.
        sizes: what each size of a marker means, smallest first; the legend then explains them.
        across: scale of the places.
    """
    import plotly.graph_objects as go

    plot = go.Figure(layout=layout(x, y))
    for each in series:
        _add_dots(plot, each, 1.0, (across, LINEAR))
        remarks = list(each.remarks) or [each.name] * len(each.x)
        plot.add_scatter(
            x=_placed(each.x, across),
            y=list(each.y),
            name=each.name,
            legendgroup=each.name,
            mode="markers",
            marker=_marker(each),
            customdata=[[remark, _told(value)] for remark, value in zip(remarks, each.x, strict=True)],
            hovertemplate="%{customdata[0]}: %{customdata[1]}, %{y:.4g}<extra></extra>",
        )
    _add_intervals(plot, series, [1.0] * len(series), across=across)
    for number, meaning in enumerate(sizes):  # points that are never seen explain the sizes in the legend
        marker = {"color": GREY, "size": _size(number), "symbol": "circle"}
        plot.add_scatter(x=[None], y=[None], name=meaning, mode="markers", marker=marker)
    _fit(plot, series, None, LINEAR)
    scale_axis(plot, "x", [value for each in series for value in each.x], across)
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


def scale_axis(plot: Figure, axis: str, values: Iterable[float], scale: Scale) -> None:
    """Give axis "x" or "y" a scale; on a symmetric logarithm, values are placed by `Scale.placed` beforehand."""
    found = [value for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    if scale.kind == "log" and found:
        powers = _log_ticks(found)
        plot.update_layout(
            {f"{axis}axis": {"type": "log", "tickvals": powers, "ticktext": [f"{v:,g}" for v in powers]}}
        )
    if scale.kind == "symlog":
        ticks = scale.ticks(found)
        marks = {"tickvals": scale.placed(ticks).tolist(), "ticktext": [f"{tick:g}" for tick in ticks]}
        plot.update_layout({f"{axis}axis": marks, "meta": {axis: "symlog", "threshold": scale.threshold}})


def _add_dots(plot: Figure, each: Series, shift: float, scales: tuple[Scale, Scale]) -> None:
    """Single numbers, small and pale, behind their mean; nothing where a mean is of one number or of many."""
    if not each.is_of_few or max(map(len, each.dots)) < 2:
        return
    dots = each.single(shift)
    plot.add_scatter(
        x=_placed([place for place, _ in dots], scales[0]),
        y=_placed([value for _, value in dots], scales[1]),
        name=each.name,
        legendgroup=each.name,
        showlegend=False,
        mode="markers",
        marker={"color": each.style.colour, "size": 5, "symbol": each.style.symbol, "opacity": 0.45},
        customdata=[_told(value) for _, value in dots],
        hovertemplate="one seed: %{customdata}",
        meta="dots",
    )


def _add_line(plot: Figure, each: Series, shift: float, up: Scale) -> None:
    marked = len(each.x) <= 30
    remarks = list(each.remarks) or [_told(value) for value in each.x]
    plot.add_scatter(
        x=each.shifted(shift),
        y=_placed(each.y, up),
        name=each.name,
        legendgroup=each.name,
        mode="lines+markers" if marked else "lines",
        marker={"size": _LINE, "symbol": each.style.symbol, "color": each.style.colour},
        line={"color": each.style.colour, "dash": each.dash, "width": 1.6},
        customdata=[[_told(value), remark] for value, remark in zip(each.y, remarks, strict=True)],
        hovertemplate="%{customdata[0]}: %{customdata[1]}",
    )


def _add_intervals(
    plot: Figure, series: Sequence[Series], shifts: Sequence[float], *, across: Scale = LINEAR, up: Scale = LINEAR
) -> None:
    """All intervals as one entry of the legend: seen at once where they are of many numbers, else on a click."""
    with_ends = [(each, shift) for each, shift in zip(series, shifts, strict=True) if len(each.low)]
    if not any(math.isfinite(end) for each, _ in with_ends for end in each.low):
        return
    hidden = any(each.is_of_few for each, _ in with_ends)
    for number, (each, shift) in enumerate(with_ends):
        plot.add_scatter(
            x=_placed(each.shifted(shift), across),
            y=_placed(each.y, up),
            error_y=each.bars(up) | {"color": each.style.colour},
            name="95 % intervals",
            legendgroup="intervals",
            showlegend=number == 0,
            visible="legendonly" if hidden else True,
            mode="markers",
            marker={"color": each.style.colour, "size": 8, "symbol": "line-ns-open"},
            opacity=0.7,
            hoverinfo="skip",
            meta="intervals",
        )


def _fit(plot: Figure, series: Sequence[Series], level: tuple[str, float] | None, up: Scale) -> None:
    """The axis up from the least to the largest number that is drawn; intervals widen it by half at most."""
    values = [value for each in series for value in (*each.y, *(dot for dots in each.dots for dot in dots))]
    values += [] if level is None else [level[1]]
    ends = span(value for value in values if isinstance(value, (int, float)))
    if ends is None:
        return
    if up.kind != "linear":
        scale_axis(plot, "y", values, up)
        return
    low, high = ends
    shown = [end for each in series if len(each.low) and not each.is_of_few for end in (*each.low, *each.high)]
    reach = [end for end in shown if math.isfinite(end)]
    if reach:
        room = 0.5 * (high - low)
        low, high = max(low - room, min(low, *reach)), min(high + room, max(high, *reach))
    plot.update_yaxes(range=[low, high])


def _placed(values: Sequence[float], scale: Scale) -> list[float]:
    return scale.placed(values).tolist() if scale.kind == "symlog" else list(values)


def _told(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)


def _marker(each: Series) -> dict[str, Any]:
    """Of a point; Plotly would draw a rim around markers of several sizes."""
    hollow = {} if each.style.fill else {"line": {"width": 0}}
    return {"color": each.style.colour, "size": _sizes(each), "symbol": each.style.symbol, "opacity": 0.9, **hollow}


def _sizes(each: Series) -> int | list[int]:
    return [_size(rank) for rank in each.sizes] if each.sizes else 10


def _size(rank: int) -> int:
    return 7 + 3 * rank


def _log_axis(plot: Figure, values: Sequence[float]) -> None:
    plot.update_xaxes(type="log")
    if len(values) <= 10:
        plot.update_xaxes(tickvals=list(values), ticktext=[f"{value:.3g}" for value in values])


def _log_ticks(values: Sequence[float]) -> list[float]:
    """1, 2 and 5 times powers of ten around the values; of three decades and more the powers alone."""
    low, high = min(values), max(values)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if high / low < 1000 else (1,)
    marks = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
    return [mark for mark in marks if low / 2.5 <= mark <= high * 2.5]


def _count_axis(plot: Figure, values: Sequence[float]) -> None:
    if values:
        first, last = min(values), max(values)
        plot.update_xaxes(tick0=0, dtick=whole_step(round(last)), tickformat=",d", range=[first - 0.4, last + 0.4])
