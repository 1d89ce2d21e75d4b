"""The table of runs, its filters, and the runs that failed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from gossamer.analysis.groups import Results, number, text
from gossamer.reports import page
from gossamer.reports.page import Cell, Html
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined

MOST_CHOICES = 40
"""Values of a label that a filter lists; labels with more are found by the search alone."""

MANY = 200
"""Rows beyond which the table is laid out only when it comes into sight."""

NUMBERS = {
    "accuracy": ("accuracy, %", 100.0, ".2f"),
    "r2": ("R²", 1.0, ".4f"),
    "rmse": ("RMSE", 1.0, ".4g"),
    "mae": ("mean error", 1.0, ".4g"),
    "loss": ("loss", 1.0, ".4g"),
    "validation_accuracy": ("validation, %", 100.0, ".2f"),
    "best_epoch": ("best epoch", 1.0, ".0f"),
    "edges": ("edges", 1.0, ",.0f"),
    "seconds": ("seconds", 1.0, ".2f"),
    "model_bytes": ("model bytes", 1.0, ",.0f"),
    "algebraic_connectivity": ("λ₂", 1.0, ".4g"),
    "components": ("components", 1.0, ".0f"),
}
"""Columns of numbers: what the table calls them, their scale, and how they are written."""


def runs_part(results: Results, material: Material) -> Part:
    """All runs, with filters, a CSV button, and each one's configuration."""
    frame = results.frame
    labels = ["state", *results.labels]
    numbers = [name for name in NUMBERS if name in frame and frame[name].notna().any()]
    configs = {str(run): config for run in frame["run"] if (config := material.config(str(run))) is not None}
    head = page.heads(["run", *labels], text=True) + page.heads([NUMBERS[name][0] for name in numbers])
    rows = "".join(_row(run, labels, numbers, configs) for run in frame.to_dict("records"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    dialog = '<dialog><h3></h3><pre></pre><button type="button" class="button">Close</button></dialog>'
    inside = f'{_filters(results, labels)}<div class="scroll{" large" * (len(frame) > MANY)}">{table}</div>{dialog}'
    store = f'<script type="application/json">{page.embedded(configs)}</script>'
    words = (
        "Click a column's name to sort, a run to see its configuration. CSV saves the rows that are shown, in their "
        "order, with all digits."
    )
    return Part(words, Html(f'<div class="runs">{inside}{store}</div>'))


def failures_part(results: Results) -> Part | Absent:
    """The causes of failures, and the runs that they ended."""
    causes: dict[str, list[str]] = {}
    for _, run in results.failed.iterrows():
        title = ", ".join(f"{label} {text(run[label])}" for label in results.labels if text(run[label]))
        causes.setdefault(text(run.get("error")) or "no cause was recorded", []).append(joined(str(run["run"]), title))
    if not causes:
        return Absent("no run failed.")
    rows: list[list[Cell]] = [
        [(cause, cause), (str(len(runs)), len(runs)), _few(runs)]
        for cause, runs in sorted(causes.items(), key=lambda each: -len(each[1]))
    ]
    words = f"{len(results.failed)} of {len(results.frame)} runs failed; they are in no figure. The study retries them."
    return Part(words, page.table(("cause", "runs", "which"), rows, stacked=True))


def _few(runs: list[str]) -> Cell:
    more = f"; and {len(runs) - 3} more" if len(runs) > 3 else ""
    shown = "; ".join(runs[:3]) + more
    return shown, shown


def _filters(results: Results, labels: list[str]) -> str:
    """A list for each label with a few values, a search over all cells, the number of rows, and the CSV button."""
    controls = []
    for column, label in enumerate(labels, 1):  # the run's name comes first
        values = sorted(set(results.frame[label].map(text)), key=_natural)
        if 1 < len(values) <= MOST_CHOICES:
            options = "".join(
                f'<option value="={escape(value)}">{escape(value or "none")}</option>' for value in values
            )
            control = (
                f'<select data-column="{column}" autocomplete="off"><option value="">all</option>{options}</select>'
            )
            controls.append(f"<label>{escape(label)}{control}</label>")
    search = '<label>search<input type="search" placeholder="any words" autocomplete="off"></label>'
    count = f"<output>{len(results.frame)} of {len(results.frame)} runs</output>"
    button = '<button type="button" class="button csv">CSV</button>'
    return f'<div class="filters">{"".join(controls)}{search}{count}{button}</div>'


def _natural(value: str) -> tuple[float, str]:
    found = number(value)
    return (math.inf if math.isnan(found) else found), value


def _row(run: Mapping[str, Any], labels: list[str], numbers: list[str], configs: dict[str, Any]) -> str:
    digest = str(run["run"])
    shown = escape(digest)
    if digest in configs:
        shown = f'<button type="button" class="link" data-config="{shown}">{shown}</button>'
    cells = [f'<td class="text" data-value="{escape(digest)}">{shown}</td>']
    cells += [page.cell(text(run[label]), text(run[label])) for label in labels]
    for name in numbers:
        value = number(run[name])
        _, scale, form = NUMBERS[name]
        cells.append(page.cell("", "") if math.isnan(value) else page.cell(format(scale * value, form), scale * value))
    return f"<tr>{''.join(cells)}</tr>"
