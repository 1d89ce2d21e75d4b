"""Dense and sparse networks trained from scratch: what shakespeare.py and resnet.py keep of their runs, in tables.

    python benchmarks/from_scratch.py shakespeare
    python benchmarks/from_scratch.py shakespeare_sgd
    python benchmarks/from_scratch.py resnet
    python benchmarks/from_scratch.py answer         # of all of them, in a sentence

Each of the first three prints, of the lines in docs/results: rates, sizes and results with mean, standard deviation
and n, and the difference from dense, paired by seed, with its 95 % interval (Student's; not corrected for the number
of rows); then what was reached after so many seconds of training; then what follows; then the pilot runs, by which
each arm chose its rate. An arm is said to be worse or better than dense if its interval leaves out zero; else the
runs do not tell.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, stdev

from gossamer.analysis.intervals import difference
from gossamer.files import write_atomically
from gossamer.nn import SparseLayer
from gossamer.timing.environment import environment_line

RESULTS = Path(__file__).parents[1] / "docs" / "results"


@dataclass(frozen=True)
class Task:
    """What a result is: name and unit, decimals shown, whether more is better; an arm, and what others publish of it.

    Attributes:
        network: what is trained.
        published: the arms of the same share of the parameters, whose, their results sparse and dense.
    """

    network: str
    what: str
    unit: str
    decimals: int
    more_is_better: bool = False
    published: tuple[tuple[str, ...], str, float, float] | None = None


LOSS = "validation loss", "nats", 3
PUBLISHED = "sparselab", 2.589, 2.534
TASKS = {
    "shakespeare": Task("A GPT on tiny-shakespeare", *LOSS, published=(("share_17.5",), *PUBLISHED)),
    "shakespeare_sgd": Task(
        "A GPT by sparselab's recipe, smaller", *LOSS, published=(("static_17.5", "faster_17.5"), *PUBLISHED)
    ),
    "resnet": Task("A ResNet-8 on CIFAR-10 JPEG", "test accuracy, %", "points", 2, more_is_better=True),
}
ARMS = {
    "dense": "dense",
    "rigl_90": "RigL, 90 % sparse",
    "rigl_95": "RigL, 95 % sparse",
    "wide_90": "RigL, 3 times as wide, dense one's edges",
    "share_17.5": "RigL, 17.5 % of all parameters",
    "static_17.5": "edges stay, 17.5 % of all parameters",
    "faster_17.5": "the same, sparse layers at the rate / density",
}


class Ledger:
    """The runs of one file: a line each, written as a run ends.

    Args:
        path: the file; not there is no run.
        settings: what decides a run beside its method, seed and learning rate. Lines of other settings stay.
    """

    def __init__(self, path, settings):
        self.path, self.settings, self.lines = path, settings, kept(path)

    def missing(self, rates, seeds):
        """(method, seed, rate) of runs that are not kept, a seed of all methods at a time; `rates` by method."""
        done = {(each["method"], each["seed"], each["lr"]) for each in self.mine()}
        asked = ((method, seed, lr) for seed in seeds for method in rates for lr in rates[method])
        yield from (run for run in asked if run not in done)

    def mine(self):
        """The lines of these settings."""
        return [each for each in self.lines if each["settings"] == self.settings]

    def keep(self, method, seed, lr, found):
        """Add a run."""
        name = {"method": method, "seed": seed, "lr": lr, "settings": self.settings}
        self.lines.append({**name, **found, "environment": environment_line()})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, "".join(json.dumps(each) + "\n" for each in self.lines).encode())


def pilots_of(path):
    """Where the pilot runs of a file lie."""
    return path.with_name(f"{path.stem}_pilots.jsonl")


def chosen(pilots, task):
    """The rate of each method whose pilot run ended best."""
    sign = 1 if task.more_is_better else -1
    ends = sorted((sign * run["curve"][-1][2], run["method"], run["lr"]) for run in pilots)
    return {method: lr for _, method, lr in ends}


def kept(path):
    """The lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def numbers_of(model):
    """Parameters, edges of sparse layers, and bytes.

    To keep: weights and buffers, which hold the places of the edges. To train: also a gradient and two means a weight
    (AdamW's; momentum alone needs one less, here and for dense), and 12 bytes an edge for the kernels: a checked copy
    of its place, and the edges sorted by input. Activations are not counted.
    """
    weights = sum(p.numel() for p in model.parameters())
    edges = sum(layer.topology().num_edges for layer in model.modules() if isinstance(layer, SparseLayer))
    keep = 4 * weights + sum(b.nbytes for b in model.buffers())
    return {
        "parameters": weights,
        "edges": edges,
        "bytes_to_keep": keep,
        "bytes_to_train": keep + 12 * weights + 12 * edges,
    }


def by_arm(lines):
    """The runs of every method in the order of `ARMS`, by seed."""
    found = {method: {run["seed"]: run for run in lines if run["method"] == method} for method in ARMS}
    return {method: runs for method, runs in found.items() if runs}


def results(runs):
    """The last value of each seed."""
    return {seed: run["curve"][-1][2] for seed, run in runs.items()}


