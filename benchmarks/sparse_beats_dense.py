"""Does one per cent of the edges beat the fully connected network? Decided from docs/results/accuracy.jsonl.

    python benchmarks/sparse_beats_dense.py [--data cifar10-jpeg] [--epochs 20] [--level .95]

Every sparse setting with as many epochs as the dense one, and two seeds or more, against the dense setting of most
seeds: difference of mean test accuracies in points, paired by seed, with Student's interval. It holds if the interval
lies above 0, does not hold if it lies below, and is inconclusive otherwise.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

from gossamer.analysis.intervals import difference

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", default="cifar10-jpeg")
parser.add_argument("--epochs", default="20")
parser.add_argument("--level", type=float, default=0.95)
RESULTS = Path(__file__).parents[1] / "docs" / "results" / "accuracy.jsonl"
SHOWN = ("method", "topology", "lr", "weight_decay", "dropout")


def settings(data, epochs):
    """Test accuracy by seed of every setting that was trained so long."""
    found = defaultdict(dict)
    for line in RESULTS.read_text().splitlines():
        run = json.loads(line)
        options = run["options"] | {"method": run["method"]}
        if run["data"] == data and options["epochs"] == epochs:
            found[tuple(options[name] for name in SHOWN)][run["seed"]] = run["test_accuracy"]
    return found


def main(options):
    """One line for each sparse setting."""
    found = settings(options.data, options.epochs)
    dense = {setting: runs for setting, runs in found.items() if setting[0] == "dense"}
    if not dense:
        raise SystemExit(
            f"no dense run of {options.epochs} epochs on {options.data}: benchmarks/accuracy.py makes one."
        )
    reference = max(dense, key=lambda setting: len(dense[setting]))
    print(f"{options.data}, {options.epochs} epochs, against {' '.join(reference)}, seeds {sorted(dense[reference])}")
    for setting, runs in sorted(found.items()):
        if setting[0] == "dense" or len(runs) < 2:
            continue
        gap = difference(runs, dense[reference], options.level)
        verdict = "holds" if gap.low > 0 else "does not hold" if gap.high < 0 else "inconclusive"
        print(
            f"{' '.join(setting)}, n={len(runs)}: {gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}] points: {verdict}"
        )


if __name__ == "__main__":
    main(parser.parse_args())
