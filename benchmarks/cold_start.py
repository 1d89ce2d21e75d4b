"""Do new edges that step as under a fresh Adam make networks more accurate? The same runs with and without.

    python benchmarks/cold_start.py [--data mnist fashion-mnist] [--seeds 6] [--epochs 5]

784-500-500-10, hidden junctions with 2 % of the edges, full head, Adam at .001 falling along a cosine, batch 128; an
update each 100 steps up to three quarters of the training, which makes many new edges. Runs of one seed begin with the
same network and meet the examples in the same order. Every finished run is a line of docs/results/cold_start.jsonl, and
is not done again; at the end stands the table of differences, with Holm's correction.
"""

import argparse
import itertools
import json
from pathlib import Path

import torch

from gossamer import rewiring
from gossamer.analysis.claims import Between, decisive_level
from gossamer.analysis.correction import holm
from gossamer.analysis.estimates import difference_of
from gossamer.generators import named
from gossamer.seeds import stream
from gossamer.studies import Architecture, Experiment
from gossamer.timing.environment import environment_line
from gossamer.training import Adam, Config, CosineRate, Rewiring
from gossamer.training.data import load

RULES = {"SET": rewiring.sparse_evolutionary, "RigL": rewiring.rigl}
DEFAULT = Path(__file__).parents[1] / "docs" / "results" / "cold_start.jsonl"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", nargs="+", default=["mnist", "fashion-mnist"])
parser.add_argument("--rules", nargs="+", default=list(RULES), choices=RULES)
parser.add_argument("--seeds", type=int, default=6)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--density", type=float, default=0.02)
parser.add_argument("--hidden", type=int, nargs="+", default=[500, 500])
parser.add_argument("--every", type=int, default=100)
parser.add_argument("--out", type=Path, default=DEFAULT)


def trained(options, data, rule, *, fresh, seed):
    """One run's line."""
    edges = [round(options.density * n * m) for n, m in itertools.pairwise((data.num_features, *options.hidden))]
    architecture = Architecture(named("erdos_renyi"), tuple(options.hidden), (*edges, None))
    config = Config(epochs=options.epochs, optimizer=Adam(1e-3), schedule=CosineRate(), validation=0.0)
    last = 3 * options.epochs * -(-len(data.train) // config.batch_size) // 4
    moves = RULES[rule](fraction=0.3, every=options.every, until=last)
    callback = Rewiring(moves, rng=stream(seed, "rewiring"), fresh_steps=fresh)
    outcome = Experiment(architecture, config, seed).run(data, callbacks=[callback])
    return {
        "accuracy": outcome.test.accuracy,
        "loss": outcome.test.loss,
        "seconds": round(outcome.history.seconds, 2),
        "rule_in_full": repr(moves),
        "config": repr(config),
        "environment": environment_line(),
    }


def key_of(line):
    """What makes two lines the same run."""
    return tuple(str(line[name]) for name in ("data", "rule", "fresh", "seed", "epochs", "density", "hidden", "every"))


def kept(path):
    """The lines of the file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def compared(lines):
    """(data, rule, accuracy with, accuracy without, difference, its p) of every data set and rule."""
    for name in sorted({(line["data"], line["rule"]) for line in lines}, reverse=True):
        found = {
            fresh: {
                line["seed"]: 100 * line["accuracy"]
                for line in lines
                if (line["data"], line["rule"], line["fresh"]) == (*name, fresh)
            }
            for fresh in (True, False)
        }
        estimate = difference_of(found[True], found[False], "points")
        means = [sum(each.values()) / len(each) for each in found.values()]
        yield *name, *means, estimate, decisive_level(Between(low=0.0), estimate)[1]


def table(lines):
    """Markdown: means, their difference with its 95 % interval, and its p-value corrected for all rows."""
    rows = list(compared(lines))
    shown = [
        "| data | rule | fresh steps | without | difference, points | p, Holm | n |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for (data, rule, with_, without, found, _), p in zip(rows, holm([row[-1] for row in rows]), strict=True):
        interval = f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"
        shown.append(f"| {data} | {rule} | {with_:.2f} % | {without:.2f} % | {interval} | {p:.2g} | {found.n} |")
    return "\n".join(shown)


def main(options):
    """All runs that are not there yet, then the table."""
    torch.set_num_threads(1)
    same = {name: getattr(options, name) for name in ("epochs", "density", "hidden", "every")}
    wanted = itertools.product(range(options.seeds), options.data, options.rules, (True, False))
    for seed, data, rule, fresh in wanted:
        line = {"data": data, "rule": rule, "fresh": fresh, "seed": seed, **same}
        if key_of(line) in set(map(key_of, kept(options.out))):
            continue
        line |= trained(options, load(data), rule, fresh=fresh, seed=seed)
        with options.out.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(f"{data} {rule} fresh={fresh} seed {seed}: {100 * line['accuracy']:.2f} %", flush=True)
    print(table([line for line in kept(options.out) if all(line[name] == same[name] for name in same)]))


if __name__ == "__main__":
    main(parser.parse_args())
