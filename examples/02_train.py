"""Train a sparse network and the fully connected one, and go on with a run that stopped.

Run it with `python examples/02_train.py`; it takes some seconds.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch

import gossamer as gs
from gossamer.training import Adam, Config, CrossEntropy, data, evaluate, fit

digits = data.load("digits")
config = Config(epochs=20, optimizer=Adam(lr=0.01), validation=0.1, patience=5)


def new_model() -> torch.nn.Module:
    """A perceptron whose first junction keeps 8 of 64 edges out of every input."""
    torch.manual_seed(0)
    widths, degrees = (64, 64, 10), (8, None)
    rng = np.random.default_rng(0)
    return gs.nn.mlp(gs.generators.layered(widths, gs.generators.regular_random, degrees, rng=rng))


sparse = new_model()
history = fit(sparse, digits, config, rng=np.random.default_rng(1))
print(f"sparse: {history.epochs[-1].edges} edges, best epoch {history.best_epoch} of {len(history.epochs)}")
print(f"        test accuracy {evaluate(sparse, digits, CrossEntropy()).accuracy:.3f}")

# Any module that takes (B, 64) and gives (B, 10) trains the same way.
torch.manual_seed(0)
dense = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
fit(dense, digits, config, rng=np.random.default_rng(1))
print(f"dense:  test accuracy {evaluate(dense, digits, CrossEntropy()).accuracy:.3f}")

# With a checkpoint, a run that stopped goes on as if it had not: the same weights, to the last bit.
with tempfile.TemporaryDirectory() as folder:
    checkpoint = Path(folder) / "checkpoint"
    fit(
        new_model(),
        digits,
        Config(epochs=7, optimizer=config.optimizer),
        rng=np.random.default_rng(1),
        checkpoint=checkpoint,
    )
    resumed = new_model()
    fit(resumed, digits, config, rng=np.random.default_rng(1), checkpoint=checkpoint)
    pairs = zip(sparse.parameters(), resumed.parameters(), strict=True)
    print("resumed run is identical:", all(torch.equal(a, b) for a, b in pairs))
