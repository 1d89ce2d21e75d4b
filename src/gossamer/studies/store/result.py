"""What a run came to: the one module that writes and reads its configuration and its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from gossamer.errors import StudyError
from gossamer.files import file_digest
from gossamer.measures.table import measure_all
from gossamer.studies.measures import graph_measures, of_networks, readings
from gossamer.studies.store.json_files import read_json, write_json
from gossamer.studies.store.run_folder import RunFolder
from gossamer.topology import Topology
from gossamer.training.data.words import lasting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from gossamer.studies.architecture import Architecture
    from gossamer.studies.experiment import Experiment, Outcome
    from gossamer.studies.run import Run
    from gossamer.training.data import Dataset

DEFAULT_MEASURES = ("algebraic_connectivity", "spectral_gap", "components", "log_effective_paths")
"""What every run of a study is measured by, unless it says otherwise: of the graph of its sparse junctions."""

Weighted: TypeAlias = "tuple[Topology, list[NDArray[np.floating]]]"
"""A network's junctions, and the weights of each one's edges."""

NUMBERS = ("validation_accuracy", "best_epoch", "edges", "epochs", "seconds", "model_bytes", "topology_bytes")
"""What a result holds beside the accuracy and the loss on the test examples, and the measures."""


OF_NUMBERS = ("rmse", "mae", "r2")
"""What a result's `test` holds besides where numbers are told, not classes; null elsewhere."""


def write_config(run: Run, data: Dataset, folder: RunFolder) -> None:
    """Write `config.json`: all that decides the run, in words.

    Raises:
        OSError: the folder cannot be written.
    """
    architecture = run.experiment.architecture
    entry = {
        "digest": run.digest,
        "labels": dict(run.labels),
        "widths": [data.num_features, *architecture.hidden, data.num_outputs],
        "sparse": architecture.family is not None,
        **run.decisive,
        "data_word": lasting(run.data),
        "source": data.source,
        "licence": data.licence,
    }
    write_json(folder.config, entry)


def write_result(
    experiment: Experiment, outcome: Outcome, folder: RunFolder, *, data: Dataset, measures: Iterable[str] = ()
) -> None:
    """Write epochs, weights (the `state_dict`), the topology if the network is sparse, and at last `result.json`.

    Args:
        experiment: what was asked for.
        outcome: what came of it.
        folder: where it goes.
        data: what the network was trained on; probes among the measures look at it.
        measures: names, see `gossamer.studies.measures.known_measures`.

    Raises:
        OSError: the folder cannot be written.
    """
    from gossamer.nn import topology_of
    from gossamer.nn.states import write_state

    write_state(folder.weights, outcome.model.state_dict())
    if is_sparse(outcome.model):
        topology_of(outcome.model).save(folder.end)
    folder.write_epochs(outcome.history.epochs)
    files = {path.name: file_digest(path) for path in (folder.weights, folder.epochs)}
    write_json(folder.result, {**_result(experiment, outcome, data, measures), "files": files})


def read_result(folder: RunFolder) -> dict[str, Any]:
    """What a run came to: `test` (accuracy, loss), `NUMBERS`, `measures`, `environment`, and digests of its `files`.

    Raises:
        StudyError: the run is not done, or the file is damaged.
    """
    if not folder.result.exists():
        raise StudyError(f"run {folder.name} has no result: it is {folder.state}.")
    found = read_json(folder.result)
    test, measures = found.get("test"), found.get("measures")
    if not (isinstance(test, dict) and isinstance(measures, dict)):
        raise StudyError(f"{folder.result} is damaged: it has no test or no measures.")
    values = {"accuracy": test.get("accuracy", ""), "loss": test.get("loss", ""), **measures}
    values |= {name: test.get(name) for name in OF_NUMBERS}
    values |= {name: found.get(name, "") for name in NUMBERS}
    wrong = [name for name, value in values.items() if not (value is None or isinstance(value, (int, float)))]
    if wrong:
        raise StudyError(f"{folder.result} is damaged: {wrong[0]}={values[wrong[0]]!r} is no number.")
    return found