def markdown(head, rows):
    """A table whose first column is text."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def mean_of(values, decimals):
    """Mean, and standard deviation if there are two values."""
    spread = f" ± {stdev(values):.{decimals}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{decimals}f}{spread}"


def interval(gap, decimals):
    """A difference with its interval."""
    return f"{gap.mean:+.{decimals}f} [{gap.low:+.{decimals}f}, {gap.high:+.{decimals}f}]"


def sizes(arms, dense, task):
    """A row an arm: parameters, bytes, seconds, results and their difference from dense."""
    head = ["", "rate", "parameters", "kB to keep", "kB to train", "seconds", task.what, "n", "less dense's [95 %]"]
    rows = []
    for method, runs in arms.items():
        run, values = next(iter(runs.values())), results(runs)
        gap = "" if runs is dense else interval(difference(values, results(dense)), task.decimals)
        kilobytes = (f"{run[name] / 1000:,.0f}" for name in ("bytes_to_keep", "bytes_to_train"))
        cells = (*kilobytes, f"{seconds_of(runs):.0f}", mean_of(values.values(), task.decimals), len(values), gap)
        rows.append([ARMS[method], rate(run["lr"]), f"{run['parameters']:,}", *cells])
    return markdown(head, rows)


def rate(lr):
    """Without the zero before the point."""
    return f"{lr:g}".lstrip("0")


def seconds_of(runs):
    """Median seconds of training."""
    return median(run["curve"][-1][1] for run in runs.values())


def against_seconds(arms, dense, task):
    """A row an arm: the mean over seeds of what was last seen after so many seconds of training."""
    whole = seconds_of(dense)
    times = [whole * share for share in (0.25, 0.5, 0.75, 1, 1.5, 2.5)]
    rows = [[ARMS[method], *(reached(runs, limit, task.decimals) for limit in times)] for method, runs in arms.items()]
    return markdown([f"{task.what} after", *(f"{limit:.0f} s" for limit in times)], rows)


def reached(runs, limit, decimals):
    """The mean over seeds of the last look within so many seconds; in italics once all runs are at their end."""
    within = [[look for look in run["curve"] if look[1] <= limit] for run in runs.values()]
    if not all(within):
        return "–"
    shown = f"{fmean(looks[-1][2] for looks in within):.{decimals}f}"
    return f"*{shown}*" if all(run["curve"][-1][1] <= limit for run in runs.values()) else shown


def verdict(gap, task):
    """Worse, better, or not told apart."""
    if not math.isfinite(gap.low) or gap.low <= 0 <= gap.high:
        return "not told apart from dense"
    return "better than dense" if (gap.mean > 0) == task.more_is_better else "worse than dense"


def sentences(arms, dense, task):
    """What follows for each sparse arm."""
    first = next(iter(dense.values()))
    for method, runs in arms.items():
        if method == "dense":
            continue
        gap, run = difference(results(runs), results(dense)), next(iter(runs.values()))
        share = run["bytes_to_train"] / first["bytes_to_train"]
        time = seconds_of(runs) / seconds_of(dense)
        yield (
            f"- {ARMS[method]}: **{verdict(gap, task)}**, by {interval(gap, task.decimals)} {task.unit}, with "
            f"{share:.0%} of its bytes to train and {time:.0%} of its seconds."
        )
    for method in task.published[0] if task.published else ():
        if method in arms:
            yield beside_published(method, arms, dense, task)


def beside_published(method, arms, dense, task):
    """Our gap beside the one that another library publishes of its own network."""
    _, whose, sparse, full = task.published
    gap, theirs = difference(results(arms[method]), results(dense)), sparse - full
    said = "smaller" if gap.high < theirs else "larger" if gap.low > theirs else "not told apart"
    return (
        f"- {whose} publishes {sparse} against {full} at that share of the parameters, one run each of a larger "
        f"network: a gap of {theirs:.3f}. Ours ({ARMS[method]}) is **{said}**: {interval(gap, task.decimals)}."
    )


def page(name):
    """Markdown of all that is kept of a task."""
    lines, task = kept(RESULTS / f"{name}.jsonl"), TASKS[name]
    if not lines:
        return "No run is kept yet."
    arms = by_arm(lines)
    dense = arms["dense"]
    tables = sizes(arms, dense, task), "\n".join(sentences(arms, dense, task)), against_seconds(arms, dense, task)
    told = dict.fromkeys(run["environment"] for run in lines)
    return "\n\n".join(
        [*tables, *tried(kept(pilots_of(RESULTS / f"{name}.jsonl")), task), *(f"*{each}*" for each in told)]
    )


def answer():
    """What every task's runs say of sparse arms and dense, a sentence each."""
    found = [(task, by_arm(kept(RESULTS / f"{name}.jsonl"))) for name, task in TASKS.items()]
    told = (
        f"**{task.network}**, sparse from scratch, is {'; '.join(clauses(arms, task))}." for task, arms in found if arms
    )
    return "\n\n".join(told) or "No run is kept yet."


def clauses(arms, task):
    """A clause for each verdict: the arms of which it is, and by how much they differ from dense."""
    found = {}
    for method, runs in arms.items():
        if method != "dense":
            gap = difference(results(runs), results(arms["dense"]))
            found.setdefault(verdict(gap, task), []).append(
                f"{gap.mean:+.{task.decimals}f} {task.unit}, {ARMS[method]}"
            )
    return (f"{said} ({'; '.join(each)})" for said, each in found.items())


def tried(pilots, task):
    """A row an arm: how its pilot run of every rate ended; the best one bold. Nothing if there was no choice."""
    if not pilots:
        return
    best, rates = chosen(pilots, task), sorted({run["lr"] for run in pilots})
    ends = {(run["method"], run["lr"]): f"{run['curve'][-1][2]:.{task.decimals}f}" for run in pilots}
    rows = [
        [ARMS[method], *(f"**{ends[method, lr]}**" if lr == best[method] else ends[method, lr] for lr in rates)]
        for method in ARMS
        if method in best
    ]
    yield markdown(["pilot runs with a rate of", *map(rate, rates)], rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=[*TASKS, "answer"])
    task = parser.parse_args().task
    print(answer() if task == "answer" else page(task))
