"""Whether better connected networks are more accurate, at as many edges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, final

from gossamer.analysis.columns import column_named
from gossamer.analysis.groups import Group, Results
from gossamer.analysis.outcome import Outcome
from gossamer.analysis.prediction import Association, Runs, associate
from gossamer.plots.scales import scale_of
from gossamer.plots.style import Style, styles_of
from gossamer.reports import figures, page
from gossamer.reports.page import Cell, Html
from gossamer.reports.study.accuracy import judged
from gossamer.reports.study.frontier import pairs_of
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined, signed
from gossamer.studies.measures import known_measures
from gossamer.training import stream

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHOWN = ("algebraic_connectivity", "spectral_gap", "normalised_gap", "ramanujan_margin")
"""Measures that are drawn against accuracy, the first to begin with."""

MOST_SIZES = 5


Densities: TypeAlias = Mapping[str, Sequence[float]]
"""Density of each junction, by the digest of a group's first run."""


@final
@dataclass(frozen=True, slots=True)
class Associations:
    """How measures go with accuracy at fixed edges.

    Attributes:
        found: one a measure; none where too few networks have as many edges.
        compared: of how many means over seeds.
        alone: why nothing but the edges could be held fixed, so that `partial` of each says no more than `spearman`;
            empty where the densities of junctions are held fixed too.
    """

    found: tuple[Association, ...]
    compared: int
    alone: str = ""


def densities_of(results: Results, material: Material) -> Densities:
    """Densities of the networks of the sparse groups, of those whose topology can be read."""
    found = {group.first: material.topology(group.first) for group in results.groups if group.sparse}
    return {digest: [g.density for g in topology.layers] for digest, topology in found.items() if topology is not None}


def connectivity_part(results: Results, densities: Densities) -> Part | Absent:
    """Each measure against accuracy, and a test of all of them at fixed edges."""
    parts = {}
    for measure in SHOWN:
        for panel, groups in results.panels.items():
            plot = _figure(groups, measure, results.outcome)
            if plot is not None:
                parts[joined(measure.replace("_", " "), panel)] = page.figure(plot, name=joined(measure, panel))
    tested = measure_associations(results, densities)
    words = (
        "Each point is a mean over seeds, the larger the more edges; pale dots are single seeds. Measures are of the "
        "graph that the sparse junctions make at the end of training; probes that the study took are of its networks "
        "then. λ₂ and gaps stand on a symmetric logarithm, which shows 0 and what is near it."
    )
    if not parts:
        return Absent("no measure of connectivity is recorded of three sparse networks or more.")
    kept = [k for k, name in enumerate(_COLUMNS) if not (tested.alone and name in _GIVEN)]
    rows = [[row[k] for k in kept] for row in map(_row, tested.found)]
    test = (
        page.paragraph(_explained(tested)),
        *([page.table([_COLUMNS[k] for k in kept], rows, stacked=True)] if rows else []),
    )
    return Part(words, Html(page.choice(parts, label="Measure and data") + "".join(test)))


def measure_associations(results: Results, densities: Densities) -> Associations:
    """Rank correlations of all measures with accuracy among means over seeds of as many edges.

    The construction is the witness, not its degrees, data sets or seeds: what else makes it good or bad makes it so in
    all of them. Only groups of one panel are compared, and only where three have as many edges.
    """
    members: dict[tuple[str, int], list[Group]] = {}
    for group in results.groups:
        edges = group.mean("edges")
        if group.sparse and not (math.isnan(edges) or math.isnan(group.mean(results.outcome.column))):
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
        return Associations((), len(usable))
    codes = [code for code, _ in usable]  # edges of a panel: accuracies on other data are not comparable
    rows = [tuple(densities.get(group.first, ())) for _, group in usable]
    alone = _why_alone(rows, codes)
    runs = Runs(
        measures=measures,
        family=[group.name for _, group in usable],
        num_edges=codes,
        layer_densities=[[1.0]] * len(rows) if alone else _table(rows),
        accuracy=[group.mean(results.outcome.column) for _, group in usable],
    )
    return Associations(associate(runs, rng=stream(0, "report")), len(usable), alone)


_GIVEN = ("ρ given densities", "its p")
_COLUMNS = ("measure", "ρ", "p", "p, Holm", "p, max-T", *_GIVEN, "held-out R²")


def _why_alone(rows: Sequence[tuple[float, ...]], codes: Sequence[int]) -> str:
    """Why the densities of these networks, none where they are not known, cannot be held fixed at equal edges."""
    unread = sum(not row for row in rows)
    if unread:
        return f"the topologies of {unread} of these {len(rows)} networks could not be read"
    if len(set(zip(codes, rows, strict=True))) == len(set(codes)):
        return "networks of as many edges have equally dense junctions here, and it would be ρ again"
    return ""


def _table(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """Densities in columns; networks with fewer junctions than others are filled up, which tells none of them apart."""
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


def _explained(tested: Associations) -> str:
    found = tested.found
    if not found:
        return "A correlation at fixed edges needs three constructions or more of as many edges, which there are not."
    given = "Given densities: the correlation left when the density of every junction is held fixed."
    if tested.alone:
        given = f"There is no correlation given densities: {tested.alone}."
    return (
        "At fixed edges: ρ is Spearman's rank correlation with accuracy within groups of equal edges, over "
        f"{tested.compared} means over seeds. The witnesses are {found[0].families} constructions: p by 999 "
        "permutations that move whole constructions, with all their degrees, so that with few of them it cannot be "
        f"small. Holm's and the max-T correction account for all measures looked at, {len(found)} here. {given} "
        "Held-out R²: each construction's accuracies foretold from all others, against their mean at equal edges; 1 is "
        "perfect, 0 no better than that mean, below 0 worse. A correlation over constructions that were not drawn at "
        "random says what goes together, not what causes what."
    )


def _figure(groups: Sequence[Group], measure: str, outcome: Outcome) -> Figure | None:
    known = [group for group in groups if group.sparse and math.isfinite(group.mean(measure))]
    known = [group for group in known if math.isfinite(group.mean(outcome.column))]
    if len(known) < 3:
        return None
    edges = sorted({round(group.mean("edges")) for group in known})
    marked = edges if len(edges) <= MOST_SIZES else []
    styles = styles_of(group.name for group in groups)
    names = dict.fromkeys(group.name for group in known)
    series = [
        _cloud([group for group in known if group.name == name], measure, outcome, styles[name], marked)
        for name in names
    ]
    column = column_named(measure)
    across = scale_of([value for each in series for value in each.x], symmetric=column.symmetric)
    sizes = [f"{count:,} edges" for count in marked]
    return figures.points(series, x=column.title, y=outcome.title, sizes=sizes, across=across)


def _cloud(
    members: Sequence[Group], measure: str, outcome: Outcome, style: Style, marked: Sequence[int]
) -> figures.Series:
    found = [judged(group, outcome) for group in members]
    places, dots = pairs_of(members, measure, outcome)
    return figures.Series(
        members[0].name,
        [group.mean(measure) for group in members],
        [each.mean for each in found],
        [each.low for each in found],
        [each.high for each in found],
        [group.title for group in members],
        style=style,
        dots=dots,
        places=places,
        sizes=[marked.index(round(group.mean("edges"))) for group in members] if marked else (),
    )
