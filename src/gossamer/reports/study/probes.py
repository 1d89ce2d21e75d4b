"""Trained networks under the probes, one row each, with pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from gossamer.analysis.groups import Group, Results
from gossamer.reports import page
from gossamer.reports.page import Html
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.probed import Probed, output_distance, probed
from gossamer.seeds import stream

MOST_RUNS = 8
MOST_DRAWN = 4
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
    "closed by gates",
    "log10 regions",
    "critic distance",
)

WORDS = (
    "Each row is a trained network: the lowest seed of each group first, then the next ones. Persistence mostly "
    "follows the weights' variance, so that stands beside it. Pairs are those that the first layer combines most "
    "strongly by neural interaction detection, inputs counted from 0. Flatness is the share of a filter-normalised "
    "plane with less than twice the loss. Closed by gates is the share of the edges that gates, learned on them, "
    "close. Regions are those of the first layer with generic weights. The critic distance, at most the exact W1, is "
    "that of the outputs to those of the first row. Losses and outputs are on test examples. A dash: too large, or no "
    "data here."
)


def probes_part(results: Results, material: Material, *, most: int = MOST_RUNS) -> Part | Absent:
    """A table of the probes' numbers, one row a trained network, and pictures of the first of some groups.

    Args:
        results: of the study.
        material: its files.
        most: rows.
    """
    runs = _chosen(results.groups, most)
    found = [(run, one) for run in runs if (one := _probed(run, material)) is not None]
    if not found:
        return Absent("no finished run has kept the weights of a perceptron.")
    first = found[0][1]
    rows = [_row(run, one, 0.0 if one is first else output_distance(one, first)) for run, one in found]
    drawn = {
        run.group.title: page.drawings(
            [(finding.plot, type(finding).__name__) for finding in one.drawn], name=run.title
        )
        for run, one in _of_each_group(found)[:MOST_DRAWN]
    }
    total = sum(len(group.runs) for group in results.groups)
    left = f" Of {total} networks, {len(runs)} are looked at; `--checkpoints` says how many." if total > most else ""
    return Part(WORDS + left, Html(page.table(COLUMNS, rows, stacked=True) + page.choice(drawn, label="Network")))


class _Run(NamedTuple):
    """One finished run of a group."""

    group: Group
    digest: str
    title: str
    accuracy: float


def _chosen(groups: Sequence[Group], most: int) -> list[_Run]:
    """The first seed of every group, then the second of every group, until there are enough; in the groups' order."""
    by_group = [_runs(group) for group in groups]
    turns = [run for turn in zip_longest(*by_group) for run in turn if run is not None][:most]
    return [run for runs in by_group for run in runs if run in turns]


def _runs(group: Group) -> list[_Run]:
    alone = len(group.runs) == 1
    found = []
    for _, row in group.runs.iterrows():
        title = group.title if alone or "seed" not in row else f"{group.title}, seed {row['seed']}"
        found.append(_Run(group, str(row["run"]), title, float(row.get("accuracy", math.nan))))
    return found


def _of_each_group(found: Sequence[tuple[_Run, Probed]]) -> list[tuple[_Run, Probed]]:
    firsts: dict[str, tuple[_Run, Probed]] = {}
    for run, one in found:
        if one.drawn:
            firsts.setdefault(run.group.title, (run, one))
    return list(firsts.values())


def _probed(run: _Run, material: Material) -> Probed | None:
    network = material.network(run.digest)
    if network is None:
        return None
    seed = int(material.config(run.digest).get("seed", 0))
    start = material.start(run.digest)
    return probed(network, start, material.examples(run.digest, network, MOST_EXAMPLES), stream(seed, "probes"))


def _row(run: _Run, one: Probed, distance: float | None) -> list[page.Cell]:
    numbers = [run.accuracy, one.nnstd, one.persistence, one.variance, one.deep_persistence]
    return [
        (run.title, run.title),
        *map(_cell, numbers),
        (one.pairs or "–", one.pairs or ""),
        *map(_cell, (one.flatness, one.closed, one.log10_regions, distance)),
    ]


def _cell(value: float | None) -> page.Cell:
    known = value is not None and not math.isnan(value)
    return (f"{value:.4g}", float(value)) if known and value is not None else ("–", -math.inf)
