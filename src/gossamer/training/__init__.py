"""Data, the training loop, and what keeps a run. Names are imported when first used: data sets need no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.seeds import stream, torch_seed
    from gossamer.training import data
    from gossamer.training.callbacks import Callback, Stateful
    from gossamer.training.config import Config
    from gossamer.training.evaluation import Metrics, evaluate, predict
    from gossamer.training.loop import History, fit
    from gossamer.training.losses import CrossEntropy, Loss, MeanAbsoluteError, MeanSquaredError, SquaredError
    from gossamer.training.optimizers import SGD, Adam, OptimizerRecipe
    from gossamer.training.progress import EpochLines, ProgressBar
    from gossamer.training.rewiring import Rewiring
    from gossamer.training.run import Epoch, TrainingRun
    from gossamer.training.schedules import ConstantRate, CosineRate, Schedule, WarmUp

_HOMES = {
    "callbacks": ("Callback", "Stateful"),
    "config": ("Config",),
    "evaluation": ("Metrics", "evaluate", "predict"),
    "loop": ("History", "fit"),
    "losses": ("CrossEntropy", "Loss", "MeanAbsoluteError", "MeanSquaredError", "SquaredError"),
    "optimizers": ("SGD", "Adam", "OptimizerRecipe"),
    "progress": ("EpochLines", "ProgressBar"),
    "rewiring": ("Rewiring",),
    "run": ("Epoch", "TrainingRun"),
    "schedules": ("ConstantRate", "CosineRate", "Schedule", "WarmUp"),
}

__all__ = [
    "SGD",
    "Adam",
    "Callback",
    "Config",
    "ConstantRate",
    "CosineRate",
    "CrossEntropy",
    "Epoch",
    "EpochLines",
    "History",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metrics",
    "OptimizerRecipe",
    "ProgressBar",
    "Rewiring",
    "Schedule",
    "SquaredError",
    "Stateful",
    "TrainingRun",
    "WarmUp",
    "data",
    "evaluate",
    "fit",
    "predict",
    "stream",
    "torch_seed",
]


def __getattr__(name: str) -> Any:
    if name in ("stream", "torch_seed"):
        return getattr(importlib.import_module("gossamer.seeds"), name)
    if name == "data":
        return importlib.import_module("gossamer.training.data")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"gossamer.training.{module}"), name)
    raise AttributeError(f"module 'gossamer.training' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
