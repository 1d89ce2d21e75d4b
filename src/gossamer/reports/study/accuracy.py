"""What accuracy depends on: degree, density, two degrees at a time, epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.groups import Group, Results, text
from gossamer.analysis.intervals import Interval
from gossamer.reports import figures, page
from gossamer.reports.page import Html
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

AXES = {
    "degree": "edges of an input (degree)",
    "density": "density: edges over those of the dense network",
    "edges": "edges",
}
"""What stands under the axes of sizes."""

MOST_CURVES = 12
"""Learning curves of one figure; more are spread over figures by degree."""


def accuracy_part(results: Results) -> Part | Absent:
    """Accuracy against degree and density."""
    parts = {
        joined(f"against {axis}", panel): _figure(groups, axis)
        for panel, groups in results.panels.items()
        for axis in results.axes
        if any(group.place(axis) > 0 for group in groups if not group.dense)
    }
    words = (
        "Means over seeds; bars are 95 % intervals of Student's t over seeds, and missing where there is one seed. "
        "The dashed line is the fully connected network."
    )
    if not parts:
        return Absent("no finished run of a sparse network tells its degree, density or edges.")
    return Part(words, page.choice(parts, label="Axis and data"))


def size_lines(
    groups: Sequence[Group], axis: str, *, y: str, value: Callable[[Group], Interval], dense: bool = True
) -> Figure:
    """A value of the groups against `axis`, one line a construction; the fully connected network is a level.

    Args:
        groups: of one panel.
        axis: one of `AXES`.
        y: what stands beside the axis.
        value: of a group; those without one are left out.
        dense: whether to draw the level.
    """
    levels = [("dense", value(group).mean) for group in groups if group.dense]
    level = next((each for each in levels if dense and not math.isnan(each[1])), None)
    series = []
    for name in dict.fromkeys(group.name for group in groups):
        placed = [(group.place(axis), value(group), group) for group in groups if group.name == name]
        placed = [each for each in placed if each[0] > 0 and not math.isnan(each[1].mean)]
        placed = [each for each in placed if not (level and each[2].dense)]
        if placed:
            series.append(_series(name, sorted(placed, key=lambda each: each[0])))
    return figures.lines(series, x=AXES[axis], y=y, level=level)


def percent(group: Group, column: str = "accuracy") -> Interval:
    """A share as a percentage; an interval of few seeds ends where shares do."""
    found = group.interval(column)
    low, high = (float(np.clip(100 * end, 0, 100)) for end in (found.low, found.high))
    return Interval(100 * found.mean, low, high, found.n)


def _figure(groups: Sequence[Group], axis: str) -> Html:
    plot = size_lines(groups, axis, y="test accuracy, %", value=percent)
    return page.figure(plot, name=joined("accuracy", axis, groups[0].panel))


def _series(name: str, placed: Sequence[tuple[float, Interval, Group]]) -> figures.Series:
    return figures.Series(
        name,
        [place for place, _, _ in placed],
        [found.mean for _, found, _ in placed],
        [found.low for _, found, _ in placed],
        [found.high for _, found, _ in placed],
        [f"{group.title}, n = {found.n}" for _, found, group in placed],
        placed[0][2].number,
    )


def contour_part(results: Results) -> Part | Absent:
    """Accuracy over two degrees that vary on their own."""
    words = "Mean test accuracy, %, over the degrees of two junctions; dots are what was measured, the rest is bridged."
    parts = {}
    for panel, groups in results.panels.items():
        for name in dict.fromkeys(group.name for group in groups):
            plot = _contour([group for group in groups if group.name == name and not group.dense])
            if plot is not None:
                parts[joined(name, panel)] = page.figure(plot, name=joined("contour", name, panel))
    if not parts:
        return Absent(
            "no construction was run with the degrees of two junctions varied each on its own, as 8,4 and 8,16."
        )
    return Part(words, page.choice(parts, label="Construction and data"))


def _contour(groups: Sequence[Group]) -> Figure | None:
    """The surface, if exactly two degrees vary and each has two values or more."""
    placed = [(group.sizes(), group.mean("accuracy")) for group in groups]
    placed = [(sizes, value) for sizes, value in placed if len(sizes) >= 2 and not any(map(math.isnan, sizes))]
    if len({len(sizes) for sizes, _ in placed}) != 1:
        return None
    placed += [(each.sizes() * len(placed[0][0]), each.mean("accuracy")) for each in groups if len(each.sizes()) == 1]
    varied = [place for place in range(len(placed[0][0])) if len({sizes[place] for sizes, _ in placed}) > 1]
    if len(varied) != 2 or len(placed) < 4:
        return None
    columns, rows = (sorted({sizes[place] for sizes, _ in placed}) for place in varied)
    values = [[math.nan] * len(columns) for _ in rows]
    for sizes, value in placed:
        values[rows.index(sizes[varied[1]])][columns.index(sizes[varied[0]])] = 100 * value
    axes = (f"degree of junction {varied[0] + 1}", f"degree of junction {varied[1] + 1}", "%")
    return figures.contour(values, columns, rows, axes=axes)


CURVES = {
    "validation_accuracy": ("validation accuracy", "validation accuracy, %", 100.0),
    "accuracy": ("training accuracy", "training accuracy, %", 100.0),
    "loss": ("training loss", "training loss", 1.0),
    "validation_loss": ("validation loss", "validation loss", 1.0),
}
"""Columns of the epochs' table: what the choice calls them, what stands beside the axis, and their scale."""


