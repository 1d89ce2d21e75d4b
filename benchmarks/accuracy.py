"""Test accuracy of 99 % sparse perceptrons of 3 x 1568 hidden units, against the fully connected one.

    python benchmarks/accuracy.py --data mnist --method rigl [--seeds 0 1 2] [--epochs 30] [--density .01] [--threads 1]

Methods: dense, static, set, rigl, chts, and others by name. The three hidden junctions are sparse, the head of 10 is
full. Adam, cosine learning rate, batch 128, no examples held out: the accuracy is that after the last epoch. SET, CHT
and CHTs act once an epoch, RigL each 100 steps, all up to three quarters of the training. Every run is appended to
docs/results/accuracy.jsonl with all that decides its numbers, and is not done again if it is there already: a call that
was stopped goes on. Published figures are in docs/rewiring.md.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import torch

from gossamer import rewiring
from gossamer.generators import named
from gossamer.studies import Architecture, Experiment
from gossamer.studies.digest import described
from gossamer.timing.environment import environment_line
from gossamer.training import SGD, Adam, Config, CosineRate, CrossEntropy
from gossamer.training.data import load

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", default="mnist", help="mnist, fashion-mnist, cifar10-jpeg, ...")
parser.add_argument("--method", nargs="+", default=["static", "set", "rigl", "chts"])
parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--density", type=float, default=0.01)
parser.add_argument("--hidden", type=int, nargs="+", default=[1568] * 3)
parser.add_argument("--topology", default="erdos_renyi")
parser.add_argument("--fraction", type=float, default=0.3)
parser.add_argument("--every", type=int, help="steps between updates; the method's own if not given")
parser.add_argument("--optimizer", choices=("adam", "sgd"), default="adam", help="sgd has Nesterov's momentum of .9")
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--weight-decay", type=float, default=0.0)
parser.add_argument("--dropout", type=float, nargs=2, default=[0.0, 0.0], help="of inputs, of hidden units")
parser.add_argument("--smoothing", type=float, default=0.0, help="of the labels")
parser.add_argument("--batch-size", type=int, default=128)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "results" / "accuracy.jsonl")

OPTIMIZERS = {"adam": Adam, "sgd": SGD}
NAMES = {"set": "sparse_evolutionary"}


def rule_of(method, options, steps):
    """The rule of a method; None for dense and static."""
    if method in ("dense", "static"):
        return None
    recipe = getattr(rewiring, NAMES.get(method, method))
    every = options.every or (100 if method in ("rigl", "srigl") else steps)
    return recipe(fraction=options.fraction, every=every, until=3 * options.epochs * steps // 4)


def experiment_of(method, options, data, seed):
    """One run."""
    widths = (data.num_features, *options.hidden)
    edges = [round(options.density * n * m) for n, m in itertools.pairwise(widths)]
    architecture = Architecture(
        None if method == "dense" else named(options.topology),
        tuple(options.hidden),
        (*(None if method == "dense" else count for count in edges), None),
        dropout=tuple(options.dropout),
    )
    config = Config(
        epochs=options.epochs,
        batch_size=options.batch_size,
        optimizer=OPTIMIZERS[options.optimizer](lr=options.lr, weight_decay=options.weight_decay),
        schedule=CosineRate(),
        loss=CrossEntropy(options.smoothing),
        validation=0.0,
    )
    steps = -(-len(data.train) // options.batch_size)
    return Experiment(architecture, config, seed, rule_of(method, options, steps))


def name_of(data, method, seed, experiment):
    """What makes two runs the same: everything that decides the numbers but versions and processor."""
    return data, method, seed, repr(experiment.rule), repr(experiment.config), described(experiment.architecture)


def kept(path):
    """Test accuracies by `name_of`; lines of before networks were described in full name no run."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    names = ("data", "method", "seed", "rule", "config", "network")
    return {tuple(line[name] for name in names): line["test_accuracy"] for line in lines if "network" in line}


def main(options):
    """All runs, one line each, then mean and spread."""
    torch.set_num_threads(options.threads)
    data = load(options.data)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for method in options.method:
        found = []
        for seed in options.seeds:
            experiment = experiment_of(method, options, data, seed)
            known = kept(options.out).get(name_of(options.data, method, seed, experiment))
            if known is not None:
                found.append(known)
                continue
            outcome = experiment.run(data)
            found.append(100 * outcome.test.accuracy)
            line = {
                "data": options.data,
                "method": method,
                "seed": seed,
                "test_accuracy": round(found[-1], 2),
                "edges": outcome.history.epochs[-1].edges,
                "seconds": round(outcome.history.seconds, 1),
                "rule": repr(experiment.rule),
                "config": repr(experiment.config),
                "network": described(experiment.architecture),
                "options": {name: str(value) for name, value in vars(options).items() if name != "out"},
                "environment": environment_line(),
            }
            with options.out.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{options.data} {method} seed {seed}: {found[-1]:.2f} % ({line['seconds']} s)", flush=True)
        print(f"{options.data} {method}: {np.mean(found):.2f} % +- {np.std(found):.2f} (n={len(found)})", flush=True)


if __name__ == "__main__":
    main(parser.parse_args())