def is_done(folder: RunFolder, digest: str) -> bool:
    """Whether the folder holds the whole result of the run of this digest."""
    try:
        return folder.result.exists() and bool(read_result(folder)) and folder.read_config().get("digest") == digest
    except StudyError:
        return False


def is_sparse(model: nn.Module) -> bool:
    """Whether a model has a topology of its own."""
    from gossamer.nn import SparseLayer

    return any(isinstance(layer, SparseLayer) for layer in model.modules())


def sparse_junctions(architecture: Architecture) -> slice:
    """The junctions whose graph is measured: from the first sparse one to the last.

    Of a fully connected network these are all but the last, if it has several: the same place as of a sparse one.
    """
    counts = architecture.edges
    sparse = [number for number, count in enumerate(counts) if count is not None]
    if architecture.family is None or not sparse:
        return slice(0, max(1, len(counts) - 1))
    return slice(sparse[0], sparse[-1] + 1)


def measured(
    topology: Topology, weights: list[NDArray[np.floating]] | None, names: Iterable[str]
) -> dict[str, float | int | None]:
    """The measures of a graph by name; None where one is too costly or did not converge.

    Raises:
        ValueError: a name that is no measure of a graph and its weights.
    """
    graph = topology if len(topology.layers) > 1 else topology.layers[0]
    values = weights if weights is None or len(weights) > 1 else weights[0]
    chosen = tuple(names)
    found = measure_all(graph, values, names=chosen, layers=False, known=graph_measures(chosen))
    return {entry.measure: entry.value for entry in found}


def _result(experiment: Experiment, outcome: Outcome, data: Dataset, measures: Iterable[str]) -> dict[str, Any]:
    from gossamer.timing.environment import environment

    history, best = outcome.history, outcome.history.best_epoch
    part = sparse_junctions(experiment.architecture)
    whole, weights = _graph(outcome.model)
    graph = Topology(whole.layers[part])
    stored = graph.nbytes if is_sparse(outcome.model) else 0
    return {
        "test": asdict(outcome.test),
        "validation_accuracy": history.epochs[best - 1 if best else -1].validation_accuracy,
        "best_epoch": best,
        "edges": whole.num_edges,
        "epochs": len(history.epochs),
        "seconds": history.seconds,
        "model_bytes": stored + _parameter_bytes(outcome.model),
        "topology_bytes": stored,
        "measures": _measures(tuple(measures), (whole, weights), part, outcome, experiment, data),
        "environment": environment(),
    }


def _measures(
    names: tuple[str, ...], whole: Weighted, part: slice, outcome: Outcome, experiment: Experiment, data: Dataset
) -> dict[str, float | int | None]:
    """All that was asked for, in its order: of the sparse junctions' graph, of the network, and of it on examples."""
    topology, weights = whole
    probes = of_networks(names)
    graphs = graph_measures(()).keys() & set(names)
    found = measured(topology, weights, probes)
    found |= measured(Topology(topology.layers[part]), weights[part], graphs)
    found |= readings([name for name in names if name not in found], outcome.model, experiment, data)
    return {name: found[name] for name in names}


def _graph(model: nn.Module) -> Weighted:
    """All junctions of a network with the weights of their edges."""
    import torch
    from torch import nn

    from gossamer.generators import dense
    from gossamer.nn import SparseLayer

    layers = [layer for layer in model.modules() if isinstance(layer, (SparseLayer, nn.Linear))]
    junctions = [
        layer.topology() if isinstance(layer, SparseLayer) else dense(layer.in_features, layer.out_features)
        for layer in layers
    ]
    return Topology(junctions), [torch.flatten(layer.weight.detach()).cpu().numpy() for layer in layers]


def _parameter_bytes(model: nn.Module) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
