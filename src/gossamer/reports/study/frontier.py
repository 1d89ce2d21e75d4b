"""What no configuration beats at as low a cost: the outcome against edges, and against seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from gossamer.analysis.columns import column_named
from gossamer.analysis.groups import Group, Results
from gossamer.analysis.outcome import Outcome
from gossamer.plots.scales import Scale
from gossamer.plots.style import GREY, Style, styles_of
from gossamer.reports import figures, page
from gossamer.reports.study.accuracy import judged
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

T = TypeVar("T")

COSTS = ("edges", "seconds")
"""Columns that the outcome stands against."""


def front(points: Iterable[tuple[float, float, T]]) -> list[tuple[float, float, T]]:
    """The points (cost, worth, whose) that none of lower or equal cost exceeds, cheapest first.

    >>> front([(3.0, 0.8, "c"), (1.0, 0.5, "a"), (2.0, 0.9, "b"), (1.0, 0.4, "d")])
    [(1.0, 0.5, 'a'), (2.0, 0.9, 'b')]
    """
    known = [each for each in points if math.isfinite(each[0]) and math.isfinite(each[1])]
    found: list[tuple[float, float, T]] = []
    for each in sorted(known, key=lambda point: (point[0], -point[1])):
        if not found or each[1] > found[-1][1]:
            found.append(each)
    return found


def frontier_part(results: Results) -> Part | Absent:
    """The outcome against edges and seconds, with the line of the best."""
    outcome, parts = results.outcome, {}
    for cost in COSTS:
        for panel, groups in results.panels.items():
            plot = _figure(groups, cost, outcome)
            if plot is not None:
                parts[joined(f"against {cost}", panel)] = page.figure(plot, name=joined("frontier", cost, panel))
    if not parts:
        return Absent("there are no two configurations of known edges or seconds.")
    words = (
        f"A point is the mean {outcome.word} of a configuration over its seeds, the larger the more edges; pale dots "
        "are single seeds. The grey stairs join the configurations that none beats at as low a cost; they are chosen "
        "on the numbers they are drawn from, and so a little too high. Seconds are those of the whole training, on "
        "the machine of the run."
    )
    return Part(words, page.choice(parts, label="Cost and data"))


def _figure(groups: Sequence[Group], cost: str, outcome: Outcome) -> Figure | None:
    known = [group for group in groups if math.isfinite(group.mean(cost)) and group.mean(cost) > 0]
    known = [group for group in known if math.isfinite(group.mean(outcome.column))]
    if len({group.mean(cost) for group in known}) < 2:
        return None
    sizes = sorted({round(group.mean("edges")) for group in known if group.sparse})
    styles = styles_of(group.name for group in groups)
    series = [
        _cloud([group for group in known if group.name == name], cost, outcome, (styles[name], sizes))
        for name in dict.fromkeys(group.name for group in known)
    ]
    column = column_named(cost)
    across = Scale("log")  # of costs ratios matter
    plot = figures.points(series, x=column.title, y=outcome.title, across=across)
    stairs = front([(group.mean(cost), judged(group, outcome).mean, group) for group in known])
    plot.add_scatter(
        x=[place for place, _, _ in stairs],
        y=[worth for _, worth, _ in stairs],
        name="none better at this cost",
        mode="lines",
        line={"shape": "hv", "color": GREY, "width": 1.5},
        hoverinfo="skip",
        meta="frontier",
    )
    return plot


def _cloud(members: Sequence[Group], cost: str, outcome: Outcome, look: tuple[Style, Sequence[int]]) -> figures.Series:
    found = [judged(group, outcome) for group in members]
    style, sizes = look
    places, dots = pairs_of(members, cost, outcome)
    few = len(sizes) <= 5
    return figures.Series(
        members[0].name,
        [group.mean(cost) for group in members],
        [each.mean for each in found],
        [each.low for each in found],
        [each.high for each in found],
        [f"{group.title}, n = {each.n}" for group, each in zip(members, found, strict=True)],
        style=style,
        dots=dots,
        places=places,
        sizes=[_rank(round(group.mean("edges")), sizes) for group in members] if few else (),
    )


def pairs_of(members: Sequence[Group], column: str, outcome: Outcome) -> tuple[list[list[float]], list[list[float]]]:
    """For each group the seeds' numbers of a column, and their outcomes: seeds that have both."""
    found = []
    for group in members:
        across, up = group.by_seed(column), group.by_seed(outcome.column)
        pairs = [(across[seed], outcome.scale * up[seed]) for seed in up if seed in across]
        found.append([pair for pair in pairs if all(map(math.isfinite, pair))])
    return [[x for x, _ in pairs] for pairs in found], [[y for _, y in pairs] for pairs in found]


def _rank(edges: int, sizes: Sequence[int]) -> int:
    """The place of the next size: narrow and dense networks have other numbers of edges than sparse ones."""
    return min((k for k, size in enumerate(sizes) if edges <= size), default=max(len(sizes) - 1, 0))
