"""Why do wide networks of sigmoids leave whole classes unlearned under squared error, and what prevents it?

    python benchmarks/unlearned.py [--seeds 8]

Networks of `gossamer reproduce topologies-2017 --large --cut` (784-1000-10, fibonacci, degree 32), on what its tuning
holds out, of seeds that no result comes from, with and without cut gradients, for the first four of 24 epochs: the rate
rises over three. A class is unlearned if fewer than 2 % of its examples are told; how far its output was thrown is the
mean of that output, before the logistic function, over its own examples. Every finished network is a line of
docs/results/unlearned.jsonl, and is not trained again; at the end stands the table.
"""

import argparse
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from gossamer.papers.topologies.large import LargeNet
from gossamer.papers.topologies.large_plan import CUT
from gossamer.seeds import stream
from gossamer.studies.run import dataset
from gossamer.timing.environment import environment_line
from gossamer.training import fit
from gossamer.training.evaluation import outputs_of

DEFAULT = Path(__file__).parents[1] / "docs" / "results" / "unlearned.jsonl"
NET = LargeNet("mnist", 1000, "fibonacci", 32)
SETTINGS = (
    {"rate": 1.0, "clip_norm": None, "rise": CUT.rise},
    {"rate": 2.0, "clip_norm": None, "rise": CUT.rise},
    {"rate": 4.0, "clip_norm": None, "rise": CUT.rise},
    {"rate": 2.0, "clip_norm": 0.03, "rise": CUT.rise},
    {"rate": 4.0, "clip_norm": 0.03, "rise": CUT.rise},
)
FIRST_SEED = 2000
EPOCHS = 4
TOLD = 0.02

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seeds", type=int, default=8)
parser.add_argument("--out", type=Path, default=DEFAULT)


class EnoughError(Exception):
    """The epochs that decide are over."""


@dataclass
class Watch:
    """Looks at the held-out examples after every epoch, and ends the run after some."""

    every_step = False
    accuracies: list = field(default_factory=list)
    unlearned: list = field(default_factory=list)
    outputs: list = field(default_factory=list)

    def after_step(self, run):
        """Nothing."""

    def after_epoch(self, run):
        """Note which classes are told, and what their outputs are."""
        outputs, labels = outputs_of(run.model, run.validation)
        own = [outputs[labels == each] for each in range(outputs.shape[1])]
        told = [float((rows.argmax(1) == each).float().mean()) for each, rows in enumerate(own)]
        self.accuracies.append(round(float((outputs.argmax(1) == labels).float().mean()), 4))
        self.unlearned.append([each for each, share in enumerate(told) if share < TOLD])
        self.outputs.append(round(min(float(rows[:, each].mean()) for each, rows in enumerate(own)), 2))
        if len(self.accuracies) == EPOCHS:
            raise EnoughError


def trained(setting, seed):
    """One network's line."""
    plan = replace(CUT, rise=setting["rise"], clip_norm=setting["clip_norm"])
    experiment = NET.run(plan, setting["rate"], seed, tuning=True).experiment
    data, watch = dataset(NET.data), Watch()
    model = experiment.architecture.network(data, seed=seed)
    try:
        fit(model, data, experiment.config, rng=stream(seed, "order"), callbacks=[watch])
    except EnoughError:
        found = {name: getattr(watch, name) for name in ("accuracies", "unlearned", "outputs")}
    return {**setting, "seed": seed, **found, "environment": environment_line()}


def key_of(line):
    """What makes two lines the same network."""
    return tuple(line[name] for name in ("rate", "clip_norm", "rise", "seed"))


def kept(path):
    """The lines of the file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(lines):
    """Markdown: of every setting how many networks have unlearned classes after the first and the last epoch."""
    shown = [
        "| rate | gradients cut to | networks | with a class unlearned after 1 epoch | after 4 | classes of a network, "
        "most | lowest output of a class for its own examples | accuracy, least | most |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for setting in dict.fromkeys(key_of(line)[:3] for line in lines):
        rows = [line for line in lines if key_of(line)[:3] == setting]
        counts = [[len(row["unlearned"][epoch]) for row in rows] for epoch in (0, -1)]
        last = [row["accuracies"][-1] for row in rows]
        bad = [sum(map(bool, count)) for count in counts]
        least = min(row["outputs"][-1] for row in rows)
        cut = "" if setting[1] is None else f"{setting[1]:g}"
        shown.append(
            f"| {setting[0]:g} | {cut} | {len(rows)} | {bad[0]} | {bad[1]} | "
            f"{max(counts[1])} | {least:.1f} | {min(last):.3f} | {max(last):.3f} |"
        )
    return "\n".join(shown)


def main(options):
    """All networks that are not there yet, then the table."""
    torch.set_num_threads(1)
    for setting in SETTINGS:
        for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
            if key_of({**setting, "seed": seed}) in set(map(key_of, kept(options.out))):
                continue
            line = trained(setting, seed)
            with options.out.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{setting} seed {seed}: unlearned {line['unlearned']}, {line['accuracies'][-1]:.3f}", flush=True)
    print(table(kept(options.out)))


if __name__ == "__main__":
    main(parser.parse_args())
