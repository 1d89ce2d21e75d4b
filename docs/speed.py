"""Writes the README's speed section, its picture and that of `scaling.py`, from docs/results: `python docs/speed.py`.

The results are made by `python benchmarks/training_step.py --json docs/results/training_step.json`, and `junction.py`
and `scaling.py` likewise.
"""

import json
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
OURS = (
    "gossamer",
    "gossamer rotated",
    "gossamer, one call",
    "gossamer rotated, one call",
    "gossamer grouped, one call",
)
SETS = {"AVX-512": "training_step_avx512", "AVX2 (held to it)": "training_step_avx2"}
SHOWN = ("mask times dense", "torch CSR", "sparselab", "sparseprop", *OURS)


def sections(name):
    """(title, {contender: [minimum, median, rounds]}) of one benchmark."""
    found = json.loads((RESULTS / f"{name}.json").read_text())
    return found["environment"], [(each["title"], each["seconds"]) for each in found["sections"]]


def ratios(seconds):
    """Dense time over each contender's, of the minima."""
    return {name: seconds["dense"][0] / values[0] for name, values in seconds.items() if name in SHOWN}


def density_of(title):
    """The density that a section's title ends with."""
    return float(re.search(r"density ([\d.]+)", title)[1])


def rows(chosen):
    """A Markdown table of ratios, one column a density."""
    columns = [(f"{1 - density_of(title):.0%} sparse", ratios(seconds)) for title, seconds in chosen]
    names = [name for name in SHOWN if name in columns[0][1]]
    lines = ["| times dense PyTorch | " + " | ".join(head for head, _ in columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    lines += [f"| {name} | " + " | ".join(f"{found[name]:.2f}" for _, found in columns) + " |" for name in names]
    return "\n".join(lines)


def by_instructions():
    """Arbitrary edges and groups of eight outputs with each instruction set."""
    found = {words: sections(name) for words, name in SETS.items()}
    columns, lines = [], []
    for words, (_, steps) in found.items():
        for rule in ("SGD", "Adam"):
            chosen = [(title, ratios(seconds)) for title, seconds in steps if title.startswith(rule)]
            columns = [f"{1 - density_of(title):.0%} sparse" for title, _ in chosen]
            for name in ("gossamer, one call", "gossamer grouped, one call"):
                cells = " | ".join(f"{each[name]:.2f}" for _, each in chosen)
                lines.append(f"| {name}, {rule}, {words} | {cells} |")
    head = "| times dense PyTorch | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns)
    environment, steps = found["AVX-512"]
    return [
        "The same step, processor time of one thread, arbitrary edges and groups of eight outputs that share their "
        "inputs (`python benchmarks/training_step.py --threads 1 --cpu`, `--instructions avx2`: on the same "
        "processor):",
        head + "\n" + "\n".join(lines),
        f"Ratios of minima (n = {steps[0][1]['dense'][2]}); {environment}.",
    ]


def draw(chosen, path):
    """Ratios against density, with the line 1 / density."""
    densities = [density_of(title) for title, _ in chosen]
    figure, axes = plt.subplots(figsize=(7.4, 3.6), constrained_layout=True)
    for name in SHOWN:
        values = [ratios(seconds).get(name) for _, seconds in chosen]
        if None not in values and "rotated" not in name:  # theirs lie on the others
            axes.plot(densities, values, marker="o", label=name, linewidth=2.5 if "gossamer" in name else 1.2)
    axes.plot(densities, [1 / d for d in densities], color="grey", linestyle=":", label="1 / density")
    axes.set(xscale="log", yscale="log", xlabel="density", ylabel="times as fast as dense PyTorch")
    axes.set_xticks(densities, [f"{100 * d:g} %" for d in densities])
    axes.minorticks_off()
    axes.axhline(1, color="black", linewidth=0.8)
    figure.legend(fontsize=8, loc="outside right upper")
    axes.set_title("a training step of 784-1000-1000-1000-10, batch 128, SGD", fontsize=10)
    figure.savefig(path, dpi=110)


def draw_scaling(path):
    """Nanoseconds an edge and sample against neurons; hollow where the batch is another one than the first's."""
    parts = json.loads((RESULTS / "scaling.json").read_text())["sections"]
    usual = parts[0]["batch"]
    figure, axes = plt.subplots(figsize=(7.4, 3.6), constrained_layout=True)
    for name in parts[0]["seconds"]:
        points = [(part["neurons"], 1e9 * part["seconds"][name][0] / part["work"]) for part in parts]
        for style, chosen in (("-", usual), (":", parts[-1]["batch"])):
            those = [point for point, part in zip(points, parts, strict=True) if part["batch"] == chosen]
            color = axes.lines[-1].get_color() if style == ":" else None
            face = "white" if style == ":" else None
            label = f"{name}" if style == "-" else None
            axes.plot(*zip(*those, strict=True), style, marker="o", color=color, mfc=face, label=label)
    axes.set(xscale="log", yscale="log", xlabel="neurons", ylabel="ns an edge and sample")
    figure.legend(fontsize=8, loc="outside right upper")
    title = f"forward and both gradients, degree 32, batch {usual} (dotted: {parts[-1]['batch']})"
    axes.set_title(title, fontsize=10)
    figure.savefig(path, dpi=110)


def main():
    draw_scaling(ROOT / "docs" / "images" / "scaling.png")
    environment, steps = sections("training_step")
    sgd = [each for each in steps if each[0].startswith("SGD")]
    draw(sgd, ROOT / "docs" / "images" / "speed.png")
    parts = [
        "![Speed against density](docs/images/speed.png)",
        "A whole training step of 784-1000-1000-1000-10, batch 128, SGD with momentum "
        "(`python benchmarks/training_step.py`; the last layer is full for all):",
        rows(sgd),
    ]
    rounds = sgd[0][1]["dense"][2]
    parts.append(
        f"Ratios of minima of interleaved runs in one process (n = {rounds} for steps), 2 threads; {environment}. "
        "Adam, single junctions, inference, every minimum and median: [speed](docs/results/speed.md). `gossamer bench` "
        "runs a short version on your machine; what bounds it: [kernels](docs/kernels.md)."
    )
    parts += by_instructions()
    readme = ROOT / "README.md"
    text = readme.read_text()
    begin, end = "<!-- speed: begin -->", "<!-- speed: end -->"
    before, after = text.split(begin)[0], text.split(end)[1]
    readme.write_text(before + begin + "\n" + "\n\n".join(parts) + "\n" + end + after)


if __name__ == "__main__":
    main()
