"""What accuracy depends on: degree, density, two degrees at a time, epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.groups import Group, Results, text
from gossamer.analysis.intervals import Interval
from gossamer.analysis.outcome import Outcome
from gossamer.plots.scales import scale_of
from gossamer.plots.style import Style, dash_of, styles_of
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
        joined(f"against {axis}", panel): _figure(groups, axis, results.outcome)
        for panel, groups in results.panels.items()
        for axis in results.axes
        if any(group.place(axis) > 0 for group in groups if not group.dense)
    }
    words = (
        f"Lines join means over seeds{dots_in_words(results)} The dashed line is the fully connected network. Every "
        "construction has the same colour and marker on every page."
    )
    if not parts:
        return Absent("no finished run of a sparse network tells its degree, density or edges.")
    return Part(words, page.choice(parts, label="Axis and data"))


def dots_in_words(results: Results) -> str:
    """How the single seeds are shown, as the end of a sentence, and where their intervals are."""
    most = max((len(group.runs) for group in results.groups), default=1)
    if most < 2:
        return ", of one seed each."
    if most <= figures.FEW:
        return (
            "; small dots are the single seeds. Student's 95 % intervals of so few are wide: a click on their name in "
            "the legend shows them, and the table of all numbers holds them."
        )
    return "; bars are Student's 95 % intervals over seeds."


def size_lines(
    groups: Sequence[Group],
    axis: str,
    *,
    y: str,
    value: Callable[[Group], Interval],
    single: Callable[[Group], Sequence[float]] | None = None,
    dense: bool = True,
    ratios: bool = False,
) -> Figure:
    """A value of the groups against `axis`, one line a construction; the fully connected network is a level.

    Args:
        groups: of one panel.
        axis: one of `AXES`.
        y: what stands beside the axis.
        value: of a group; those without one are left out.
        single: the numbers of a group's seeds, which are dots where they are few.
        dense: whether to draw the level.
        ratios: whether values that differ by large factors are spread by their ratios.
    """
    levels = [("dense", value(group).mean) for group in groups if group.dense]
    level = next((each for each in levels if dense and not math.isnan(each[1])), None)
    series = []
    styles = styles_of(group.name for group in groups)
    for name in styles:
        placed = [(group.place(axis), value(group), group) for group in groups if group.name == name]
        placed = [each for each in placed if each[0] > 0 and not math.isnan(each[1].mean)]
        placed = [each for each in placed if not (level and each[2].dense)]
        if placed:
            series.append(_series(name, styles[name], sorted(placed, key=lambda each: each[0]), single))
    up = scale_of([value for each in series for value in each.y]) if ratios else figures.LINEAR
    return figures.lines(series, x=AXES[axis], y=y, level=level, up=up)


def judged(group: Group, outcome: Outcome, column: str = "") -> Interval:
    """The outcome of a group as it is shown; an interval of few seeds ends where the outcome's values do."""
    found = group.interval(column or outcome.column)
    low, high = (float(np.clip(outcome.scale * end, outcome.low, outcome.high)) for end in (found.low, found.high))
    return Interval(outcome.scale * found.mean, low, high, found.n)


def seeds_of(group: Group, outcome: Outcome) -> list[float]:
    """The outcome of each seed as it is shown."""
    return [outcome.scale * value for value in group.by_seed(outcome.column).values() if math.isfinite(value)]


def _figure(groups: Sequence[Group], axis: str, outcome: Outcome) -> Html:
    plot = size_lines(
        groups,
        axis,
        y=outcome.title,
        value=lambda group: judged(group, outcome),
        single=lambda group: seeds_of(group, outcome),
    )
    return page.figure(plot, name=joined(outcome.word, axis, groups[0].panel))


def _series(
    name: str,
    style: Style,
    placed: Sequence[tuple[float, Interval, Group]],
    single: Callable[[Group], Sequence[float]] | None,
) -> figures.Series:
    return figures.Series(
        name,
        [place for place, _, _ in placed],
        [found.mean for _, found, _ in placed],
        [found.low for _, found, _ in placed],
        [found.high for _, found, _ in placed],
        [f"{group.title}, n = {found.n}{_ends(found)}" for _, found, group in placed],
        style=style,
        dots=[single(group) for _, _, group in placed] if single else (),
    )


