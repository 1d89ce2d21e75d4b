"""The 2017 paper at full size: layers of 100 and 1000 units, tuned rates, trained until little more is learned.

The paper makes its main claim for medium sparsity in large hidden layers. Every construction of one width, degree and
start has one learning rate, found on examples that are held out from runs of which no result comes; the fully connected
network and the narrow one, which has as many edges as the sparse ones, have rates of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torch import nn

from gossamer.analysis.tables import where
from gossamer.generators import budgets, named, narrowed
from gossamer.nn import Glorot, Masked
from gossamer.nn.initialization import Fan
from gossamer.papers.topologies.large_plan import Large, Layer
from gossamer.papers.topologies.plan import CLASSES, DENSE, NARROW, RANDOM, pixels
from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.run import Label, Run
from gossamer.training import SGD, Config, SquaredError, WarmUp

if TYPE_CHECKING:
    import pandas as pd

TUNING_SEED = 1000
"""The first of the runs that choose the learning rates; no result comes from them."""

TUNED_BY = ["data", "hidden", "topology", "degree", "fan", "rate", "seed", "validation_accuracy"]
"""What is kept of the runs that chose the rates."""


@dataclass(frozen=True, slots=True)
class LargeNet:
    """One network.

    Args:
        data: name.
        hidden: units, before a narrow one is narrowed.
        topology: construction, or dense or narrow.
        degree: edges of an input, which a narrow network has as many of altogether; all units if dense.
        fan: of the initial weights.
    """

    data: str
    hidden: int
    topology: str
    degree: int
    fan: Fan = "dense"

    def tuned(self, large: Large) -> LargeNet:
        """The network whose learning rate it takes: of sparse ones the plan's first construction."""
        return self if self.topology in (DENSE, NARROW) else replace(self, topology=large.constructions[0])

    def run(self, large: Large, rate: float, seed: int, *, tuning: bool = False) -> Run:
        """The run that trains it; the model after the last epoch is judged, unless it is for tuning."""
        epochs = (large.tuning_epochs or large.epochs) if tuning else large.epochs
        config = Config(
            epochs=epochs,
            optimizer=SGD(rate, 0.9),
            schedule=WarmUp(large.rise * large.epochs / epochs),
            loss=SquaredError(),
            validation=large.validation if tuning else 0.0,
            clip_norm=large.clip_norm,
        )
        labels: dict[str, Label] = {
            "data": self.data,
            "hidden": self.hidden,
            "topology": self.topology,
            "degree": self.degree,
            "fan": self.fan,
            "rate": rate,
            "seed": seed,
        }
        return Run(Experiment(self._architecture(), config, seed), data=self.data, labels=labels)

    def _architecture(self) -> Architecture:
        inputs, start = pixels(self.data), Masked(Glorot(fan=self.fan))
        edges = self.degree * inputs
        if self.topology in (DENSE, NARROW):
            whole = (inputs, self.hidden, CLASSES)
            widths = whole if self.topology == DENSE else narrowed(whole, edges + self.hidden * CLASSES)
            # all edges of a sparse layer: its steps are one call too, which PyTorch's are not
            return Architecture(named(RANDOM), widths[1:-1], budgets.uniform(widths, 1.0), nn.Sigmoid, start)
        return Architecture(named(self.topology), (self.hidden,), (edges, None), nn.Sigmoid, start)


def large_nets(large: Large, data: str, layer: Layer) -> Iterator[LargeNet]:
    """All networks of a layer on a data set."""
    yield LargeNet(data, layer.hidden, DENSE, layer.hidden)
    for degree in layer.degrees:
        yield LargeNet(data, layer.hidden, NARROW, degree)
        for fan in large.starts:
            yield from (LargeNet(data, layer.hidden, name, degree, fan) for name in large.constructions)


def tuning_runs(large: Large, data: tuple[str, ...]) -> list[Run]:
    """Every rate for every network that is tuned, with every tuning seed."""
    found = dict.fromkeys(
        net.tuned(large) for name in data for layer in large.layers for net in large_nets(large, name, layer)
    )
    seeds = range(TUNING_SEED, TUNING_SEED + large.tuning_seeds)
    return [net.run(large, rate, seed, tuning=True) for seed in seeds for net in found for rate in large.rates]


def final_runs(large: Large, data: tuple[str, ...], rates: Mapping[LargeNet, float]) -> list[Run]:
    """Every network with its rate: start after start, and of each a whole seed before the next one.

    So what is stopped has whole seeds; fully connected networks come with the first start.
    """
    return [
        net.run(large, rates[net.tuned(large)], large.first_seed + seed)
        for start in large.starts
        for seed in range(max(layer.seeds for layer in large.layers))
        for name in data
        for layer in large.layers
        if seed < layer.seeds
        for net in large_nets(large, name, layer)
        if net.fan == start
    ]


def best_rates(tuned: pd.DataFrame, large: Large, data: tuple[str, ...]) -> dict[LargeNet, float]:
    """Of every tuned network the rate that is best on what was held out, by the mean over seeds.

    Rates of which fewer runs finished than of others are not chosen; without any run it is the first of the list.
    """
    found = {}
    for name in data:
        for layer in large.layers:
            for net in large_nets(large, name, layer):
                known = {"data": name, "hidden": net.hidden, "degree": net.degree, "fan": net.fan}
                taken = net.tuned(large)
                rows = where(tuned, topology=taken.topology, **known) if len(tuned) else tuned
                found[taken] = _best(rows) if len(rows) else large.rates[0]
    return found


def _best(tuned: pd.DataFrame) -> float:
    by_rate = tuned.groupby("rate")["validation_accuracy"].agg(["mean", "count"])
    return float(by_rate[by_rate["count"] == by_rate["count"].max()].sort_values("mean").index[-1])


def last_gains(epochs: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Training accuracy gained in the last sixth of the epochs, a row a finished run: whether it had converged."""
    ordered = epochs.sort_values("epoch").groupby("run")["accuracy"]
    span = max(1, math.ceil(epochs["epoch"].max() / 6)) if len(epochs) else 1
    gained = ordered.last() - ordered.apply(lambda each: each.iloc[max(0, len(each) - 1 - span)])
    return runs.assign(gained=gained.reindex(runs["run"]).to_numpy())