def learning_part(results: Results, epochs: DataFrame) -> Part | Absent:
    """Learning curves, means over seeds."""
    metrics = [name for name in CURVES if name in epochs and epochs[name].notna().any()]
    if epochs.empty or not metrics or not results.groups:
        return Absent("no epochs of finished runs are recorded.")
    means = _epoch_means(results, epochs, metrics)
    parts = {CURVES[metric][0]: _learning_choice(results, means, metric) for metric in metrics}
    return Part(
        "Means over seeds after each epoch, one line a construction.", page.choice(parts, label="What is drawn")
    )


def _epoch_means(results: Results, epochs: DataFrame, metrics: Sequence[str]) -> DataFrame:
    groups = {run: number for number, group in enumerate(results.groups) for run in group.runs["run"]}
    known = epochs[epochs["run"].isin(groups)]
    return known.groupby([known["run"].map(groups), "epoch"])[list(metrics)].mean()


def _learning_choice(results: Results, means: DataFrame, metric: str) -> Html:
    numbers = {group: number for number, group in enumerate(results.groups)}
    parts = {}
    for name, members in _sheets(results).items():
        drawn = [_curve(means, numbers[group], group, metric) for group in members if numbers[group] in means.index]
        if drawn:
            plot = figures.lines(drawn, x="epoch", y=CURVES[metric][1], log=False)
            parts[name or "all"] = page.figure(plot, name=joined(metric, name))
    return page.choice(parts, label="Degree and data")


def _sheets(results: Results) -> dict[str, list[Group]]:
    """The groups of each figure: all of a panel if they are few, else those of one degree and the dense one."""
    sheets: dict[str, list[Group]] = {}
    for panel, groups in results.panels.items():
        dense = [group for group in groups if group.dense]
        for group in groups:
            size = "" if len(groups) <= MOST_CURVES else _size(group, results.axes[0])
            if not group.dense or len(dense) == len(groups):
                sheets.setdefault(joined(size, panel), list(dense)).append(group)
    return sheets


def _size(group: Group, axis: str) -> str:
    return f"{axis} {text(group.place(axis))}" if group.place(axis) > 0 else group.title.removeprefix(f"{group.name}, ")


def _curve(means: DataFrame, number: int, group: Group, metric: str) -> figures.Series:
    values = means.loc[number, metric].dropna() * CURVES[metric][2]
    title = group.title
    return figures.Series(
        title,
        [int(epoch) for epoch in values.index],
        [float(f"{value:.5g}") for value in values],
        remarks=[f"{title}, epoch {epoch}" for epoch in values.index],
        number=group.number,
    )
