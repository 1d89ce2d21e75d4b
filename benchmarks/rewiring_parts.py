"""Where the microseconds of an update go: the calls of one update and of the step behind it, in mid-training.

    python benchmarks/rewiring_parts.py [--rule SET] [--rounds 30] [--threads 2] [--every 100] [--least 10]

The network of `benchmarks/rewiring.py --one-call`. In each round an update and the step behind it are watched, after
99 steps that are not, so that code and arrays are as far from the caches as in a training. A line is what a call took
with all that it called (median of the rounds), calls of one name in one place together; what the lines below it do not
add up to is the extension's and Python's own. Watching costs some tenths of a microsecond a call: this says what is
large, and `benchmarks/rewiring.py` what an update costs.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from report import Report

from gossamer.generators import dense, erdos_renyi
from rewiring import Training, rules

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rule", default="SET", choices=[name for name in rules(1) if name != "static"])
parser.add_argument("--rounds", type=int, default=30)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--every", type=int, default=100)
parser.add_argument("--least", type=float, default=10, help="microseconds of a line")
parser.add_argument("--json")


def watched(call):
    """Nanoseconds of everything that a call calls, by the names on the way to it."""
    events = []

    def note(frame, event, what):
        named = event.startswith("c_")
        name = (
            getattr(what, "__qualname__", "")
            if named
            else f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
        )
        events.append((time.perf_counter_ns(), event, name))

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return folded(events)


def folded(events):
    """Of each path of names the nanoseconds between its calls and returns."""
    spent, open_calls = defaultdict(int), []
    for now, event, name in events:
        if event in ("call", "c_call"):
            open_calls.append(((*open_calls[-1][0], name) if open_calls else (name,), now))
        elif open_calls:
            path, start = open_calls.pop()
            spent[path] += now - start
    return spent


def main(options):
    """The tree of the update, then that of the step."""
    torch.set_num_threads(options.threads)
    report = Report("rewiring, part by part", options)
    rng = np.random.default_rng(0)
    junctions = [erdos_renyi(1000, 1000, 50_000, rng=rng), dense(1000, 10)]
    training = Training(rules(options.every)[options.rule], junctions, one_call=True)
    found = defaultdict(list)
    for number in range(options.rounds + 1):
        training.block(options.every - 1 - (number > 0))
        training.step()
        for title, call in (("the update", training.rewirer.step), ("the step behind it", training.step)):
            for path, nanoseconds in watched(call).items():
                found[(title, *path)] += [nanoseconds] * (number > 0)  # the first round warms up
        training.rewirer.step()
    lines = {path: statistics.median(each) / 1e3 for path, each in found.items() if each}
    for path in sorted(lines, key=lambda path: [(-lines.get(path[: n + 1], 0), path[n]) for n in range(len(path))]):
        if lines[path] >= options.least:
            report.console.print(f"{lines[path]:8.1f}  {'  ' * (len(path) - 2)}{path[-1]}", highlight=False)
    report.results["microseconds"] = {" / ".join(path): each for path, each in lines.items()}
    report.close()


if __name__ == "__main__":
    main(parser.parse_args())
