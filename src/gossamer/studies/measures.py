"""What a study can measure of its networks: the measures of graphs, and probes that give one number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gossamer.measures import Measure
    from gossamer.probes.readings import Reading
    from gossamer.studies.experiment import Experiment
    from gossamer.training.data import Dataset


def known_measures(names: Iterable[str]) -> Mapping[str, Measure | Reading]:
    """Measures by name, all that could have been meant: those of graphs, and probes if one of the names is no graph's.

    Args:
        names: what is asked for; probes need torch, and are looked up for strangers alone.

    >>> "spectral_gap" in known_measures([]), "log10_regions" in known_measures(["log10_regions"])
    (True, True)
    """
    chosen = tuple(names)
    found = graph_measures(chosen)
    if all(name in found for name in chosen):
        return found
    from gossamer.probes.readings import READINGS

    return {**found, **READINGS}


def graph_measures(names: Iterable[str]) -> dict[str, Measure]:
    """Those of `known_measures` that are functions of a graph and its weights, and need no examples."""
    from gossamer.measures import MEASURES

    return dict(MEASURES) if all(name in MEASURES for name in names) else {**MEASURES, **_probes()}


def of_networks(names: Iterable[str]) -> frozenset[str]:
    """Which of the names are probes of weights: they ask for paths from all inputs to all outputs."""
    from gossamer.measures import MEASURES

    strangers = {name for name in names if name not in MEASURES}
    return frozenset(strangers & _probes().keys()) if strangers else frozenset()


def _probes() -> dict[str, Measure]:
    from gossamer.probes import measures as probes

    return probes.MEASURES


def readings(
    names: Iterable[str], model: nn.Module, experiment: Experiment, data: Dataset
) -> dict[str, float | int | None]:
    """What probes read from a trained network and 200 of its training examples, by name; None where they refuse it.

    Args:
        names: of `gossamer.probes.readings.READINGS`; none is no work.
        model: what the experiment trained.
        experiment: its seed decides all chance, so that a run measured again comes to the same numbers.
        data: what it was trained on.
    """
    chosen = tuple(names)
    if not chosen:
        return {}
    from gossamer.probes.readings import EXAMPLES, Trained, read
    from gossamer.seeds import stream
    from gossamer.training.losses import loss_for

    seed = experiment.seed
    inputs, targets = _drawn(model, data, EXAMPLES, stream(seed, "probed examples"))
    start = experiment.architecture.network(data, seed=seed)
    loss = loss_for(experiment.config.loss, numeric=data.numeric)
    training = model.training
    try:
        trained = Trained(model.eval(), start, inputs, targets, loss)
        return dict(read(chosen, trained, lambda name: stream(seed, f"probe {name}")))
    finally:
        model.train(training)


def _drawn(model: nn.Module, data: Dataset, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Some training examples, as the network takes them."""
    import torch

    from gossamer.training.material import judging_feed

    place = np.sort(rng.permutation(len(data.train.labels))[:count])
    some = replace(data.train, inputs=data.train.inputs[place], labels=data.train.labels[place])
    batches = list(judging_feed(model, replace(data, test=some)).batches())
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
