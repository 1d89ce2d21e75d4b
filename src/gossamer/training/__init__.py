"""Data, the training loop, and what keeps a run."""

from gossamer.training import data
from gossamer.training.callbacks import Callback, ProgressBar, Stateful
from gossamer.training.config import Config
from gossamer.training.evaluation import Metrics, evaluate
from gossamer.training.loop import History, fit
from gossamer.training.losses import CrossEntropy, Loss, SquaredError
from gossamer.training.optimizers import SGD, Adam, OptimizerRecipe
from gossamer.training.run import Epoch, Run
from gossamer.training.seeds import stream, torch_seed

__all__ = [
    "SGD",
    "Adam",
    "Callback",
    "Config",
    "CrossEntropy",
    "Epoch",
    "History",
    "Loss",
    "Metrics",
    "OptimizerRecipe",
    "ProgressBar",
    "Run",
    "SquaredError",
    "Stateful",
    "data",
    "evaluate",
    "fit",
    "stream",
    "torch_seed",
]
