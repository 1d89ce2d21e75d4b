"""What networks cost: seconds of an epoch, bytes of a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from gossamer.analysis.groups import Group, Results
from gossamer.analysis.intervals import Interval, mean_interval
from gossamer.reports import page
from gossamer.reports.study.accuracy import dots_in_words, size_lines
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined


def seconds_per_epoch(group: Group) -> Interval:
    """Training time over epochs, seconds."""
    found = mean_interval(epoch_seconds(group))
    return replace(found, low=max(found.low, 0.0) if found.n > 1 else found.low)  # no time is negative


def epoch_seconds(group: Group) -> list[float]:
    """The same of each seed."""
    seconds, epochs = group.by_seed("seconds"), group.by_seed("epochs")
    return [seconds[seed] / epochs[seed] for seed in seconds if epochs.get(seed, 0) > 0]


def _kilobytes(column: str) -> Callable[[Group], Interval]:
    def value(group: Group) -> Interval:
        found = group.interval(column)
        return Interval(found.mean / 1000, found.low / 1000, found.high / 1000, found.n)

    return value


COSTS: Mapping[str, tuple[str, Callable[[Group], Interval]]] = {
    "time": ("seconds of an epoch", seconds_per_epoch),
    "model": ("model, kilobytes", _kilobytes("model_bytes")),
    "topology": ("topology, kilobytes", _kilobytes("topology_bytes")),
}
"""What is drawn: what stands beside the axis, and the value."""


def cost_part(results: Results) -> Part | Absent:
    """Speed and memory against degree or density."""
    axis, parts = results.axes[0], {}
    for cost, (title, value) in COSTS.items():
        for panel, groups in results.panels.items():
            if any(not math.isnan(value(group).mean) and group.place(axis) > 0 for group in groups):
                single = epoch_seconds if cost == "time" else None
                plot = size_lines(
                    groups, axis, y=title, value=value, single=single, dense=cost != "topology", ratios=True
                )
                parts[joined(cost, panel)] = page.figure(plot, name=joined(cost, panel))
    words = (
        f"Lines join means over seeds{dots_in_words(results)} Times are wall time of training on the machine of the "
        "run, whatever else it did; runs of one study may come from several machines. A model is its topology, weights "
        "and biases."
    )
    if not parts:
        return Absent("no finished run tells its seconds or bytes.")
    return Part(words, page.choice(parts, label="Cost and data"))
