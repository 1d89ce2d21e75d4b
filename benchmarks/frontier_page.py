"""What the runs of frontier.py came to: a table, who beats whom, and docs/images/frontier.png.

    python benchmarks/frontier_page.py           # both tables
    python benchmarks/frontier_page.py --draw    # and the picture, and the README's table

Seeds count that every contender has at every density. The rule was fixed before any test example was looked at. Every
sparse contender is compared at every density, paired by seed,

- with the narrow dense network of as many edges: the more accurate of that of three hidden layers and that of one,
- with the wide dense network,
- with the most accurate dense network, narrow or wide, that took no more processor seconds, if there is one. Up to a
  quarter more is no more, as the machine was busy: the least seconds of the same network on the two data sets, which
  are the same work, differ by up to 7 % from 1 % of the edges on, and at .5 % by 11, 24 and 56 % for three networks.
  Where no dense network with steps in one call took about as many seconds, to a quarter either way, what those seconds
  buy is not tested, and that is no win. A loss to a quicker one stays a loss.

Two rivals joined late, both to the harm of the sparse side: dense networks in one call when two seeds of Fashion-MNIST
had been seen, as PyTorch's small ones spend their time between the products, and the narrow network of one hidden
layer when five had. Holm's family was all comparisons of a data set before any test accuracy was there, and seconds
were the median over seeds of a data set; they are the least over seeds and both data sets now. The quarter, and what
is not tested, came next to last, when all results had been seen and a reader had found wins that hung on .01 s or on a
gap in the grid; both are to the harm of the sparse side: the best of more rivals is at least as accurate, and wins go.
Dense networks that fill the gap came last.

Student's interval of the difference of test accuracies in points; p-values corrected by Holm's method for all
comparisons of one of these kinds on a data set, those that are not tested among them. Sparse wins, or loses, where the
corrected p is at most .05; otherwise that is not decided.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean
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
ONE_CALL = (*NATIVE.values(), SHALLOW)
"""Dense networks whose steps are one call; PyTorch's narrow ones spend their seconds between the products."""
TOLERANCE = 0.25
"""How much longer a rival may take, as a share, and still take no more seconds."""
SPARSE = ("static", "SET", "RigL", "CHTs", "CHTss", "GSE", "RigL, receptive fields")
COLOURS = dict(
    zip(
        (*SPARSE, NARROW, SHALLOW, WIDE), ("C0", "C2", "C3", "C4", "C6", "C9", "C1", "black", "C5", "gray"), strict=True
    )
)
SAID = (0.01, 0.03, 0.1)
"""Densities of the short table; below them the narrow networks have three units a layer, and some do not learn."""
FIRST_TUNING_SEED = 1000
"""Seeds from here on chose learning rates, on examples that were held out."""


class Point(NamedTuple):
    """One contender at one density.

    Attributes:
        contender: its name.
        density: share of the wide network's edges.
        edges: of the trained network.
        seconds: of the processor, the least over seeds and data sets, whose examples are as many and as large: what
            else runs only lengthens them.
        accuracies: in per cent, by seed.
    """

    contender: str
    density: float
    edges: int
    seconds: float
    accuracies: dict


class Contest(NamedTuple):
    """A sparse point against a dense one; `p` is corrected, `near` says whether a dense one took about its seconds."""

    kind: str
    sparse: Point
    dense: Point
    gap: Difference
    p: float
    near: bool

    @property
    def verdict(self):
        """Wins, loses, not decided, or not tested."""
        decided = self.p <= 0.05
        if decided and self.gap.mean < 0:
            return "loses"
        if self.kind == "no more seconds" and not self.near:
            return "not tested"
        return "**wins**" if decided else "not decided"


