"""Draw every topology as a matrix with its measures: docs/images/gallery.png and docs/gallery.md.

Run it with `python docs/gallery.py`, about 10 s. Random topologies are one draw each, seed 0.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np

import gossamer as gs
from gossamer import generators as gen
from gossamer.errors import TopologyWarning

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

HERE = Path(__file__).parent
NEURONS, DEGREE, COLUMNS = 64, 8, 6
HEAD = f"""# Gallery

Every topology by name, {NEURONS} inputs (columns) and {NEURONS} outputs (rows), {NEURONS * DEGREE} edges or the nearest
number it can have; then those that need data or come in sizes of their own. Random ones are one draw (seed 0). Written
by `python docs/gallery.py`; what each is, and from where: [topologies.md](topologies.md).

![Every topology as a matrix](images/gallery.png)

λ₂ is the algebraic connectivity, σ₂ the second singular value, "margin" the Ramanujan margin √(d_L−1)+√(d_R−1)−σ₂ (not
negative: Ramanujan), bytes what storing the topology takes.

| topology | edges | fan-in | λ₂ | σ₂ | margin | components | dead outputs | bytes |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""


def junctions() -> Iterator[tuple[str, gs.Junction]]:
    """Name and junction, in the order drawn."""
    for name, family in gen.GENERATORS.items():
        near = family.nearest_edges(NEURONS, NEURONS, NEURONS * DEGREE)
        count = min(near, key=lambda edges: abs(edges - NEURONS * DEGREE))
        yield name, family.with_edges(NEURONS, NEURONS, count, rng=np.random.default_rng(0))
    from sklearn.datasets import load_digits

    yield "correlated (digits)", gen.correlated(load_digits().data, NEURONS, NEURONS * DEGREE)
    for number, junction in enumerate(gen.radix_net([(4, 4, 4)])):
        yield f"radix_net (4, 4, 4), layer {number}", junction
    yield "radix_net (4, 4), widths 4", gen.radix_net([(4, 4)], widths=(4, 4, 4))[1]
    yield "lubotzky_phillips_sarnak(5, 13)", gen.lubotzky_phillips_sarnak(5, 13)


def measured(junction: gs.Junction) -> list[str]:
    """The cells of a row of the table."""
    measures, fan_in = gs.measures, junction.fan_in
    return [
        f"{junction.num_edges}",
        f"{fan_in.min()}" if fan_in.min() == fan_in.max() else f"{fan_in.min()}–{fan_in.max()}",
        f"{measures.algebraic_connectivity(junction):.2f}",
        f"{measures.second_singular_value(junction):.2f}",
        f"{measures.ramanujan_margin(junction):+.2f}",
        f"{measures.components(junction)}",
        f"{np.count_nonzero(fan_in == 0)}",
        f"{junction.nbytes}",
    ]


def draw(axis: Axes, name: str, junction: gs.Junction, cells: list[str]) -> None:
    """One matrix, an edge a filled cell, or a point where cells are too small to see."""
    if junction.in_features <= 256:
        axis.imshow(junction.to_mask(), cmap="Purples", vmin=0, vmax=1.15, interpolation="nearest")
    else:
        inputs, outputs = junction.edges()
        axis.scatter(inputs, outputs, s=0.15, color="#4a2a85", linewidths=0)
        axis.set(xlim=(0, junction.in_features), ylim=(junction.out_features, 0), aspect="equal")
    axis.set_title(name, fontsize=7, pad=3)
    axis.set_xlabel(f"E {cells[0]}   λ₂ {cells[2]}   σ₂ {cells[3]}", fontsize=6.5, labelpad=3)
    axis.set(xticks=[], yticks=[])


def main() -> None:
    """Draw, measure and write."""
    warnings.simplefilter("ignore", TopologyWarning)
    shown = [(name, junction, measured(junction)) for name, junction in junctions()]
    rows = -(-len(shown) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(1.75 * COLUMNS, 2.0 * rows), layout="constrained")
    for axis in axes.flat[len(shown) :]:
        axis.set_axis_off()
    for axis, (name, junction, cells) in zip(axes.flat, shown, strict=False):
        draw(axis, name, junction, cells)
    (HERE / "images").mkdir(exist_ok=True)
    figure.savefig(HERE / "images" / "gallery.png", dpi=120)
    table = "\n".join(f"| {name} | {' | '.join(cells)} |" for name, _, cells in shown)
    (HERE / "gallery.md").write_text(HEAD + table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
