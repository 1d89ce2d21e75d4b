"""Statistics of the trained weights against degree or density."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.analysis.groups import Group, Results
from gossamer.analysis.intervals import Interval, mean_interval
from gossamer.reports import page
from gossamer.reports.page import Html
from gossamer.reports.study.accuracy import dots_in_words, size_lines
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined

MOST_RUNS = 240
STATISTICS: Mapping[str, Callable[[NDArray[np.float64]], np.floating[Any]]] = {
    "standard deviation": np.std,
    "largest": np.max,
    "smallest": np.min,
}

Found = dict[str, dict[str, dict[str, float]]]
"""By digest of the run, junction and statistic."""


def weights_part(results: Results, material: Material) -> Part | Absent:
    """Largest, smallest and standard deviation of the live weights of each junction."""
    runs = _seed_by_seed(results)
    chosen = runs[:MOST_RUNS]
    found = {run: statistics(weights) for run in chosen if (weights := material.weights(run))}
    axis = results.axes[0]
    parts = {
        statistic: page.choice(_junction_figures(results, found, statistic, axis), label="Junction and data")
        for statistic in STATISTICS
    }
    parts = {name: part for name, part in parts.items() if part}
    if not parts:
        return Absent("no finished run has kept its weights.")
    left = f" Of {len(runs)} runs, {len(chosen)} are read, the first seeds of each." if len(chosen) < len(runs) else ""
    words = (
        f"These are the weights of edges after training, without biases. Lines join means over "
        f"seeds{dots_in_words(results)}{left}"
    )
    return Part(words, page.choice(parts, label="Statistic"))


def _seed_by_seed(results: Results) -> list[str]:
    """All runs: the first of every group, then the second, and so on."""
    rows = zip_longest(*(group.runs["run"].tolist() for group in results.groups))
    return [run for row in rows for run in row if run is not None]


def statistics(weights: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Statistics of each junction's weights: a sparse layer's are those of its edges, a full one's are all.

    Args:
        weights: a `state_dict` as arrays; entries that end in "weight" are looked at, in order.
    """
    arrays = [np.asarray(array, dtype=np.float64) for name, array in weights.items() if name.endswith("weight")]
    return {
        f"junction {number}": {name: float(function(array)) for name, function in STATISTICS.items()}
        for number, array in enumerate(arrays, 1)
        if array.size
    }


def _junction_figures(results: Results, found: Found, statistic: str, axis: str) -> dict[str, Html]:
    parts = {}
    junctions = dict.fromkeys(junction for each in found.values() for junction in each)
    for panel, groups in results.panels.items():
        for junction in junctions:

            def single(group: Group, junction: str = junction) -> list[float]:
                return _values(group.runs["run"].tolist(), found, junction, statistic)

            def value(group: Group, single: Callable[[Group], list[float]] = single) -> Interval:
                return mean_interval(single(group))

            if any(not math.isnan(value(group).mean) and group.place(axis) > 0 for group in groups):
                title = f"{statistic} of the weights"
                plot = size_lines(groups, axis, y=title, value=value, single=single)
                parts[joined(junction, panel)] = page.figure(plot, name=joined(statistic, junction, panel))
    return parts


def _values(runs: Sequence[str], found: Found, junction: str, statistic: str) -> list[float]:
    return [found[run][junction][statistic] for run in runs if junction in found.get(run, {})]
