"""All numbers of a study in one table: means over seeds, one row a configuration."""

from __future__ import annotations

import math

from gossamer.analysis.columns import column_named
from gossamer.analysis.groups import Group, Results
from gossamer.analysis.outcome import Outcome
from gossamer.reports import page
from gossamer.reports.page import Cell
from gossamer.reports.study.accuracy import judged
from gossamer.reports.study.part import Absent, Part

WORDS = (
    "Each row is a configuration, and its numbers are means over seeds. ± is the standard deviation of the {word} over "
    "them, and the interval Student's at 95 %. Measures are of the graph that the sparse junctions make, probes of the "
    "trained network. Click a name to sort."
)
_COLUMNS = (
    "rmse",
    "mae",
    "seconds",
    "edges",
    "topology_bytes",
    "model_bytes",
    "algebraic_connectivity",
    "spectral_gap",
    "components",
    "dead_inputs",
    "dead_outputs",
    "log_effective_paths",
)
_TITLES = {
    "seconds": "seconds",
    "topology_bytes": "topology bytes",
    "model_bytes": "model bytes",
    "algebraic_connectivity": "λ₂",
    "log_effective_paths": "log paths",
    "rmse": "RMSE",
    "mae": "mean error",
}
_FORMS = {"algebraic_connectivity": ".3f", "spectral_gap": ".3f", "components": ".1f"}


def means_part(results: Results) -> Part | Absent:
    """The means of every configuration, the dense network's among them."""
    groups = results.groups
    if not groups:
        return Absent("no run is done.")
    shown = [name for name in _COLUMNS if any(not math.isnan(group.mean(name)) for group in groups)]
    settings, outcome = any(group.panel for group in groups), results.outcome
    title = outcome.title.removeprefix("test ")
    heads = ["configuration", *(["setting"] if settings else []), title, "±", "95 % interval", "runs"]
    heads += [_TITLES.get(name, column_named(name).title) for name in shown]
    rows = [_row(group, shown, outcome, settings=settings) for group in groups]
    return Part(WORDS.format(word=outcome.word), page.table(heads, rows))


def _row(group: Group, shown: list[str], outcome: Outcome, *, settings: bool) -> list[Cell]:
    cells: list[Cell] = [(group.title, group.title), *([(group.panel, group.panel)] if settings else [])]
    found = judged(group, outcome)
    spread = outcome.scale * group.deviation(outcome.column) if len(group.runs) > 1 else math.nan
    ends = ("", -math.inf) if math.isnan(found.low) else (f"{found.low:.2f} to {found.high:.2f}", found.low)
    cells += [_cell(found.mean, ".2f"), _cell(spread, ".2f"), ends, _cell(len(group.runs), "d")]
    return [*cells, *(_cell(group.mean(name), _FORMS.get(name, column_named(name).form)) for name in shown)]


def _cell(value: float, form: str) -> Cell:
    return ("", -math.inf) if math.isnan(value) else (format(value, form), value)
