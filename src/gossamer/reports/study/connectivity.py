"""Whether better connected networks are more accurate, at as many edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gossamer.analysis.groups import Group, Results
from gossamer.analysis.prediction import Association, Runs, associate
from gossamer.measures import MEASURES
from gossamer.reports import figures, page
from gossamer.reports.page import Cell, Html
from gossamer.reports.study.accuracy import percent
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined, signed
from gossamer.training import stream

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHOWN = ("algebraic_connectivity", "spectral_gap", "normalised_gap", "ramanujan_margin")
"""Measures that are drawn against accuracy, the first to begin with."""

MOST_SYMBOLS = 6


def connectivity_part(results: Results) -> Part | Absent:
    """Each measure against accuracy, and a test of all of them at fixed edges."""
    parts = {}
    for measure in SHOWN:
        for panel, groups in results.panels.items():
            plot = _figure(groups, measure)
            if plot is not None:
                parts[joined(measure.replace("_", " "), panel)] = page.figure(plot, name=joined(measure, panel))
    found, compared = measure_associations(results)
    words = (
        "Each point is a mean over seeds; bars are 95 % intervals of the accuracy. Measures are of the graph that the "
        "sparse junctions make at the end of training."
    )
    if not parts:
        return Absent("no measure of connectivity is recorded of three sparse networks or more.")
    test = (page.paragraph(_explained(found, compared)), *([page.table(_COLUMNS, map(_row, found))] if found else []))
    return Part(words, Html(page.choice(parts, label="Measure and data") + "".join(test)))


def measure_associations(results: Results) -> tuple[tuple[Association, ...], int]:
    """Rank correlations of all measures with accuracy among means over seeds of as many edges, and of how many means.

    A seed is no witness of its own: networks of one construction and degree are alike for other reasons than the
    measure, so each counts once. Only those of one panel are compared, and only where three have as many edges.
    """
    members: dict[tuple[str, int], list[Group]] = {}
    for group in results.groups:
        edges = group.mean("edges")
        if not (group.dense or math.isnan(edges) or math.isnan(group.mean("accuracy"))):
            members.setdefault((group.panel, round(edges)), []).append(group)
    usable = [(code, group) for code, sharing in enumerate(members.values()) if len(sharing) >= 3 for group in sharing]
    measures = {
        name: values
        for name in MEASURES
        if name in results.frame and name != "num_edges"
        for values in [[group.mean(name) for _, group in usable]]
        if all(map(math.isfinite, values)) and len(set(values)) > 1
    }
    if len(usable) < 4 or not measures:
        return (), len(usable)
    runs = Runs(
        measures=measures,
        family=[group.name for _, group in usable],
        num_edges=[code for code, _ in usable],  # edges of a panel: accuracies on other data are not comparable
        layer_densities=[[1.0]] * len(usable),
        accuracy=[group.mean("accuracy") for _, group in usable],
    )
    return associate(runs, rng=stream(0, "report")), len(usable)


_COLUMNS = ("measure", "ρ", "p", "p, Holm", "p, max-T")


def _row(found: Association) -> list[Cell]:
    p_values = (found.p_value, found.p_holm, found.p_max)
    cells: list[Cell] = [(found.measure.replace("_", " "), found.measure), (signed(found.spearman), found.spearman)]
    return [*cells, *((f"{value:.3f}", value) for value in p_values)]


def _explained(found: Sequence[Association], compared: int) -> str:
    if not found:
        return "A correlation at fixed edges needs three constructions or more of as many edges, which there are not."
    return (
        f"At fixed edges: ρ is Spearman's rank correlation with accuracy within groups of equal edges, over {compared} "
        "means over seeds (a seed is no independent witness). p by 999 permutations of accuracy within those groups; "
        f"Holm's and the max-T correction account for all measures looked at, {len(found)} here. A correlation over "
        "constructions that were not drawn at random says what goes together, not what causes what."
    )


def _figure(groups: Sequence[Group], measure: str) -> Figure | None:
    known = [group for group in groups if not group.dense and math.isfinite(group.mean(measure))]
    known = [group for group in known if math.isfinite(group.mean("accuracy"))]
    if len(known) < 3:
        return None
    edges = sorted({round(group.mean("edges")) for group in known})
    marked = edges if len(edges) <= MOST_SYMBOLS else []
    series = []
    for name in dict.fromkeys(group.name for group in known):
        members = [group for group in known if group.name == name]
        accuracies = [percent(group) for group in members]
        series.append(
            figures.Series(
                name,
                [group.mean(measure) for group in members],
                [each.mean for each in accuracies],
                [each.low for each in accuracies],
                [each.high for each in accuracies],
                [group.title for group in members],
                members[0].number,
                [marked.index(round(group.mean("edges"))) for group in members] if marked else (),
            )
        )
    axis = f"{measure.replace('_', ' ')}{' λ₂' if measure == 'algebraic_connectivity' else ''}"
    symbols = [f"{count:,} edges" for count in marked]
    return figures.points(series, x=axis, y="test accuracy, %", symbols=symbols)
