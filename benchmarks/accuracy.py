"""Test accuracy at one per cent of the edges: inputs-1568-1568-1568-10, every setting chosen on held-out examples.

    python benchmarks/accuracy.py                              # all of the plan that is not there yet
    python benchmarks/accuracy.py --data mnist --side sparse   # a part of it
    python benchmarks/accuracy_page.py                         # what came out

The plan is `accuracy_plan.py`, committed before its runs. Sparse networks have one per cent of the edges of each hidden
junction and a full layer to the outputs; their dense rivals have as many candidate settings. A candidate is trained
with one seed on five sixths of the training examples and judged by the last sixth; the best is trained with fresh seeds
on all of them, and the test examples are looked at once, after the last epoch. Sparse and dense train as long, counted
in passes over the examples: an epoch of the examples and four copies is five. A cosine, one thread; sparse steps are
one call. Each is judged once more by the best of its candidates that see no moved copies.

Fashion-MNIST and CIFAR-10 JPEG have a second round, whose rules the plan tells.

Moved copies: MNIST, by one pixel up, down, left and right; Fashion-MNIST, mirrored images, with and without those
moved by one pixel; CIFAR-10 JPEG, mirrored images alone, for all candidates, and in the second round those moved by a
pixel, too. They are knowledge of images, as a receptive field is; the dense rival has the copies, not the field.

Cut before any run, for want of processor time, as dense steps are dear: dense networks have three seeds instead of five
and come last, and on CIFAR-10 JPEG all train for 16 passes instead of 60 and are chosen by runs of 8.

Every finished run is a line in docs/results/accuracy.jsonl and is not done again, so that it may be stopped at any
moment. Seconds are those of the processor.
"""

import argparse
import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from accuracy_page import table
from accuracy_plan import EPOCHS, KEPT, PLAN, SEEDS, TUNING_SEED, Setting, best, kept, name_of, pilot, shown

from gossamer import rewiring
from gossamer.generators import named
from gossamer.studies import Architecture, Experiment
from gossamer.timing.environment import commit, environment_line
from gossamer.training import SGD, Adam, Config, CosineRate, CrossEntropy
from gossamer.training.data import Examples, load

HIDDEN, DENSITY = (1568,) * 3, 0.01
HELD_OUT = 1 / 6


def rule_of(name, steps, epoch):
    """The rule of a setting; it acts until three quarters of the training. CHTs acts once a pass over the examples."""
    until = 3 * steps // 4
    return {
        "dense": None,
        "static": None,
        "RigL": rewiring.rigl(fraction=0.3, every=100, until=until),
        "GSE": rewiring.guided_exploration(0.3, every=100, until=until),
        "CHTs": rewiring.chts(0.3, every=epoch, until=until),
    }[name]


def architecture_of(setting, widths):
    """The network that it begins with."""
    dropout = (setting.dropout, 0.0)
    if setting.rule == "dense":
        return Architecture(None, widths[1:-1], (None,) * (len(widths) - 1), dropout=dropout)
    edges = [round(DENSITY * n * m) for n, m in itertools.pairwise(widths[:-1])]
    return Architecture(named(setting.start), widths[1:-1], (*edges, None), dropout=dropout)


def moved(images, down, right):
    """Images (N, C, H, W) moved by whole pixels, zeros where nothing was."""
    found = np.zeros_like(images)
    height, width = images.shape[2:]
    there = [slice(max(0, by), size + min(0, by)) for by, size in ((down, height), (right, width))]
    here = [slice(max(0, -by), size + min(0, -by)) for by, size in ((down, height), (right, width))]
    found[:, :, there[0], there[1]] = images[:, :, here[0], here[1]]
    return found


def with_copies(examples, shape, kind):
    """The examples with moved copies behind them: "none", "shifts", "mirrored", or "mirrored and shifts"."""
    images = examples.inputs.reshape(-1, *shape)
    sources = [images, images[..., ::-1]] if "mirrored" in kind else [images]
    places = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)] if "shifts" in kind else [(0, 0)]
    parts = [moved(source, *place) for source in sources for place in places]
    return Examples(np.concatenate(parts).reshape(-1, examples.inputs.shape[1]), np.tile(examples.labels, len(parts)))


class Averaging:
    """Leaves a model with the mean of its weights after every hundredth of its last steps.

    Args:
        share: of the steps; no edge may move in them.
        steps: of the run.
    """

    def __init__(self, share, steps):
        self.first, self.steps = steps - round(share * steps), steps
        self.mean = None

    def after_step(self, run):
        """Add to the mean."""
        if run.step >= self.first and (self.steps - run.step) % 100 == 0:
            self.mean = self.mean or rewiring.Average(run.model)
            self.mean.update_parameters(run.model)

    def after_epoch(self, run):
        """Put it in the model, behind the last step."""
        if run.step == self.steps:
            run.model.load_state_dict(self.mean.module.state_dict())


def trained(key):
    """One run's line; `key` says all that decides it."""
    data, setting, tuning = load(key["data"]), Setting(**key["setting"]), key["seed"] == TUNING_SEED
    if tuning:  # the test examples are not even there
        train, held = data.train.split(HELD_OUT, rng=np.random.default_rng(TUNING_SEED))
        data = replace(data, train=train, test=held)
    passes = -(-len(data.train) // setting.batch)
    learned = replace(data, train=with_copies(data.train, data.shape, key["copies"]))
    epochs = key["epochs"] * len(data.train) // len(learned.train)
    steps = epochs * -(-len(learned.train) // setting.batch)
    recipe = {"SGD": SGD, "Adam": Adam}[setting.optimizer](lr=setting.rate, weight_decay=setting.decay)
    config = Config(epochs, setting.batch, recipe, CosineRate(), CrossEntropy(setting.smoothing), validation=0.0)
    widths = (data.num_features, *HIDDEN, len(data.classes))
    rule, start = rule_of(setting.rule, steps, passes), time.process_time()
    experiment = Experiment(architecture_of(setting, widths), config, key["seed"], rule)
    callbacks = [Averaging(setting.averaged, steps)] if setting.averaged else []
    outcome = experiment.run(learned, callbacks=callbacks)
    found = {"validation" if tuning else "test": outcome.test.accuracy}
    seconds = round(time.process_time() - start, 1)
    told = {"edges": outcome.history.epochs[-1].edges, "seconds": seconds, "rule": repr(rule), "config": repr(config)}
    return key | found | told | {"environment": environment_line(), "commit": commit()}


def parsed():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=list(EPOCHS), default=list(EPOCHS))
    parser.add_argument("--side", nargs="+", choices=list(SEEDS), default=list(SEEDS))
    parser.add_argument("--images", nargs="+", choices=sorted({each.images for each in PLAN}))
    parser.add_argument("--out", type=Path, default=KEPT)
    return parser.parse_args()


def run(key, out):
    """Train a run that is not there, and keep it."""
    if name_of(key) in set(map(name_of, kept(out))):
        return
    line = trained(key)
    with out.open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(key["data"], key["seed"], shown(key), line.get("validation", line.get("test")), flush=True)


def main(options):
    """Entry by entry: the candidates, then the seeds of the best; then the table."""
    torch.set_num_threads(1)
    for each in PLAN:
        if each.data not in options.data or each.side not in options.side:
            continue
        if options.images and each.images not in options.images:
            continue
        for key in each.candidates:
            run(pilot(key), options.out)
        chosen = best(each.candidates, kept(options.out))
        for seed in range(SEEDS[each.side]):
            run(chosen | {"seed": seed}, options.out)
    print(table(kept(options.out)))


if __name__ == "__main__":
    main(parsed())
