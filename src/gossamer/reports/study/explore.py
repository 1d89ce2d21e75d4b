"""Any number of the study against any other, as the reader chooses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from gossamer.analysis.columns import Column, column_named, columns_of
from gossamer.analysis.groups import Group, Results, number
from gossamer.plots.scales import scale_of
from gossamer.plots.style import styles_of
from gossamer.reports import page
from gossamer.reports.figures import layout
from gossamer.reports.page import Html
from gossamer.reports.study.part import Absent, Part

if TYPE_CHECKING:
    from pandas import DataFrame

_FIRST = ("algebraic_connectivity", "degree", "density", "edges")
"""What stands across to begin with: the first that is there."""


def explore_part(results: Results) -> Part | Absent:
    """A figure whose axes the reader chooses among all columns of numbers."""
    columns = columns_of(results.frame)
    if len(columns) < 2 or not results.groups:
        return Absent("no finished run tells two numbers.")
    words = (
        "Choose what stands across and what stands up: every number of the table of runs is there. A point is a run; "
        "its colour and marker are the construction's. Scales follow the numbers: a logarithm where they differ "
        "twentyfold, a symmetric one where there are zeros among them."
    )
    names = [column.name for column in columns]
    across = next((name for name in _FIRST if name in names), names[0])
    up = results.outcome.column if results.outcome.column in names else names[-1]
    controls = [_select("across", columns, across), _select("up", columns, up)]
    if len(results.panels) > 1:
        controls.append(_panels(list(results.panels)))
    empty = page.embedded({"data": [], "layout": layout("", "")})
    plot = f'<div class="plot" data-name="any-two-numbers"></div><script type="application/json">{empty}</script>'
    store = f'<script type="application/json">{page.embedded(_stored(results, columns))}</script>'
    inside = f'<div class="filters">{"".join(controls)}</div><div class="drawing">{plot}</div>{store}'
    return Part(words, Html(f'<div class="explore">{inside}</div>'))


def _stored(results: Results, columns: Sequence[Column]) -> dict[str, Any]:
    """What the page's script draws from: scales of the columns, and the numbers of each group's runs."""
    styles = styles_of(group.name for group in results.groups)
    panels = list(results.panels)
    return {
        "columns": {column.name: _scaled(results.done, column) for column in columns},
        "groups": [
            {
                "name": group.name,
                "title": group.title,
                "panel": panels.index(group.panel),
                "colour": styles[group.name].colour,
                "symbol": styles[group.name].symbol,
                "values": {column.name: _values(group, column) for column in columns},
            }
            for group in results.groups
        ],
    }


def _scaled(frame: DataFrame, column: Column) -> dict[str, Any]:
    values = [column.scale * number(value) for value in frame[column.name]]
    scale = scale_of(values, symmetric=column.symmetric)
    found: dict[str, Any] = {"title": column.title, "kind": scale.kind}
    if scale.kind == "symlog":
        found |= {"threshold": scale.threshold, "ticks": scale.ticks(values)}
    return found


def _values(group: Group, column: Column) -> list[float | None]:
    """One number a run, of six digits; null where there is none."""
    found = [column.scale * number(value) for value in group.runs[column.name]]
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in found]


def _select(axis: str, columns: Sequence[Column], chosen: str) -> str:
    options = "".join(
        f'<option value="{escape(column.name)}"{" selected" * (column.name == chosen)}>'
        f"{escape(column_named(column.name).title)}</option>"
        for column in columns
    )
    return f'<label>{axis}<select data-axis="{axis}" autocomplete="off">{options}</select></label>'


def _panels(panels: Sequence[str]) -> str:
    options = "".join(f'<option value="{k}">{escape(panel)}</option>' for k, panel in enumerate(panels))
    return f'<label>setting<select data-axis="panel" autocomplete="off">{options}</select></label>'
