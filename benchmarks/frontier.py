"""Accuracy against edges and against seconds: sparse rules, the wide dense network, and the narrow one of equal edges.

    python benchmarks/frontier.py                  # 784-300-300-300-10, 5 epochs, .5 to 10 %, 8 seeds
    python benchmarks/frontier.py --large          # 784-1568-1568-1568-10, 20 epochs, .1 to 10 %: a plan
    python benchmarks/frontier_page.py --draw      # what came out: tables, who beats whom, docs/images/frontier.png

The plan, fixed before any of its runs: Fashion-MNIST first, then MNIST; a whole seed after the other, so that it may be
cut at any seed. A density is the share of the edges of the wide network, of all junctions and the one to the outputs
too; `erdos_renyi` budgets spread them (more to the small junctions), and the narrow dense network has as many in all.
Every contender has at every density and data set the learning rate, out of two, with the best accuracy on a twelfth of
the training examples, held out from one run of a seed that no result comes from. The final runs train on all of them,
and the test examples are looked at once, after the last epoch. Adam, a cosine, batch 128, one thread. CHTss, which
begins with half of the hidden edges, is at 3 % alone, with a full layer to the outputs and as many edges in the end.
Cut before any test example was looked at, for want of processor time: wider layers, 20 epochs, CIFAR-10, below .5 %
(a narrow network has one or two units a layer there), more of CHTss. Eight seeds instead of five were decided upon when
Fashion-MNIST's first five had been seen to be too few for corrected p-values, and none of MNIST's.

Dense networks run on PyTorch's layers, and once more on ours, with every edge there, for their seconds: there a step is
one call, as it is of all sparse networks. A narrow network of one hidden layer joins for those who would not waste
edges on three.

Added after the results were seen, to close a gap: from the narrow networks of 10 % to the wide one none was trained,
though the sparse networks of 10 % take seconds in between. Narrow ones in one call of 15, 20 and 30 %, of three hidden
layers and of one, were trained then.

Every finished run is a line in docs/results/frontier.jsonl and is not done again, so that it may be stopped at any
moment. Seconds are those of the processor, which other work on the machine lengthens less than those of the clock; the
least over seeds is shown.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

import torch
from frontier_page import FIRST_TUNING_SEED, KEPT, NARROW, NATIVE, SHALLOW, WIDE, kept

from gossamer import rewiring
from gossamer.generators import budgets, named, narrowed
from gossamer.studies import Architecture, Experiment
from gossamer.timing.environment import environment_line
from gossamer.training import Adam, Config, CosineRate
from gossamer.training.data import load

TUNING_SEED = FIRST_TUNING_SEED
TOPOLOGIES = {"RigL, receptive fields": "receptive_field"}
"""What a contender begins as, unless it is erdos_renyi."""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--large", action="store_true")
parser.add_argument("--data", nargs="+", default=["fashion-mnist", "mnist"])
parser.add_argument("--contenders", nargs="+")
parser.add_argument("--out", type=Path, default=KEPT)

SETTINGS = {"hidden": [300] * 3, "epochs": 5, "seeds": 8, "densities": [0.005, 0.01, 0.03, 0.1]}
LARGE_SETTINGS = {"hidden": [1568] * 3, "epochs": 20, "seeds": 5, "densities": [0.001, 0.003, 0.01, 0.03, 0.1]}
BETWEEN = {NATIVE[NARROW]: [0.15, 0.2, 0.3], SHALLOW: [0.15, 0.2, 0.3]}
"""Densities added after the results were seen, for rivals in the seconds of the sparse networks of 10 %."""
ONLY_AT = {WIDE: [1.0], NATIVE[WIDE]: [1.0], "CHTss": [0.03]}
"""Densities of contenders that are not at all of them."""
RATES = (0.001, 0.003)


def rules(epoch, until, final=0.99):
    """The rule of every contender; None leaves the edges where they are. `final` is CHTss's sparsity in the end."""
    half = epoch // 2
    return {
        "static": None,
        "SET": rewiring.sparse_evolutionary(0.3, every=half, until=until),
        "RigL": rewiring.rigl(fraction=0.3, every=100, until=until),
        "CHTs": rewiring.chts(0.3, every=half, until=until),
        "CHTss": rewiring.chtss(0.5, final, every=half, until=until),
        "GSE": rewiring.guided_exploration(0.3, every=100, until=until),
        "RigL, receptive fields": rewiring.rigl(fraction=0.3, every=100, until=until),
        NARROW: None,
        NATIVE[NARROW]: None,
        SHALLOW: None,
        WIDE: None,
        NATIVE[WIDE]: None,
    }


