"""Whether better connected networks are more accurate, at as many edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from gossamer.analysis.groups import Group, Results
from gossamer.analysis.prediction import Association, Runs, associate
from gossamer.reports import figures, page
from gossamer.reports.page import Cell, Html
from gossamer.reports.study.accuracy import percent
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined, signed
from gossamer.studies.measures import known_measures
from gossamer.training import stream

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHOWN = ("algebraic_connectivity", "spectral_gap", "normalised_gap", "ramanujan_margin")
"""Measures that are drawn against accuracy, the first to begin with."""

MOST_SYMBOLS = 6


Densities: TypeAlias = Mapping[str, Sequence[float]]
"""Density of each junction, by the digest of a group's first run."""


def densities_of(results: Results, material: Material) -> Densities:
    """Densities of the networks of the sparse groups, of those whose topology can be read."""
    found = {group.first: material.topology(group.first) for group in results.groups if group.sparse}
    return {digest: [g.density for g in topology.layers] for digest, topology in found.items() if topology is not None}


def connectivity_part(results: Results, densities: Densities) -> Part | Absent:
    """Each measure against accuracy, and a test of all of them at fixed edges."""
    parts = {}
    for measure in SHOWN:
        for panel, groups in results.panels.items():
            plot = _figure(groups, measure)
            if plot is not None:
                parts[joined(measure.replace("_", " "), panel)] = page.figure(plot, name=joined(measure, panel))
    found, compared = measure_associations(results, densities)
    words = (
        "Each point is a mean over seeds; bars are 95 % intervals of the accuracy. Measures are of the graph that the "
        "sparse junctions make at the end of training; probes that the study took are of its networks then."
    )
    if not parts:
        return Absent("no measure of connectivity is recorded of three sparse networks or more.")
    test = (page.paragraph(_explained(found, compared)), *([page.table(_COLUMNS, map(_row, found))] if found else []))
    return Part(words, Html(page.choice(parts, label="Measure and data") + "".join(test)))


def measure_associations(results: Results, densities: Densities) -> tuple[tuple[Association, ...], int]:
    """Rank correlations of all measures with accuracy among means over seeds of as many edges, and of how many means.

    The construction is the witness, not its degrees, data sets or seeds: what else makes it good or bad makes it so in
    all of them. Only groups of one panel are compared, and only where three have as many edges.
    """
    members: dict[tuple[str, int], list[Group]] = {}
    for group in results.groups:
        edges = group.mean("edges")
        if group.sparse and not (math.isnan(edges) or math.isnan(group.mean("accuracy"))):
            members.setdefault((group.panel, round(edges)), []).append(group)
    usable = [(code, group) for code, sharing in enumerate(members.values()) if len(sharing) >= 3 for group in sharing]
    measures = {
        name: values
        for name in known_measures(results.frame.columns)
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
        layer_densities=_table([densities.get(group.first, ()) for _, group in usable]),
        accuracy=[group.mean("accuracy") for _, group in usable],
    )
    return associate(runs, rng=stream(0, "report")), len(usable)


_COLUMNS = ("measure", "ρ", "p", "p, Holm", "p, max-T", "ρ given densities", "its p", "held-out R²")


def _table(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """Densities in columns; networks with fewer junctions than others are filled up, which tells none of them apart."""
    if not all(rows):
        return [[1.0]] * len(rows)  # something could not be read: nothing is held fixed but the edges
    longest = max(map(len, rows))
    return [[*row, *[0.0] * (longest - len(row))] for row in rows]


def _row(found: Association) -> list[Cell]:
    p_values = [(f"{value:.3f}", value) for value in (found.p_value, found.p_holm, found.p_max)]
    return [
        (found.measure.replace("_", " "), found.measure),
        (signed(found.spearman), found.spearman),
        *p_values,
        (signed(found.partial), found.partial),
        (f"{found.partial_p_value:.3f}", found.partial_p_value),
        (signed(found.held_out_all), found.held_out_all),
    ]


def _explained(found: Sequence[Association], compared: int) -> str:
    if not found:
        return "A correlation at fixed edges needs three constructions or more of as many edges, which there are not."
    return (
        f"At fixed edges: ρ is Spearman's rank correlation with accuracy within groups of equal edges, over {compared} "
        f"means over seeds. The witnesses are {found[0].families} constructions: p by 999 permutations that move whole "
        "constructions, with all their degrees, so that with few of them it cannot be small. Holm's and the max-T "
        f"correction account for all measures looked at, {len(found)} here. Given densities: the correlation left when "
        "the density of every junction is held fixed. Held-out R²: each construction's accuracies foretold from all "
        "others, against their mean at equal edges; 1 is perfect, 0 no better than that mean, below 0 worse. A "
        "correlation over constructions that were not drawn at random says what goes together, not what causes what."
    )


def _figure(groups: Sequence[Group], measure: str) -> Figure | None:
    known = [group for group in groups if group.sparse and math.isfinite(group.mean(measure))]
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