def _ends(found: Interval) -> str:
    return "" if math.isnan(found.low) else f", 95 % interval {found.low:.4g} to {found.high:.4g}"


def contour_part(results: Results) -> Part | Absent:
    """Accuracy over two degrees that vary on their own."""
    outcome = results.outcome
    words = (
        f"The mean {outcome.title} over the degrees of two junctions. Dots are what was measured; the rest is bridged."
    )
    parts = {}
    for panel, groups in results.panels.items():
        for name in dict.fromkeys(group.name for group in groups):
            plot = _contour([group for group in groups if group.name == name and not group.dense], outcome)
            if plot is not None:
                parts[joined(name, panel)] = page.figure(plot, name=joined("contour", name, panel))
    if not parts:
        return Absent(
            "no construction was run with the degrees of two junctions varied each on its own, as 8,4 and 8,16."
        )
    return Part(words, page.choice(parts, label="Construction and data"))


def _contour(groups: Sequence[Group], outcome: Outcome) -> Figure | None:
    """The surface, if exactly two degrees vary and each has two values or more."""
    placed = [(group.sizes(), group.mean(outcome.column)) for group in groups]
    placed = [(sizes, value) for sizes, value in placed if len(sizes) >= 2 and not any(map(math.isnan, sizes))]
    if len({len(sizes) for sizes, _ in placed}) != 1:
        return None
    placed += [
        (each.sizes() * len(placed[0][0]), each.mean(outcome.column)) for each in groups if len(each.sizes()) == 1
    ]
    varied = [place for place in range(len(placed[0][0])) if len({sizes[place] for sizes, _ in placed}) > 1]
    if len(varied) != 2 or len(placed) < 4:
        return None
    columns, rows = (sorted({sizes[place] for sizes, _ in placed}) for place in varied)
    values = [[math.nan] * len(columns) for _ in rows]
    for sizes, value in placed:
        values[rows.index(sizes[varied[1]])][columns.index(sizes[varied[0]])] = outcome.scale * value
    axes = (
        f"degree of junction {varied[0] + 1}",
        f"degree of junction {varied[1] + 1}",
        outcome.unit.strip() or outcome.word,
    )
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
    words = (
        "Lines are means over seeds after each epoch. The colour and marker are the construction's, the dash tells the "
        "degree or density, solid the largest."
    )
    return Part(words, page.choice(parts, label="What is drawn"))


def _epoch_means(results: Results, epochs: DataFrame, metrics: Sequence[str]) -> DataFrame:
    groups = {run: number for number, group in enumerate(results.groups) for run in group.runs["run"]}
    known = epochs[epochs["run"].isin(groups)]
    return known.groupby([known["run"].map(groups), "epoch"])[list(metrics)].mean()


def _learning_choice(results: Results, means: DataFrame, metric: str) -> Html:
    numbers = {group: number for number, group in enumerate(results.groups)}
    styles = styles_of(group.name for group in results.groups)
    dashes = _dashes(results)
    parts = {}
    for name, members in _sheets(results).items():
        known = [group for group in members if numbers[group] in means.index]
        drawn = [_curve(means, numbers[g], g, metric, (styles[g.name], dashes.get(g.title, "solid"))) for g in known]
        if drawn:
            plot = figures.lines(drawn, x="epoch", y=CURVES[metric][1], log=False, whole=True)
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


def _dashes(results: Results) -> dict[str, str]:
    """The dash of each group by its size, by title: the largest of all is solid."""
    axis = results.axes[0]
    places = {group.title: group.place(axis) for group in results.groups if group.place(axis) > 0}
    ranks = sorted(set(places.values()), reverse=True)
    return {title: dash_of(ranks.index(place)) for title, place in places.items()}


def _curve(means: DataFrame, number: int, group: Group, metric: str, look: tuple[Style, str]) -> figures.Series:
    values = means.loc[number, metric].dropna() * CURVES[metric][2]
    title = group.title
    return figures.Series(
        title,
        [int(epoch) for epoch in values.index],
        [float(f"{value:.5g}") for value in values],
        remarks=[f"{title}, epoch {epoch}" for epoch in values.index],
        style=look[0],
        dash=look[1],
    )
