"""An epoch of Fashion-MNIST (60,000 images, batch 128) on 784-1000-1000-1000-10: dense, and ours at several densities.

    python benchmarks/epoch.py [--densities .1 .05 .01] [--epochs 3] [--synthetic] [--json F]

With --synthetic random images of the same shape take the data set's place. The dense network's loop is the plain
one of PyTorch with a fused optimiser, ours that of `gossamer.training.fit`, `gossamer.nn.TrainingStep`. The time is
that of the training steps and the drawing of batches.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

import gossamer as gs
from gossamer.timing.contenders import WIDTHS, dense_network, network_step, sparse_network
from gossamer.timing.environment import environment_line

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--densities", type=float, nargs="+", default=[0.1, 0.05, 0.01])
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--synthetic", action="store_true")
parser.add_argument("--json")


def images(synthetic):
    """(60000, 784) float32 and (60000,) int64."""
    if synthetic:
        return torch.rand(60_000, 784), torch.randint(10, (60_000,))
    from gossamer.training import data

    found = data.load("fashion-mnist")
    return torch.tensor(found.train.inputs).float() / 255, torch.tensor(found.train.labels)


def trainer(model):
    """Takes a training step of inputs and labels."""
    fused = {} if isinstance(model, gs.nn.Sequential) else {"fused": True}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, **fused)
    if not fused:
        return gs.nn.TrainingStep(model, optimizer, torch.nn.CrossEntropyLoss())
    return lambda x, y: network_step(model, optimizer, x, y)()


def epoch(step, x, y, batch):
    """Seconds of one pass over the data in random order."""
    start = time.perf_counter()
    for rows in torch.randperm(len(x)).split(batch):
        step(x.index_select(0, rows), y.index_select(0, rows))
    return time.perf_counter() - start


def main():
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    x, y = images(options.synthetic)
    models = {"dense": dense_network(WIDTHS)}
    for density in options.densities:
        models[f"density {density:g}"] = sparse_network(WIDTHS, density, rng)
    print(environment_line())
    steps = {name: trainer(model) for name, model in models.items()}
    seconds = {name: [] for name in models}
    for _ in range(options.epochs):
        for name, step in steps.items():
            seconds[name].append(epoch(step, x, y, options.batch))
    for name, values in seconds.items():
        ratio = min(seconds["dense"]) / min(values)
        print(f"{name:16s} {min(values):7.2f} s least, {np.median(values):7.2f} s median, {ratio:6.2f} times dense")
    if options.json:
        Path(options.json).write_text(json.dumps({"environment": environment_line(), "seconds": seconds}, indent=1))


if __name__ == "__main__":
    main()