def kept(path=KEPT):
    """The lines of the file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def panels(lines):
    """Points by panel, which is data set, hidden units and epochs; of seeds that are whole, two or more."""
    runs = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        if line["seed"] < FIRST_TUNING_SEED:
            panel = f"{line['data']}, {'-'.join(map(str, line['hidden']))}, {line['epochs']} epochs"
            runs[panel][line["contender"], line["density"]][line["seed"]] = line
    everything = set().union(*runs.values())
    ready = {panel: places for panel, places in runs.items() if everything <= set(places) and len(whole(places)) > 1}
    return {
        panel: [point(place, by_seed, whole(places), quickest(lines, by_seed)) for place, by_seed in places.items()]
        for panel, places in ready.items()
    }


def quickest(lines, by_seed):
    """Least seconds of a network, trained as long, on any data."""
    names = ("contender", "density", "hidden", "epochs")
    wanted = [next(iter(by_seed.values()))[name] for name in names]
    runs = [line for line in lines if line["seed"] < FIRST_TUNING_SEED and [line[name] for name in names] == wanted]
    return min(run["seconds"] for run in runs)


def whole(places):
    """Seeds that every contender has at every density."""
    return sorted(set.intersection(*map(set, places.values())))


def point(place, by_seed, seeds, seconds):
    """Of these seeds."""
    edges = next(iter(by_seed.values()))["edges"]
    return Point(*place, edges, seconds, {seed: 100 * by_seed[seed]["test"] for seed in seeds})


def contests(points):
    """Every sparse point against its dense ones."""
    dense = [each for each in points if each.contender not in SPARSE]
    wide = [each for each in dense if each.contender == WIDE]
    narrow = {each.density: each for each in sorted(dense, key=accuracy) if each.contender in (NARROW, SHALLOW)}
    pairs = []
    for each in (each for each in points if each.contender in SPARSE):
        quick = [rival for rival in dense if rival.seconds <= (1 + TOLERANCE) * each.seconds]
        pairs += [("equal edges", each, narrow[each.density])] if each.density in narrow else []
        pairs += [("wide", each, rival) for rival in wide]
        pairs += [("no more seconds", each, max(quick, key=accuracy))] if quick else []
    kinds = {kind: [(sparse, dense) for other, sparse, dense in pairs if other == kind] for kind, *_ in pairs}
    rivals = [rival for rival in dense if rival.contender in ONE_CALL]
    return [contest for kind, those in kinds.items() for contest in corrected(kind, those, rivals)]


def near(each, rivals):
    """Whether one of the rivals took about as many seconds."""
    return any(1 / (1 + TOLERANCE) <= rival.seconds / each.seconds <= 1 + TOLERANCE for rival in rivals)


def corrected(kind, pairs, rivals):
    """Contests of one kind, their p-values corrected together."""
    gaps = [difference(sparse.accuracies, dense.accuracies) for sparse, dense in pairs]
    values = holm([gap.p_value for gap in gaps]).tolist()
    found = zip(pairs, gaps, values, strict=True)
    return [Contest(kind, sparse, dense, gap, p, near(sparse, rivals)) for (sparse, dense), gap, p in found]


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


def spans(lines):
    """Markdown: how far sparse contenders are from dense ones, in points, from the worst of them to the best."""
    rows = []
    for panel, points in panels(lines).items():
        found, data = contests(points), f"{panel.split(',')[0]}, n = {len(points[0].accuracies)}"
        for kind, words in (("equal edges", "in as many edges"), ("no more seconds", "in no more seconds")):
            rows.append([f"{data}, {words}", *(span(found, kind, density) for density in SAID)])
    return markdown(["sparse less narrow dense, points", *(f"{100 * density:g} %" for density in SAID)], rows, texts=1)


def span(found, kind, density):
    """Of the differences at one density that were tested, and how many were not."""
    those = [each for each in found if each.kind == kind and each.sparse.density == density]
    gaps = [each.gap.mean for each in those if each.verdict != "not tested"]
    if not gaps:
        return "not tested" if those else "–"
    untested = f", {len(those) - len(gaps)} not tested" if len(gaps) < len(those) else ""
    return f"{min(gaps):+.1f} to {max(gaps):+.1f}{untested}"


def in_words(contest):
    """Difference, interval, corrected p and verdict."""
    gap = contest.gap
    return f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}], p = {contest.p:.2g}: {contest.verdict}"


def markdown(head, rows, *, texts):
    """A table whose first columns are texts."""
    lines = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def draw(lines, path=PICTURE):
    """Test error against edges, and against seconds, one row of two panels a data set."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = panels(lines)
    figure, axes = plt.subplots(
        len(found), 2, figsize=(8.6, 3 * len(found)), sharey="row", squeeze=False, constrained_layout=True
    )
    for (title, points), (left, right) in zip(found.items(), axes, strict=True):
        for name in COLOURS:
            quick = [each for each in points if each.contender == NATIVE.get(name, name)]
            curve(left, [(each.edges, each) for each in points if each.contender == name], name)
            curve(right, [(each.seconds, each) for each in quick], name)
        left.set(xscale="log", yscale="log", xlabel="edges", ylabel="test error, %")
        left.set_title(f"{title}, n = {len(points[0].accuracies)}", fontsize=10)
        right.set(xscale="log", xlabel="processor seconds of a training, steps in one call")
        for axis, ticks in ((left.yaxis, (2, 5, 10, 20, 50)), (right.xaxis, (0.5, 1, 2, 5))):
            axis.set_ticks(ticks)
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
        for ax in (left, right):
            ax.tick_params(which="both", labelsize=7)
            ax.grid(alpha=0.3)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=4)
    figure.savefig(path, dpi=110)


def curve(ax, places, name):
    """One contender from its fewest edges on, with 95 % intervals of three seeds or more."""
    if not places:
        return
    found = [mean_interval([100 - value for value in each.accuracies.values()]) for _, each in places]
    dense = name not in SPARSE
    style = {"marker": "s" if dense else "o", "linestyle": "--" if dense else "-", "linewidth": 1.8 if dense else 1.2}
    many = found[0].n > 2
    reach = [[min(each.mean - each.low, 0.9 * each.mean) for each in found], [each.high - each.mean for each in found]]
    means = [each.mean for each in found]
    ax.errorbar(
        [x for x, _ in places],
        means,
        yerr=reach if many else None,
        label=name,
        color=COLOURS[name],
        capsize=2,
        markersize=4,
        **style,
    )


def show_in_readme(lines, path=ROOT / "README.md"):
    """Between its marks."""
    begin, end = "<!-- frontier: begin -->", "<!-- frontier: end -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    path.write_text(f"{before}{begin}\n{spans(lines)}\n{end}{after}", encoding="utf-8")


def main():
    """Print, and draw if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", action="store_true")
    lines = kept()
    print(table(lines), verdicts(lines), spans(lines), sep="\n\n")
    if parser.parse_args().draw:
        draw(lines)
        show_in_readme(lines)


if __name__ == "__main__":
    main()
