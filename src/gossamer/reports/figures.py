"""Plotly figures of comparisons. They carry no colours of page or text: the page's script sets the reader's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gossamer.studies.comparison import DENSE, Summary

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_COLOURS = (
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
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "x")
_GREY = "#8a93a6"


def accuracy_by_degree(summaries: Sequence[Summary]) -> Figure:
    """Mean accuracy against degree, one line a construction; bars reach from the worst seed to the best."""
    import plotly.graph_objects as go

    plot = go.Figure(layout=_layout("edges of an input (degree)", "test accuracy, %"))
    sparse = [summary for summary in summaries if summary.first.degree is not None]
    for summary in summaries:
        if summary.first.construction == DENSE:
            plot.add_hline(y=100 * summary.accuracy, line_dash="dash", line_color=_GREY, annotation_text="dense")
    names = _names(sparse)
    for number, (name, colour) in enumerate(names.items()):
        of_name = [summary for summary in sparse if summary.first.construction == name]
        shift = 1 + 0.012 * (number - (len(names) - 1) / 2)  # bars of neighbours stay apart
        plot.add_scatter(
            x=[shift * (summary.first.degree or 0) for summary in of_name],
            y=[100 * summary.accuracy for summary in of_name],
            error_y=_seed_range(of_name),
            name=name,
            mode="lines+markers",
            line_color=colour,
            customdata=[[summary.first.degree, summary.first.edges] for summary in of_name],
            hovertemplate="%{y:.2f} % at degree %{customdata[0]}, %{customdata[1]} edges",
        )
    degrees = sorted({summary.first.degree for summary in sparse if summary.first.degree is not None})
    plot.update_xaxes(type="log", tickvals=degrees, ticktext=[str(degree) for degree in degrees])
    return plot


def connectivity_against_accuracy(summaries: Sequence[Summary]) -> Figure:
    """Mean accuracy against mean algebraic connectivity: colours are constructions, symbols are degrees."""
    import plotly.graph_objects as go

    plot = go.Figure(layout=_layout("algebraic connectivity λ₂ of the hidden junctions", "test accuracy, %"))
    sparse = [summary for summary in summaries if summary.first.degree is not None]
    degrees = sorted({summary.first.degree for summary in sparse if summary.first.degree is not None})
    for name, colour in _names(sparse).items():
        of_name = [summary for summary in sparse if summary.first.construction == name]
        plot.add_scatter(
            x=[summary.connectivity for summary in of_name],
            y=[100 * summary.accuracy for summary in of_name],
            error_y=_seed_range(of_name),
            name=name,
            mode="markers",
            marker={
                "color": colour,
                "size": 11,
                "symbol": [_SYMBOLS[degrees.index(summary.first.degree or 0) % len(_SYMBOLS)] for summary in of_name],
            },
            customdata=[summary.first.degree for summary in of_name],
            hovertemplate="degree %{customdata}: λ₂ %{x:.3g}, %{y:.2f} %",
        )
    for number, degree in enumerate(degrees):  # points that are never seen explain the symbols in the legend
        marker = {"color": _GREY, "size": 11, "symbol": _SYMBOLS[number % len(_SYMBOLS)]}
        plot.add_scatter(x=[None], y=[None], name=f"degree {degree}", mode="markers", marker=marker)
    return plot


def _names(summaries: Sequence[Summary]) -> dict[str, str]:
    """The constructions in order, each with its colour."""
    names = dict.fromkeys(summary.first.construction for summary in summaries)
    return {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}


def _seed_range(summaries: Sequence[Summary]) -> dict[str, Any]:
    worst = [min(trial.accuracy for trial in summary.trials) for summary in summaries]
    best = [max(trial.accuracy for trial in summary.trials) for summary in summaries]
    means = [summary.accuracy for summary in summaries]
    return {
        "array": [100 * (high - mean) for high, mean in zip(best, means, strict=True)],
        "arrayminus": [100 * (mean - low) for low, mean in zip(worst, means, strict=True)],
        "thickness": 1,
        "width": 3,
    }


def _layout(x: str, y: str) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "margin": {"l": 60, "r": 20, "t": 20, "b": 55},
        "legend": {"orientation": "h", "y": -0.2},
        "hovermode": "closest",
        "template": "none",
    }
