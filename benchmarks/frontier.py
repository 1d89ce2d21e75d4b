"""Accuracy against edges and against seconds: sparse rules, the wide dense network, and the narrow one of equal edges.

    python benchmarks/frontier.py                  # 784-300-300-300-10, 5 epochs, .5 to 10 %, 5 seeds
    python benchmarks/frontier.py --large          # 784-1568-1568-1568-10, 20 epochs, .1 to 10 %: a plan
    python benchmarks/frontier.py --draw           # docs/images/frontier.png of what is kept; also says who beats whom

The plan, fixed before any of its runs: Fashion-MNIST first, then MNIST; a whole seed after the other, so that it may be
cut at any seed. A density is the share of the edges of the wide network, of all junctions and the one to the outputs
too; `erdos_renyi` budgets spread them (more to the small junctions), and the narrow dense network has as many in all.
Every contender has at every density and data set the learning rate, out of two, with the best accuracy on a twelfth of
the training examples, held out from one run of a seed that no result comes from. The final runs train on all of them,
and the test examples are looked at once, after the last epoch. Adam, a cosine, batch 128, one thread. CHTss, which
begins with half of the hidden edges, is at 3 % alone, with a full layer to the outputs and as many edges in the end.
Cut before any test example was looked at, for want of processor time: wider layers, 20 epochs, CIFAR-10, below .5 %
(a narrow network has one or two units a layer there), more of CHTss.

The rule, fixed likewise: at each density every sparse contender is compared with the narrow dense network, and with the
wide one, paired by seed; Student's interval, p-values corrected by Holm's method for all comparisons of a data set. It
beats it, or loses, where the corrected p is at most .05; otherwise that is not decided.

Every finished run is a line in docs/results/frontier.jsonl and is not done again, so that it may be stopped at any
moment. Seconds are those of the processor, which other work on the machine lengthens less than those of the clock; of a
contender they are the median over its seeds.
"""

import argparse
import itertools
import json
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import torch

from gossamer import rewiring
from gossamer.analysis.estimates import mean_of
from gossamer.generators import budgets, named, narrowed
from gossamer.studies import Architecture, Experiment
from gossamer.timing.environment import environment_line
from gossamer.training import Adam, Config, CosineRate
from gossamer.training.data import load

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "frontier.png"
TUNING_SEED = 1000
WIDE, NARROW = "dense, wide", "dense, narrow"
TOPOLOGIES = {"RigL, receptive fields": "receptive_field"}
"""What a contender begins as, unless it is erdos_renyi."""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--large", action="store_true")
parser.add_argument("--draw", action="store_true")
parser.add_argument("--data", nargs="+", default=["fashion-mnist", "mnist"])
parser.add_argument("--contenders", nargs="+")
parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "frontier.jsonl")

SETTINGS = {"hidden": [300] * 3, "epochs": 5, "seeds": 5, "densities": [0.005, 0.01, 0.03, 0.1]}
LARGE_SETTINGS = {"hidden": [1568] * 3, "epochs": 20, "seeds": 5, "densities": [0.001, 0.003, 0.01, 0.03, 0.1]}
ONLY_AT = {WIDE: [1.0], "CHTss": [0.03]}
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
        WIDE: None,
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
    hidden = tuple(widths[1:-1])
    full = (None,) * (len(hidden) + 1)
    if contender == WIDE:
        return Architecture(None, hidden, full)
    edges, _ = edges_of(contender, widths, density)
    if contender == NARROW:
        return Architecture(None, narrowed(widths, sum(edges))[1:-1], full)
    return Architecture(named(TOPOLOGIES.get(contender, "erdos_renyi")), hidden, edges)


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


def kept(path):
    """The lines of the file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


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
        yield from ((contender, density) for density in ONLY_AT.get(contender, settings["densities"]))


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


def rows(lines):
    """(hidden, epochs, data, contender, density, edges, seconds, accuracy with its interval) of the final runs."""
    groups = defaultdict(list)
    for line in lines:
        if line["seed"] != TUNING_SEED:
            hidden = "-".join(map(str, line["hidden"]))
            groups[hidden, line["epochs"], line["data"], line["contender"], line["density"]].append(line)
    for key, found in groups.items():
        accuracy = mean_of([100 * line["test"] for line in found], "")
        yield *key, found[0]["edges"], fmean(line["seconds"] for line in found), accuracy


def table(lines):
    """Markdown."""
    head = ["network, epochs", "data", "contender", "density", "edges", "processor s", "test accuracy, %", "n"]
    shown = ["| " + " | ".join(head) + " |", "|---|---|---|" + "---:|" * (len(head) - 3)]
    for hidden, epochs, data, contender, density, edges, seconds, found in rows(lines):
        accuracy = f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]" if found.n > 1 else f"{found.value:.2f}"
        cells = (
            f"{hidden}, {epochs}",
            data,
            contender,
            f"{100 * density:g} %",
            f"{edges:,}",
            f"{seconds:.1f}",
            accuracy,
            found.n,
        )
        shown.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(shown)


def draw(lines, path):
    """Accuracy against edges, and against seconds, one row of panels a data set and size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = defaultdict(lambda: defaultdict(list))
    for hidden, epochs, data, contender, _, *values in rows(lines):
        panels[f"{data}, {hidden}, {epochs} epochs"][contender].append(values)
    figure, axes = plt.subplots(
        len(panels), 2, figsize=(10, 3.6 * len(panels)), sharey="row", squeeze=False, constrained_layout=True
    )
    for (title, contenders), (left, right) in zip(panels.items(), axes, strict=True):
        for name, values in contenders.items():
            for panel, column, by in ((left, 0, "edges"), (right, 1, "processor seconds of a training")):
                ordered = sorted(values, key=lambda each: each[column])
                middle = [each[2].value for each in ordered]
                reach = [
                    [each[2].value - max(each[2].low, 0), min(each[2].high, 100) - each[2].value] for each in ordered
                ]
                style = {"marker": "s", "linestyle": "--"} if "dense" in name else {"marker": "o"}
                panel.errorbar(
                    [each[column] for each in ordered],
                    middle,
                    yerr=list(zip(*reach, strict=True)),
                    label=name,
                    capsize=2,
                    linewidth=1.3,
                    **style,
                )
                panel.set(xscale="log", xlabel=by)
        left.set(ylabel="test accuracy, %", title=title)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=110)


def main(options):
    """Train, then show."""
    torch.set_num_threads(1)
    settings = LARGE_SETTINGS if options.large else SETTINGS
    if not options.draw:
        train_all(settings, options.contenders or list(rules(2, 2)), options)
    lines = kept(options.out)
    print(table(lines))
    if options.draw:
        draw(lines, PICTURE)


if __name__ == "__main__":
    main(parser.parse_args())
