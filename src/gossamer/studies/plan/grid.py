"""The runs that a study file asks for: every combination of its axes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.plan import names
from gossamer.studies.plan.constructions import DENSE, NARROW, construction, hidden_of, is_given
from gossamer.studies.plan.narrow import narrow
from gossamer.studies.plan.study_file import STATIC, RuleTable, StudyFile, Training
from gossamer.studies.run import Label, Run, dataset
from gossamer.topology import Topology
from gossamer.training import Config
from gossamer.training.data import Dataset


class Cell(NamedTuple):
    """One combination of a grid, in words."""

    seed: int
    data: str
    hidden: str
    training: dict[str, Any]
    topology: str
    size: int | float | str | None
    rule: RuleTable


def runs(plan: StudyFile) -> list[Run]:
    """Every combination; a fully connected network has no degree and no rule, so it is there once.

    One of as many edges ("narrow") has a degree or density, which says how many, but no rule.

    Seeds vary slowest: a study that is stopped has whole grids of the first seeds.

    Raises:
        DataUnavailableError: data that are not on this machine.
        ValueError: a degree or density that does not fit the layers, or layers that do not fit the memory.
    """
    return [run(cell, plan) for cell in cells(plan)]


def require_distinct(plan: StudyFile, made: Sequence[Run]) -> None:
    """Check that no two combinations are the same run in other words, such as hidden 64 and "64".

    Raises:
        ValueError: two are; the message begins with the field in which they differ.
    """
    known: dict[str, Cell] = {}
    for cell, each in zip(cells(plan), made, strict=True):
        first = known.setdefault(each.digest, cell)
        if first is not cell:
            field, one, other = _difference(first, cell, plan)
            raise ValueError(f"{field} has {one!r} and {other!r}, which make the same run.")


def _difference(first: Cell, second: Cell, plan: StudyFile) -> tuple[str, object, object]:
    """The first field in which two cells differ, and its values."""
    both = ({**cell._asdict(), **cell.training, "rule": str(cell.rule)} for cell in (first, second))
    one, other = ({name: value for name, value in each.items() if name != "training"} for each in both)
    name = next(name for name in one if one[name] != other[name])
    size = "degree" if plan.density is None else "density"
    return size if name == "size" else name, one[name], other[name]


def run(cell: Cell, plan: StudyFile) -> Run:
    """What the words stand for, under the names of the axes."""
    return Run(experiment(cell, plan), cell.data, _labels(cell, plan))


def cells(plan: StudyFile) -> Iterator[Cell]:
    """Every combination, in words."""
    outer = itertools.product(plan.seeds, plan.data, map(str, plan.hidden), _trainings(plan))
    for (seed, data, hidden, training), network in itertools.product(outer, list(_networks(plan))):
        if hidden == str(plan.hidden[0]) or not is_given(network[0]):  # a file has its own layers
            yield Cell(seed, data, hidden, training, *network)


def experiment(cell: Cell, plan: StudyFile) -> Experiment:
    """A combination as an experiment."""
    data, how = dataset(cell.data), cell.training
    config = Config(
        epochs=how["epochs"],
        batch_size=how["batch_size"],
        optimizer=names.optimizer(how["optimizer"], how["lr"], how["momentum"], how["weight_decay"]),
        schedule=names.schedule(how["schedule"]),
        loss=names.loss(how["loss"]),
        validation=how["validation"],
        patience=how["patience"],
    )
    rule = cell.rule
    made = names.rule(rule.rewire, rule.fraction, names.Course.of(config, data), every=rule.every, until=rule.until)
    return Experiment(_architecture(cell, plan, data), config, cell.seed, made)


def _architecture(cell: Cell, plan: StudyFile, data: Dataset) -> Architecture:
    slim = cell.topology == NARROW
    made = construction("erdos_renyi" if slim else cell.topology)  # which can make every count of edges
    wanted = names.numbers("hidden", cell.hidden)
    hidden = hidden_of(made, data.num_outputs) if isinstance(made, Topology) else wanted
    count = names.equal_edges if plan.density is None else names.edges_of_density
    sizes = (data.num_features, *hidden, data.num_outputs)
    edges = count(made, str(cell.size), sizes)
    names.require_room(hidden, edges, sizes)
    how = cell.training
    wide = Architecture(
        made,
        hidden,
        edges,
        names.activation(how["activation"]),
        names.initialization(how["initialization"]),
        dropout=(how["input_dropout"], how["dropout"]),
    )
    return narrow(wide, data) if slim else wide


def _networks(plan: StudyFile) -> Iterator[tuple[str, int | float | str | None, RuleTable]]:
    for topology in plan.topology:
        if topology == DENSE:
            yield topology, None, RuleTable(rewire=STATIC)
        elif topology == NARROW:
            yield from ((topology, size, RuleTable(rewire=STATIC)) for size in plan.degree or plan.density or ())
        elif is_given(topology):
            yield from ((topology, None, rule) for rule in plan.rule)
        else:
            for size, rule in itertools.product(plan.degree or plan.density or (), plan.rule):
                yield topology, size, rule


def _trainings(plan: StudyFile) -> Iterator[dict[str, Any]]:
    axes = {name: getattr(plan.training, name) for name in Training.model_fields}
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _labels(cell: Cell, plan: StudyFile) -> dict[str, Label]:
    """What tables call the run by: the axes, and those settings of the training that vary."""
    varied = [name for name in Training.model_fields if len(getattr(plan.training, name)) > 1]
    alone = [rule.rewire for rule in plan.rule].count(cell.rule.rewire) < 2
    return {
        "topology": cell.topology,
        "degree" if plan.density is None else "density": cell.size,
        "rule": cell.rule.rewire if alone else str(cell.rule),
        "data": cell.data,
        "hidden": cell.hidden,
        "seed": cell.seed,
        **{name: cell.training[name] for name in varied},
    }
