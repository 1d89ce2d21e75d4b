"""A run's results as files."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from gossamer.nn import SparseLinear, topology_of
from gossamer.studies.experiment import Experiment, Outcome
from gossamer.topology.files import write_atomically
from gossamer.training.data import Dataset


def write_result(experiment: Experiment, outcome: Outcome, data: Dataset, folder: Path) -> None:
    """Write `result.json`, `weights.safetensors` (the `state_dict`) and, if it is sparse, `topology.safetensors`.

    Raises:
        OSError: the folder cannot be written.
    """
    tensors = {name: tensor.contiguous() for name, tensor in outcome.model.state_dict().items()}
    write_atomically(folder / "weights.safetensors", safetensors.torch.save(tensors))
    if any(isinstance(layer, SparseLinear) for layer in outcome.model.modules()):
        topology_of(outcome.model).save(folder / "topology.safetensors")
    text = json.dumps(_described(experiment, outcome, data), indent=2)
    write_atomically(folder / "result.json", text.encode() + b"\n")


def _described(experiment: Experiment, outcome: Outcome, data: Dataset) -> dict[str, object]:
    config = experiment.config
    return {
        "data": {"name": data.name, "digest": data.digest, "source": data.source, "licence": data.licence},
        "model": repr(outcome.model),
        "architecture": repr(experiment.architecture),
        "config": repr(config),
        "rule": repr(experiment.rule),
        "seed": experiment.seed,
        "test": asdict(outcome.test),
        "best_epoch": outcome.history.best_epoch,
        "seconds": outcome.history.seconds,
        "epochs": [asdict(epoch) for epoch in outcome.history.epochs],
        "versions": {
            "gossamer": version("gossamer"),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "hardware": {"processor": processor(), "threads": torch.get_num_threads()},
    }


def processor() -> str:
    """The processor's name, as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
