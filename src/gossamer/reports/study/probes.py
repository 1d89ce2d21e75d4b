"""Trained networks under the probes, one row each, with pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gossamer.analysis.groups import Group, Results
from gossamer.reports import page
from gossamer.reports.page import Html
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.probed import Probed, output_distance, probed
from gossamer.seeds import stream

if TYPE_CHECKING:
    pass

MOST_RUNS = 6
MOST_EXAMPLES = 200

COLUMNS = (
    "network",
    "test accuracy",
    "NNSTD to the start",
    "neural persistence",
    "weight variance",
    "DGP",
    "strongest pairs of features",
    "flatness",
    "log10 regions",
    "critic distance",
)

WORDS = (
    "The run of the lowest seed of each group. Persistence mostly follows the weights' variance, so that stands "
    "beside it. "
    "Pairs are those that the first layer combines most strongly by neural interaction detection, inputs counted "
    "from 0. "
    "Flatness is the share of a filter-normalised plane with less than twice the loss. Regions are those of the first "
    "layer with generic weights. The critic distance, at most the exact W1, is that of the outputs on test examples to "
    "those of the first row. A dash: too large, or no data here."
)


def probes_part(results: Results, material: Material) -> Part | Absent:
    """A table of the probes' numbers, and their pictures."""
    groups = results.groups
    found = [(group, one) for group in groups[:MOST_RUNS] if (one := _probed(group, material)) is not None]
    if not found:
        return Absent("no finished run has kept the weights of a perceptron.")
    first = found[0][1]
    rows = [_row(group, one, 0.0 if one is first else output_distance(one, first)) for group, one in found]
    drawn = {
        group.title: page.drawings([(finding.plot, type(finding).__name__) for finding in one.drawn], name=group.title)
        for group, one in found
        if one.drawn
    }
    left = f" Of {len(groups)} groups, {MOST_RUNS} are looked at." if len(groups) > MOST_RUNS else ""
    return Part(WORDS + left, Html(page.table(COLUMNS, rows) + page.choice(drawn, label="Network")))


def _probed(group: Group, material: Material) -> Probed | None:
    network = material.network(group.first)
    if network is None:
        return None
    seed = int(material.config(group.first).get("seed", 0))
    start = material.start(group.first)
    return probed(network, start, material.examples(group.first, network, MOST_EXAMPLES), stream(seed, "probes"))


def _row(group: Group, one: Probed, distance: float | None) -> list[page.Cell]:
    accuracy = float(group.runs["accuracy"].iloc[0]) if "accuracy" in group.runs else math.nan
    numbers = [accuracy, one.nnstd, one.persistence, one.variance, one.deep_persistence]
    return [
        (group.title, group.title),
        *map(_cell, numbers),
        (one.pairs or "–", one.pairs or ""),
        *map(_cell, (one.flatness, one.log10_regions, distance)),
    ]


def _cell(value: float | None) -> page.Cell:
    known = value is not None and not math.isnan(value)
    return (f"{value:.4g}", float(value)) if known and value is not None else ("–", -math.inf)
