"""A study as a drawing, and as a table in a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gossamer.analysis.columns import Column, column_named, columns_of
from gossamer.analysis.groups import Group, Results
from gossamer.errors import StudyError, require_known
from gossamer.plots.clouds import Cloud, draw_clouds
from gossamer.plots.style import styles_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

_SHOWN = ("accuracy", "rmse", "r2", "edges", "seconds", "algebraic_connectivity", "components")


def draw_runs(
    frame: DataFrame,
    labels: Sequence[str],
    ax: Axes | None = None,
    *,
    x: str | None = None,
    y: str | None = None,
    where: str | None = None,
) -> Axes:
    """Draw one column of a study's frame against another; see `gossamer.studies.Study.plot`."""
    results = Results(frame, tuple(labels))
    if not results.groups:
        raise StudyError(f"none of {len(frame)} runs is done; there is nothing to draw.")
    chosen = (results.axes[0] if x is None else x, results.outcome.column if y is None else y)
    across, up = (_column(name, results) for name in chosen)
    panel = next(iter(results.panels)) if where is None else where
    require_known("where", panel, results.panels)
    groups = results.panels[panel]
    clouds = _clouds(groups, across, up)
    if not clouds:
        raise StudyError(f"no finished run has both {across.name} and {up.name}.")
    dense = next((group for group in groups if group.dense), None)
    at_level = dense is not None and across.name in ("degree", "density")
    level = ("dense", up.scale * dense.mean(up.name)) if dense is not None and at_level else None
    return draw_clouds(clouds, ax, x=across.title, y=up.title, symmetric=across.symmetric, level=level)


def runs_html(name: str, frame: DataFrame, labels: Sequence[str]) -> str:
    """The means over seeds of every configuration, as a notebook shows them."""
    from gossamer.plots.notebook import html_table

    results = Results(frame, tuple(labels))
    known = {column.name for column in columns_of(frame)}
    shown = [column_named(each) for each in _SHOWN if each in known]
    rows = [
        [*([group.panel] if group.panel else []), group.title, len(group.runs), *(_mean(group, each) for each in shown)]
        for group in results.groups
    ]
    setting = ["setting"] if any(group.panel for group in results.groups) else []
    head = [*setting, "configuration", "runs", *(column.title for column in shown)]
    return html_table(head, rows, title=f"{name}: {len(results.done)} of {len(frame)} runs done, means over seeds")


def _column(name: str, results: Results) -> Column:
    known = {column.name: column for column in columns_of(results.frame)}
    known |= {axis: column_named(axis) for axis in results.axes}
    return require_known("column", name, known)


def _mean(group: Group, column: Column) -> float:
    return column.scale * group.mean(column.name)


def _clouds(groups: Sequence[Group], across: Column, up: Column) -> list[Cloud]:
    """A cloud a construction; means are joined where they stand against a size that was chosen."""
    sized = across.name in ("degree", "density", "edges")
    styles = styles_of(group.name for group in groups)
    found = []
    for name, style in styles.items():
        members = [group for group in groups if group.name == name and not (group.dense and across.name == "degree")]
        points = [point for group in members for point in _points(group, across, up)]
        means = sorted((_place(group, across), _mean(group, up)) for group in members)
        means = [each for each in means if all(map(math.isfinite, each))] if sized else []
        if points:
            xs, ys = zip(*points, strict=True)
            mean_x, mean_y = zip(*means, strict=True) if means else ((), ())
            found.append(Cloud(name, style, xs, ys, mean_x, mean_y))
    return found


def _place(group: Group, column: Column) -> float:
    return column.scale * group.place(column.name)


def _points(group: Group, across: Column, up: Column) -> list[tuple[float, float]]:
    """The seeds of a group that have both numbers."""
    ups = group.by_seed(up.name)
    places = dict.fromkeys(ups, group.place("degree")) if across.name == "degree" else group.by_seed(across.name)
    pairs = [(across.scale * places.get(seed, math.nan), up.scale * value) for seed, value in ups.items()]
    return [pair for pair in pairs if all(map(math.isfinite, pair))]
