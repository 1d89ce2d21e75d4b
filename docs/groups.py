"""Draws docs/images/groups.png, the frontier of docs/results/groups and groups-cifar10-jpeg: `python docs/groups.py`.

The results are made by `gossamer reproduce groups --data mnist,fashion-mnist --out docs/results/groups`, and with
cifar10-jpeg for the other; `--judge` there concludes anew from what is kept.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

from gossamer.plots.style import COLOURS

ROOT = Path(__file__).parent.parent
FOLDERS = [ROOT / "docs" / "results" / name / "data" for name in ("groups", "groups-cifar10-jpeg")]
MARKERS = {1: "o", 2: "v", 4: "^", 8: "s", 16: "D"}
TICKS = (5, 10, 20, 50)
DASHES = {("outputs", "static"): "-", ("outputs", "RigL"): "--", ("even", "static"): ":"}
WORDS = {"outputs": "", "even": ", inputs dealt out evenly"}
ACROSS, UP, LAMBDA = "times dense", "accuracy, %", "λ₂ first"


def curves(table, up):
    """(sparsity, (kind, rule), rows): what is joined, group sizes ascending; even ones begin without groups, too."""
    known = table[table[ACROSS].notna() & table[up].notna()]
    for (sparsity, rule), rows in known.groupby(["sparsity", "rule"], sort=True):
        for kind in ("outputs", "even"):
            own = rows[(rows["kind"] == kind) | (rows["group"] == 1)]
            if (kind, rule) in DASHES and (own["kind"] == kind).any():
                yield sparsity, (kind, rule), own.sort_values("group")


def panel(axes, table, up, colours):
    """Curves of one panel: a colour a sparsity, a dash a rule, a marker a group size."""
    for sparsity, key, rows in curves(table, up):
        style = {"color": colours[sparsity], "linestyle": DASHES[key]}
        axes.plot(rows[ACROSS], rows[up], linewidth=1.2, **style)
        for row in rows.to_dict("records"):
            filled = colours[sparsity] if key[1] == "static" else "white"
            axes.plot(row[ACROSS], row[up], MARKERS[row["group"]], color=colours[sparsity], mfc=filled, markersize=5)
        if up == UP:
            below, above = rows[up] - rows["low"], rows["high"] - rows[up]
            axes.errorbar(rows[ACROSS], rows[up], yerr=[below, above], fmt="none", capsize=2, elinewidth=0.8, **style)
    axes.set(xscale="log", xlabel="a step: times as fast as dense PyTorch")
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()


def draw(table, path):
    """Accuracy of every data set, then λ₂, against speed."""
    names = list(dict.fromkeys(table["data"]))
    colours = dict(zip(sorted(set(table["sparsity"])), COLOURS, strict=False))
    figure, axes = plt.subplots(1, len(names) + 1, figsize=(4 * len(names) + 5.2, 4), constrained_layout=True)
    for name, each in zip(names, axes, strict=False):
        panel(each, table[table["data"] == name], UP, colours)
        each.set(title=name, ylabel="test accuracy, %")
    panel(axes[-1], table[table["data"] == names[0]], LAMBDA, colours)
    axes[-1].set(title="the first junction", ylabel="algebraic connectivity λ₂", yscale="symlog", ylim=(-0.2, None))
    handles = [Line2D([], [], color=colour, label=f"{sparsity:g} % sparse") for sparsity, colour in colours.items()]
    handles += [
        Line2D([], [], color="grey", linestyle=dash, label=f"{rule}{WORDS[kind]}")
        for (kind, rule), dash in DASHES.items()
    ]
    sizes = sorted(set(table["group"]))
    handles += [
        Line2D(
            [],
            [],
            color="grey",
            linestyle="",
            marker=MARKERS[size],
            label=f"groups of {size}" if size > 1 else "no groups",
        )
        for size in sizes
    ]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    tables = [pd.read_csv(folder / "G1.csv") for folder in FOLDERS]
    draw(pd.concat(tables), ROOT / "docs" / "images" / "groups.png")
