"""What the runs of accuracy.py came to, as a table; chosen by held-out examples, judged by test examples.

    python benchmarks/accuracy_page.py

An entry is a network and the candidate settings that it chose from. `sparse` and `dense` chose from all of theirs; the
entries "images as they are" from those without moved copies; "second round" from settings that were written down when
the test accuracy of the first round was known, and its entries "from" a start from one setting alone. Which candidate
was best is decided when all have run, and only runs of that one are shown. Sparse and dense are compared, paired by
seed, as soon as both have two seeds.
"""

import itertools
from statistics import fmean, stdev

from accuracy_plan import PLAN, best, kept, name_of, pilot, shown

from gossamer.analysis.intervals import difference, mean_interval

PUBLISHED = {  # Zhang et al., arXiv 2501.19107, tables 1 and 7: CHTs of 99 % sparsity, and the dense network
    "mnist": {"sparse": 98.81, "dense": 98.78},
    "fashion-mnist": {"sparse": 90.93, "dense": 90.88},
}
HEAD = ("data, passes", "network", "chosen setting", "held out", "edges", "seeds", "test accuracy", "published")


def same(line, key):
    """Whether a run is of this setting, whatever its seed."""
    return name_of(line | {"seed": 0}) == name_of(key | {"seed": 0})


def finals(key, lines):
    """Test accuracies of a setting, in per cent, by seed."""
    return {line["seed"]: 100 * line["test"] for line in lines if "test" in line and same(line, key)}


def held_out(key, lines):
    """Accuracy of a setting on the held-out examples that chose it, in per cent."""
    return next(100 * line["validation"] for line in lines if name_of(line) == name_of(pilot(key)))


def row(entry, key, lines):
    """One line of the table."""
    runs = [line for line in lines if same(line, key)]
    accuracies = list(finals(key, lines).values())
    told = f"{fmean(accuracies):.2f} %"
    if len(accuracies) > 1:
        found = mean_interval(accuracies)
        told = f"{fmean(accuracies):.2f} ± {stdev(accuracies):.2f} % [{found.low:.2f}, {found.high:.2f}]"
    published = PUBLISHED.get(key["data"], {}).get(entry.side)
    return (
        f"{key['data']}, {key['epochs']}",
        entry.name,
        f"{shown(key)}; of {len(entry.candidates)}",
        f"{held_out(key, lines):.2f} %",
        f"{runs[0]['edges']:,}",
        len(accuracies),
        told,
        "–" if published is None else f"{published:.2f} %",
    )


def gaps(lines):
    """A sentence for each sparse entry whose dense rival, of as many candidates, has runs too."""
    for one, other in itertools.product(PLAN, PLAN):
        rivals = (one.data, one.images, one.side, other.side) == (other.data, other.images, "sparse", "dense")
        keys = [best(each.candidates, lines) for each in (one, other)] if rivals else [None]
        if None in keys:
            continue
        found = difference(*(finals(key, lines) for key in keys))
        if found.n > 1:
            interval = f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}] points"
            yield f"- {one.data}, {one.name} less {other.name}: {interval}, n = {found.n}, p = {found.p_value:.2g}"


def table(lines):
    """Markdown: the entries whose setting is chosen and has a seed at least, then sparse less dense."""
    chosen = [(entry, best(entry.candidates, lines)) for entry in PLAN]
    rows = [row(entry, key, lines) for entry, key in chosen if key is not None and finals(key, lines)]
    return "\n\n".join([markdown(HEAD, rows), *filter(None, ["\n".join(gaps(lines))])])


def candidates(lines):
    """Markdown: every candidate that has run, how accurate it was on the held-out examples."""
    runs = [line for line in lines if "validation" in line]
    rows = [
        (f"{line['data']}, {line['epochs']}", shown(line), f"{100 * line['validation']:.2f} %", line["seconds"])
        for line in runs
    ]
    return markdown(("data, passes", "setting", "held out", "processor seconds"), rows)


def markdown(head, rows):
    """A table; texts lead."""
    texts = head.index("held out")
    lines = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join("| " + " | ".join(map(str, each)) + " |" for each in lines)


if __name__ == "__main__":
    print(candidates(kept()), table(kept()), sep="\n\n")
