"""A study's runs put together: those that differ in their seed only are one group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import stdev
from typing import TYPE_CHECKING, Any

from gossamer.analysis.intervals import Interval, mean_interval
from gossamer.analysis.outcome import Outcome, outcome_of

if TYPE_CHECKING:
    from pandas import DataFrame

SIZES = ("degree", "degree1", "degree2", "density")
"""Labels that say how many edges there are: what accuracy is drawn against."""

NARROW = "narrow"
"""The construction that stands for a fully connected network of as many edges."""

_SERIES = ("topology", "rule")


@dataclass(frozen=True, eq=False)
class Group:
    """The finished runs of one configuration: they differ in their seed only.

    Attributes:
        name: the construction, and whatever else tells its line from others in one figure.
        panel: what tells its figure from others: data, widths; empty if all share one.
        title: the name with the degree or density.
        runs: rows of the study's frame, by ascending seed; at least one.
        dense: whether the network is fully connected.
    """

    name: str
    panel: str
    title: str
    runs: DataFrame
    dense: bool

    @property
    def narrow(self) -> bool:
        """Whether it is a fully connected network of as many edges as sparse ones: a control, and no construction."""
        return self.name.split(",")[0] == NARROW

    @property
    def sparse(self) -> bool:
        """Whether it is neither the fully connected network nor the narrow one."""
        return not (self.dense or self.narrow)

    @property
    def first(self) -> str:
        """The digest of the run of the lowest seed."""
        return str(self.runs["run"].iloc[0])

    def mean(self, column: str) -> float:
        """Mean over seeds; NaN if the column is missing or holds no number."""
        return self.interval(column).mean

    def deviation(self, column: str) -> float:
        """Standard deviation over seeds (of a sample: n - 1); 0 of a single run."""
        values = [value for value in self.by_seed(column).values() if math.isfinite(value)]
        return stdev(values) if len(values) > 1 else 0.0

    def interval(self, column: str) -> Interval:
        """Mean over seeds with Student's 95 % interval."""
        return mean_interval(self.by_seed(column).values())

    def by_seed(self, column: str) -> dict[str, float]:
        """The value of each seed, or of each run by its digest where seeds do not tell them apart: those never pair."""
        values = [number(value) for value in self.runs[column]] if column in self.runs else []
        seeds = [text(seed) for seed in self.runs["seed"]] if "seed" in self.runs else []
        names = seeds if len(set(seeds)) == len(self.runs) else self.runs["run"].tolist()
        return dict(zip(names, values, strict=bool(values)))

    def sizes(self) -> tuple[float, ...]:
        """The degrees of the junctions if they were given one by one, "8,4" or in columns; else one, or none."""
        row = self.runs.iloc[0]
        if "degree1" in self.runs and "degree2" in self.runs:
            return number(row["degree1"]), number(row["degree2"])
        parts = text(row.get("degree")).split(",")
        return tuple(number(part) for part in parts if part.strip())

    def place(self, axis: str) -> float:
        """Where the group stands on an axis: a degree that all junctions share, a density, a number of edges."""
        if axis != "degree":
            return self.mean(axis)
        sizes = set(self.sizes())
        return sizes.pop() if len(sizes) == 1 else math.nan


@dataclass(frozen=True, eq=False)
class Results:
    """All runs of a study.

    Args:
        frame: one row a run, as `Study.frame` gives it.
        labels: columns that say what was varied.
    """

    frame: DataFrame
    labels: tuple[str, ...]

    @property
    def done(self) -> DataFrame:
        """The runs that ended well."""
        return self.frame[self.frame["state"] == "done"]

    @property
    def failed(self) -> DataFrame:
        """The runs that did not."""
        return self.frame[self.frame["state"] == "failed"]

    @cached_property
    def outcome(self) -> Outcome:
        """What the runs are judged by."""
        return outcome_of(self.done)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups of the finished runs, in the order in which they first come."""
        config = [label for label in self.labels if label != "seed"]
        series, panel = self._roles(config)
        texts = self.done[config].map(text)
        if {"degree", "density"} <= set(config):
            texts.loc[texts["degree"] != "", "density"] = ""  # it follows from the degree, and may vary with the seed
        found = []
        for _, rows in texts.groupby(config, sort=False) if config else [((), texts)]:
            row = rows.iloc[0]
            dense = self._is_dense(rows.index[0])
            name = ", ".join(row[label] for label in series if row[label]) or ("dense" if dense else "all runs")
            size = (
                "" if dense else ", ".join(f"{label} {row[label]}" for label in config if label in SIZES and row[label])
            )
            found.append(
                Group(
                    name=name,
                    panel=", ".join(f"{label} {row[label]}" if label != "data" else row[label] for label in panel),
                    title=f"{name}, {size}" if size else name,
                    runs=self._by_seed(self.done.loc[rows.index]),
                    dense=dense,
                )
            )
        return tuple(found)

    @cached_property
    def panels(self) -> dict[str, list[Group]]:
        """The groups that belong into one figure."""
        found: dict[str, list[Group]] = {}
        for group in self.groups:
            found.setdefault(group.panel, []).append(group)
        return found

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """What accuracy can be drawn against: degree, density, or else the number of edges."""
        sparse = [group for group in self.groups if not group.dense]
        known = (axis for axis in ("degree", "density") if any(group.place(axis) > 0 for group in sparse))
        return tuple(known) or ("edges",)

    def _roles(self, config: list[str]) -> tuple[list[str], list[str]]:
        """Labels that name a line, and labels that name a figure: those that vary."""
        varied = [label for label in config if self.done[label].map(text).nunique() > 1 and label not in SIZES]
        series = [label for label in config if label == "topology" or (label in varied and label in _SERIES)]
        return series, [label for label in varied if label not in _SERIES]

    def _is_dense(self, row: Any) -> bool:
        values = self.done.loc[row]
        if text(values.get("topology")) == NARROW:
            return False
        return text(values.get("topology")).lower() == "dense" or number(values.get("density")) > 1 - 1e-9

    @staticmethod
    def _by_seed(runs: DataFrame) -> DataFrame:
        return runs.sort_values("seed", kind="stable", key=lambda seeds: seeds.map(number)) if "seed" in runs else runs


def text(value: Any) -> str:
    """How a label is shown: nothing for nothing, 8 for 8.0."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("<NA>", "NaT"):
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(text(part) for part in value) if isinstance(value, (list, tuple)) else str(value)


def number(value: Any) -> float:
    """A number, NaN for anything that is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
