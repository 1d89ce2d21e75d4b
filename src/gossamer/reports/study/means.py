"""All numbers of a study in one table: means over seeds, one row a configuration."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gossamer.analysis.groups import Group, Results
from gossamer.reports import page
from gossamer.reports.page import Cell
from gossamer.reports.study.part import Absent, Part

WORDS = (
    "Means over seeds, one row a configuration; ± is the standard deviation of the accuracy over them, in points. "
    "Measures are of the graph that the sparse junctions make, probes of the trained network. Click a name to sort."
)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the study's frame: what the table calls it, and how it is written."""

    title: str
    form: str


_COLUMNS = {
    "seconds": _Column("seconds", ".2f"),
    "edges": _Column("edges", ",.0f"),
    "topology_bytes": _Column("topology bytes", ",.0f"),
    "model_bytes": _Column("model bytes", ",.0f"),
    "algebraic_connectivity": _Column("λ₂", ".3f"),
    "spectral_gap": _Column("spectral gap", ".3f"),
    "components": _Column("components", ".1f"),
    "dead_inputs": _Column("dead inputs", ".1f"),
    "dead_outputs": _Column("dead outputs", ".1f"),
    "log_effective_paths": _Column("log paths", ".2f"),
}


def means_part(results: Results) -> Part | Absent:
    """The means of every configuration, the dense network's among them."""
    groups = results.groups
    if not groups:
        return Absent("no run is done.")
    shown = [name for name in _COLUMNS if any(not math.isnan(group.mean(name)) for group in groups)]
    settings = any(group.panel for group in groups)
    heads = ["configuration", *(["setting"] if settings else []), "accuracy, %", "±", "runs"]
    heads += [_COLUMNS[name].title for name in shown]
    return Part(WORDS, page.table(heads, [_row(group, shown, settings=settings) for group in groups]))


def _row(group: Group, shown: list[str], *, settings: bool) -> list[Cell]:
    cells: list[Cell] = [(group.title, group.title), *([(group.panel, group.panel)] if settings else [])]
    spread = 100 * group.deviation("accuracy") if len(group.runs) > 1 else math.nan
    cells += [_cell(100 * group.mean("accuracy"), ".2f"), _cell(spread, ".2f"), _cell(len(group.runs), "d")]
    return [*cells, *(_cell(group.mean(name), _COLUMNS[name].form) for name in shown)]


def _cell(value: float, form: str) -> Cell:
    return ("", -math.inf) if math.isnan(value) else (format(value, form), value)