def edges_of(contender, widths, density):
    """Edges of each junction that it begins with, and the sparsity in which CHTss's hidden junctions end."""
    edges = budgets.erdos_renyi(widths, density)
    if contender != "CHTss":
        return edges, 0.99
    hidden = [n * m for n, m in itertools.pairwise(widths[:-1])]
    left = sum(edges) - widths[-2] * widths[-1]
    return (*(pairs // 2 for pairs in hidden), None), 1 - left / sum(hidden)


def architecture_of(contender, widths, density):
    """The network that it begins with."""
    if "dense" not in contender:
        edges, _ = edges_of(contender, widths, density)
        return Architecture(named(TOPOLOGIES.get(contender, "erdos_renyi")), tuple(widths[1:-1]), edges)
    wide, (edges, _) = contender in (WIDE, NATIVE[WIDE]), edges_of(contender, widths, density)
    full_widths = (widths[0], widths[1], widths[-1]) if contender == SHALLOW else tuple(widths)
    slim = full_widths if wide else narrowed(full_widths, sum(edges))
    if contender in (WIDE, NARROW):
        return Architecture(None, slim[1:-1], (None,) * (len(slim) - 1))
    every = tuple(n * m for n, m in itertools.pairwise(slim))
    return Architecture(named("erdos_renyi"), slim[1:-1], every)


def trained(data, key):
    """One run's line; `key` says all that decides it."""
    tuning = key["seed"] == TUNING_SEED
    epoch = -(-len(data.train) // 128)
    widths = (data.num_features, *key["hidden"], len(data.classes))
    _, final = edges_of(key["contender"], widths, key["density"])
    rule = rules(epoch, 3 * key["epochs"] * epoch // 4, final)[key["contender"]]
    config = Config(
        epochs=key["epochs"], optimizer=Adam(key["rate"]), schedule=CosineRate(), validation=1 / 12 if tuning else 0.0
    )
    start = time.process_time()
    experiment = Experiment(architecture_of(key["contender"], widths, key["density"]), config, key["seed"], rule)
    outcome = experiment.run(data)
    last = outcome.history.epochs[-1]
    found = {"validation": last.validation_accuracy} if tuning else {"test": outcome.test.accuracy}
    seconds = round(time.process_time() - start, 2)
    return (
        key | found | {"edges": last.edges, "seconds": seconds, "rule": repr(rule), "environment": environment_line()}
    )


class Runs:
    """Runs by what decides them: those in the file, and those that are done now."""

    def __init__(self, path):
        self.path = path
        self.lines = {self.name(line): line for line in kept(path)}

    @staticmethod
    def name(line):
        """What makes two lines the same run."""
        names = ("data", "contender", "density", "rate", "seed", "epochs", "hidden")
        return tuple(str(line[name]) for name in names)

    def __call__(self, key):
        """The line of a run, trained now if it is not there."""
        if self.name(key) not in self.lines:
            line = trained(load(key["data"]), key)
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            self.lines[self.name(key)] = line
            shown = line.get("test", line.get("validation"))
            print(
                *(f"{key[name]}" for name in ("data", "contender", "density", "rate", "seed")),
                f"{shown:.4f}",
                flush=True,
            )
        return self.lines[self.name(key)]


def points(settings, contenders):
    """(contender, density): what is trained; the wide network is the same at every density."""
    for contender in contenders:
        densities = ONLY_AT.get(contender, [*settings["densities"], *BETWEEN.get(contender, [])])
        yield from ((contender, density) for density in densities)


def train_all(settings, contenders, options):
    """Everything that is not there yet, one data set after the other: the rates, then a whole seed after the other."""
    runs = Runs(options.out)
    for data in options.data:
        same = {"data": data, "epochs": settings["epochs"], "hidden": settings["hidden"]}
        best = {}
        for contender, density in points(settings, contenders):
            place = same | {"contender": contender, "density": density}
            keys = [place | {"rate": rate, "seed": TUNING_SEED} for rate in RATES]
            best[contender, density] = place | {"rate": max(keys, key=lambda key: runs(key)["validation"])["rate"]}
        for seed, place in itertools.product(range(settings["seeds"]), best.values()):
            runs(place | {"seed": seed})


def main(options):
    """Train what is not there yet."""
    torch.set_num_threads(1)
    train_all(LARGE_SETTINGS if options.large else SETTINGS, options.contenders or list(rules(2, 2)), options)


if __name__ == "__main__":
    main(parser.parse_args())
