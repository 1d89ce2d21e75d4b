"""What the runs of frontier.py came to: a table, who beats whom, and docs/images/frontier.png.

    python benchmarks/frontier_page.py           # both tables
    python benchmarks/frontier_page.py --draw    # and the picture

Seeds count that every contender has at every density. The rule was fixed before any test example was looked at. Every
sparse contender is compared at every density, paired by seed,

- with the narrow dense network of as many edges: the more accurate of that of three hidden layers and that of one,
- with the wide dense network,
- with the most accurate dense network, narrow or wide, that took no more processor seconds, if there is one.

Two rivals joined when Fashion-MNIST had been seen in part, both to the harm of the sparse side: dense networks in one
call, as PyTorch's small ones spend their time between the products, and the narrow network of one hidden layer.

Student's interval of the difference of test accuracies in points; p-values corrected by Holm's method for all
comparisons of one of these kinds on a data set. Sparse wins, or loses, where the corrected p is at most .05; otherwise
that is not decided.
"""

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from gossamer.analysis.correction import holm
from gossamer.analysis.intervals import Difference, difference, mean_interval

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results" / "frontier.jsonl"
PICTURE = ROOT / "docs" / "images" / "frontier.png"
WIDE, NARROW = "dense, wide", "dense, narrow"
NATIVE = {WIDE: "dense, wide, in one call", NARROW: "dense, narrow, in one call"}
"""The same networks on our layers, where a step is one call, as it is of all sparse networks."""
SHALLOW = "dense, narrow, one hidden layer"
SPARSE = ("static", "SET", "RigL", "CHTs", "CHTss", "GSE", "RigL, receptive fields")
COLOURS = dict(
    zip(
        (*SPARSE, NARROW, SHALLOW, WIDE), ("C0", "C2", "C3", "C4", "C6", "C9", "C1", "black", "C5", "gray"), strict=True
    )
)
SAID = (0.01, 0.03, 0.1)
"""Densities of the sentence; below them the narrow networks have three units a layer, and some do not learn."""
FIRST_TUNING_SEED = 1000
"""Seeds from here on chose learning rates, on examples that were held out."""


class Point(NamedTuple):
    """One contender at one density.

    Attributes:
        contender: its name.
        density: share of the wide network's edges.
        edges: of the trained network.
        seconds: median over seeds of the processor's.
        accuracies: in per cent, by seed.
    """

    contender: str
    density: float
    edges: int
    seconds: float
    accuracies: dict


class Contest(NamedTuple):
    """A sparse point against a dense one; `p` is corrected."""

    kind: str
    sparse: Point
    dense: Point
    gap: Difference
    p: float

    @property
    def verdict(self):
        """Wins, loses, or not decided."""
        if not self.p <= 0.05:
            return "not decided"
        return "**wins**" if self.gap.mean > 0 else "loses"


