"""Does one per cent of the edges beat the fully connected network? Decided from docs/results/accuracy.jsonl.

    python benchmarks/sparse_beats_dense.py [--data cifar10-jpeg] [--epochs 20] [--level .95]

Every sparse setting with as many epochs as the dense one, and two seeds or more, against the dense setting of the best
mean test accuracy: difference of means in points, paired by seed, with Student's interval, and its p-value corrected by
Holm's method for all settings shown. It holds, or does not hold, if that is at most 1 - level; else it is inconclusive.

What speaks against every such number: there was no validation part, so that settings of both sides were chosen on the
test accuracies that are compared; the sparse side had a receptive field, which is knowledge of images, in some
settings; and the dense side has few settings, trained for as long as the sparse ones and no longer.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean

from gossamer.analysis.correction import holm
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
    known = {setting: runs for setting, runs in dense.items() if len(runs) >= 2} or dense
    reference = max(known, key=lambda setting: fmean(known[setting].values()))
    print(f"{options.data}, {options.epochs} epochs, against {' '.join(reference)}, seeds {sorted(dense[reference])}")
    sparse = {setting: runs for setting, runs in sorted(found.items()) if setting[0] != "dense" and len(runs) >= 2}
    gaps = {setting: difference(runs, dense[reference], options.level) for setting, runs in sparse.items()}
    gaps = {setting: gap for setting, gap in gaps.items() if gap.p_value == gap.p_value}  # NaN of too few seeds
    corrected = holm([gap.p_value for gap in gaps.values()]) if gaps else []
    for (setting, gap), p in zip(gaps.items(), corrected, strict=True):
        decided = "holds" if gap.mean > 0 else "does not hold"
        verdict = decided if p <= 1 - options.level else "inconclusive"
        interval = f"[{gap.low:+.2f}, {gap.high:+.2f}]"
        p_values = f"p = {gap.p_value:.3g}, {p:.3g} after Holm"
        print(f"{' '.join(setting)}, n={gap.n}: {gap.mean:+.2f} {interval} points, {p_values}: {verdict}")


if __name__ == "__main__":
    main(parser.parse_args())
