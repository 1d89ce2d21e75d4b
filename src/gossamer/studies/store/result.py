"""What a run came to, as files: config, epochs, topology, weights, and last of all the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from torch import nn

from gossamer.files import write_atomically
from gossamer.nn import SparseLayer, topology_of
from gossamer.studies.experiment import Experiment, Outcome
from gossamer.studies.store.judging import measured, parameter_bytes, sparse_junctions
from gossamer.studies.store.run_folder import RunFolder, write_json
from gossamer.timing.environment import environment
from gossamer.topology import Topology
from gossamer.training.data import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gossamer.studies.run import Run


def write_config(run: Run, data: Dataset, folder: RunFolder) -> None:
    """Write `config.json`: all that decides the run, in words.

    Raises:
        OSError: the folder cannot be written.
    """
    architecture = run.experiment.architecture
    entry = {
        "digest": run.digest,
        "labels": dict(run.labels),
        "widths": [data.num_features, *architecture.hidden, data.num_classes],
        "sparse": architecture.family is not None,
        **run.decisive,
        "source": data.source,
        "licence": data.licence,
    }
    write_json(folder.config, entry)


def write_result(experiment: Experiment, outcome: Outcome, folder: RunFolder, *, measures: Iterable[str] = ()) -> None:
    """Write epochs, weights (the `state_dict`), the topology if the network is sparse, and at last `result.json`.

    Raises:
        OSError: the folder cannot be written.
    """
    tensors = {name: tensor.contiguous() for name, tensor in outcome.model.state_dict().items()}
    write_atomically(folder.weights, safetensors.torch.save(tensors))
    if is_sparse(outcome.model):
        topology_of(outcome.model).save(folder.end)
    folder.write_epochs(outcome.history.epochs)
    write_json(folder.result, _result(experiment, outcome, measures))


def is_sparse(model: nn.Module) -> bool:
    """Whether a model has a topology of its own."""
    return any(isinstance(layer, SparseLayer) for layer in model.modules())


def _result(experiment: Experiment, outcome: Outcome, measures: Iterable[str]) -> dict[str, Any]:
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
        "model_bytes": stored + parameter_bytes(outcome.model),
        "topology_bytes": stored,
        "measures": measured(graph, weights[part], measures),
        "environment": environment(),
    }


def _graph(model: nn.Module) -> tuple[Topology, list[NDArray[np.floating]]]:
    """All junctions of a network with the weights of their edges."""
    from gossamer.generators import dense

    layers = [layer for layer in model.modules() if isinstance(layer, (SparseLayer, nn.Linear))]
    junctions = [
        layer.topology() if isinstance(layer, SparseLayer) else dense(layer.in_features, layer.out_features)
        for layer in layers
    ]
    return Topology(junctions), [torch.flatten(layer.weight.detach()).cpu().numpy() for layer in layers]