def kept(path=KEPT):
    """The lines of the file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def panels(lines):
    """Points by panel, which is data set, hidden units and epochs; of seeds that are whole."""
    runs = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        if line["seed"] < FIRST_TUNING_SEED:
            panel = f"{line['data']}, {'-'.join(map(str, line['hidden']))}, {line['epochs']} epochs"
            runs[panel][line["contender"], line["density"]][line["seed"]] = line
    found = {
        panel: [point(*place, by_seed, whole(places)) for place, by_seed in places.items()]
        for panel, places in runs.items()
    }
    return {panel: points for panel, points in found.items() if len(points[0].accuracies) > 1}


def whole(places):
    """Seeds that every contender has at every density."""
    return sorted(set.intersection(*map(set, places.values())))


def point(contender, density, by_seed, seeds):
    """Of these seeds."""
    edges, seconds = next(iter(by_seed.values()))["edges"], [by_seed[seed]["seconds"] for seed in seeds]
    accuracies = {seed: 100 * by_seed[seed]["test"] for seed in seeds}
    return Point(contender, density, edges, median(seconds) if seeds else math.nan, accuracies)


def contests(points):
    """Every sparse point against its dense ones."""
    dense = [each for each in points if each.contender not in SPARSE]
    wide = [each for each in dense if each.contender == WIDE]
    narrow = {each.density: each for each in sorted(dense, key=accuracy) if each.contender in (NARROW, SHALLOW)}
    pairs = []
    for each in (each for each in points if each.contender in SPARSE):
        quick = [rival for rival in dense if rival.seconds <= each.seconds]
        pairs += [("equal edges", each, narrow[each.density])] if each.density in narrow else []
        pairs += [("wide", each, rival) for rival in wide]
        pairs += [("no more seconds", each, max(quick, key=accuracy))] if quick else []
    kinds = {kind: [(sparse, dense) for other, sparse, dense in pairs if other == kind] for kind, *_ in pairs}
    return [contest for kind, those in kinds.items() for contest in corrected(kind, those)]


def corrected(kind, pairs):
    """Contests of one kind, their p-values corrected together."""
    gaps = [difference(sparse.accuracies, dense.accuracies) for sparse, dense in pairs]
    values = holm([gap.p_value for gap in gaps]).tolist()
    return [Contest(kind, *pair, gap, p) for pair, gap, p in zip(pairs, gaps, values, strict=True)]


def accuracy(each):
    """Mean over seeds."""
    return fmean(each.accuracies.values())


def table(lines):
    """Markdown: what every contender reached, and what it took."""
    head = ["data, hidden, training", "contender", "density", "edges", "processor s", "test accuracy, %", "n"]
    rows = []
    for panel, points in panels(lines).items():
        for each in points:
            found = mean_interval(each.accuracies.values())
            reached = f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"
            size, seconds = f"{100 * each.density:g} %", f"{each.seconds:.2f}"
            rows.append([panel, each.contender, size, f"{each.edges:,}", seconds, reached, found.n])
    return markdown(head, rows, texts=2)


def verdicts(lines):
    """Markdown: sparse against dense, in points."""
    head = ["data, hidden, training", "density", "contender"]
    kinds = ("equal edges", "no more seconds", "wide")
    rows = []
    for panel, points in panels(lines).items():
        by_place = defaultdict(dict)
        for each in contests(points):
            by_place[each.sparse.density, each.sparse.contender][each.kind] = each
        for (density, contender), found in sorted(by_place.items(), key=lambda item: item[0][0]):
            cells = [in_words(found[kind]) if kind in found else "none is as quick" for kind in kinds]
            rows.append([panel, f"{100 * density:g} %", contender, *cells])
    return markdown(
        [*head, "less narrow dense of equal edges", "less the best dense in no more seconds", "less wide dense"],
        rows,
        texts=3,
    )


def sentence(lines):
    """How far sparse contenders are from dense ones, from the worst of them to the best, in points."""
    parts = []
    for panel, points in panels(lines).items():
        found = contests(points)
        parts.append(f"{panel.split(',')[0]} {', '.join(apart(found, 'equal edges', density) for density in SAID)}")
    return "; ".join(parts)


def apart(found, kind, density):
    """The span of differences at one density."""
    gaps = [each.gap.mean for each in found if each.kind == kind and each.sparse.density == density]
    return f"{min(gaps):+.1f} to {max(gaps):+.1f} at {100 * density:g} %"


def in_words(contest):
    """Difference, interval, corrected p and verdict."""
    gap = contest.gap
    return f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}], p = {contest.p:.2g}: {contest.verdict}"


def markdown(head, rows, *, texts):
    """A table whose first columns are texts."""
    lines = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def draw(lines, path=PICTURE):
    """Accuracy against edges, and against seconds, one row of two panels a data set."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = panels(lines)
    figure, axes = plt.subplots(
        len(found), 2, figsize=(9, 3.1 * len(found)), sharey="row", squeeze=False, constrained_layout=True
    )
    for (title, points), (left, right) in zip(found.items(), axes, strict=True):
        for name in COLOURS:
            chosen = [each for each in points if each.contender == name]
            quick = [each for each in points if each.contender == NATIVE.get(name, name)]
            curve(left, sorted((each.edges, each.accuracies) for each in chosen), name)
            curve(right, sorted((each.seconds, each.accuracies) for each in quick), name)
        left.set(xscale="log", xlabel="edges", ylabel="test accuracy, %")
        left.set_title(f"{title}, n = {len(points[0].accuracies)}")
        right.set(xscale="log", xlabel="processor seconds of a training, steps in one call")
        right.xaxis.set_major_formatter("{x:g}")
        right.xaxis.set_minor_formatter("")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=110)


def curve(ax, places, name):
    """One contender, with 95 % intervals."""
    if not places:
        return
    found = [mean_interval(accuracies.values()) for _, accuracies in places]
    dense = name not in SPARSE
    style = {"marker": "s" if dense else "o", "linestyle": "--" if dense else "-", "linewidth": 1.8 if dense else 1.2}
    reach = [each.high - each.mean for each in found]
    means = [each.mean for each in found]
    ax.errorbar([x for x, _ in places], means, yerr=reach, label=name, color=COLOURS[name], capsize=2, **style)


def main():
    """Print, and draw if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true")
    lines = kept()
    print(table(lines), verdicts(lines), sentence(lines), sep="\n\n")
    if parser.parse_args().draw:
        draw(lines)


if __name__ == "__main__":
    main()
