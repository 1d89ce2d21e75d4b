"""What rewiring costs: its share of a training, and one update of a large junction.

    python benchmarks/rewiring.py [--rounds 5] [--threads 2] [--edges 1000000] [--one-call] [--cpu] [--json F]

The share: 1000 x 1000 at 95 % sparsity with a full head of 10, batch 128, SGD with momentum. Blocks of `--every` steps
(100), in which each rule updates once, take turns with blocks of the static network. Updates: SGD with momentum, one
junction, batch 128. Steps are plain PyTorch, or with `--one-call` those of `gossamer.nn.TrainingStep`, beside which the
same update weighs more. With `--cpu` and one thread, processor time is counted instead of wall time: what a busy
machine can still tell.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from report import Report
from torch import nn

import gossamer as gs
from gossamer.generators import dense, erdos_renyi
from gossamer.timing.speed import Timing

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--every", type=int, default=100)
parser.add_argument("--edges", type=int, default=1_000_000)
parser.add_argument("--widths", type=int, nargs="+", default=[3200])
parser.add_argument("--one-call", action="store_true", help="steps of gossamer.nn.TrainingStep")
parser.add_argument("--cpu", action="store_true", help="count processor time")
parser.add_argument("--json")

FOREVER = 10**9


def rules(every):
    """The rules that are timed, static first."""
    return {
        "static": gs.rewiring.static(),
        "SET": gs.rewiring.sparse_evolutionary(every=every),
        "RigL": gs.rewiring.rigl(every=every, until=FOREVER),
        "CHT": gs.rewiring.cht(every=every),
        "CHTs": gs.rewiring.chts(every=every, until=FOREVER),
        "GSE": gs.rewiring.guided_exploration(every=every, until=FOREVER),
    }


class Training:
    """A network in training under one rule."""

    def __init__(self, rule, junctions, clock=time.perf_counter, one_call=False):
        self.clock = clock
        self.model = gs.nn.mlp(gs.Topology(junctions))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        names = [str(n) for n, g in enumerate(junctions) if g.density < 1]
        rng = np.random.default_rng(0)
        self.rewirer = gs.rewiring.Rewirer(self.model, self.optimizer, rule, rng=rng, layers=names)
        self.x = torch.randn(128, junctions[0].in_features)
        self.y = torch.randint(0, 10, (128,))
        take = gs.nn.TrainingStep(self.model, self.optimizer, nn.CrossEntropyLoss())
        self.step = (lambda: take(self.x, self.y)) if one_call else self.loop

    def loop(self):
        """One step of the optimiser."""
        self.optimizer.zero_grad()
        out = self.model(self.x)
        loss = nn.functional.cross_entropy(out, self.y) if out.shape[1] == 10 else out.square().mean()
        loss.backward()
        self.optimizer.step()

    def block(self, steps):
        """Seconds of some steps with their rewiring."""
        start = self.clock()
        for _ in range(steps):
            self.step()
            self.rewirer.step()
        return self.clock() - start

    def update(self):
        """Seconds of one update alone."""
        self.step()
        start = self.clock()
        self.rewirer.step()
        return self.clock() - start


def interleaved(contenders, rounds, measure):
    """Let contenders take turns."""
    seconds = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, contender in contenders.items():
            seconds[name].append(measure(contender))
    return {  # the first round warms up
        name: Timing(min(times[1:]), statistics.median(times[1:]), rounds) for name, times in seconds.items()
    }


def main(options):
    """Both tables."""
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    report = Report("rewiring", options)
    clock = time.process_time if options.cpu else time.perf_counter
    junctions = [erdos_renyi(1000, 1000, 50_000, rng=rng), dense(1000, 10)]
    trainings = {
        name: Training(rule, junctions, clock, options.one_call) for name, rule in rules(options.every).items()
    }
    blocks = interleaved(trainings, options.rounds, lambda training: training.block(options.every))
    report.section(f"{options.every} steps, 1000 x 1000 at 95 %, one update", blocks)
    for name, timing in blocks.items():
        added = [100 * (getattr(timing, what) / getattr(blocks["static"], what) - 1) for what in ("minimum", "median")]
        report.console.print(f"{name}: {added[0]:+.1f} % (min), {added[1]:+.1f} % (median)", highlight=False)
    for width in options.widths:
        junction = erdos_renyi(width, width, options.edges, rng=rng)
        updates = {name: Training(rule, [junction], clock) for name, rule in rules(1).items() if name != "static"}
        timings = interleaved(updates, options.rounds, Training.update)
        report.section(f"one update of {options.edges} edges, {width} x {width}", timings)
    report.close()


if __name__ == "__main__":
    main(parser.parse_args())
