"""Compare topologies: runs that are rewired at random drift apart from one start.

Three runs start from one network and move a fifth of their edges at random a step (SET without training).
`python examples/04_compare.py` prints distances; `python examples/04_compare.py --write FOLDER` also writes the
picture `distances.png` and the page `evolution.html`, with a slider over each junction's matrix.
"""

import itertools
import sys
from pathlib import Path

import numpy as np

import gossamer as gs
from gossamer.distances import distance_named, evolution, nnstd, paths, symmetric_nnstd, tie_bounds
from gossamer.reports.evolution import evolution_page

WIDTHS, DENSITY, STEPS, MOVED = (64, 50, 50, 10), 0.1, 10, 0.2


def start(rng: np.random.Generator) -> gs.Topology:
    """A random network with exactly the share DENSITY of its edges."""
    sizes = itertools.pairwise(WIDTHS)
    return gs.Topology([gs.generators.erdos_renyi(i, o, round(DENSITY * i * o), rng=rng) for i, o in sizes])


def rewired(topology: gs.Topology, rng: np.random.Generator) -> gs.Topology:
    """Take a share MOVED of every junction's edges away, and add as many elsewhere."""
    layers = []
    for g in topology:
        mask = g.to_mask()
        count = round(MOVED * g.num_edges)
        gone = rng.choice(np.flatnonzero(mask), count, replace=False)
        grown = rng.choice(np.flatnonzero(~mask), count, replace=False)
        mask.ravel()[gone], mask.ravel()[grown] = False, True
        layers.append(gs.Bipartite.from_mask(mask))
    return gs.Topology(layers)


def runs(rng: np.random.Generator) -> dict[str, list[gs.Topology]]:
    """Three runs from one start, and one from another."""
    common, other = start(rng), start(rng)
    ways = {}
    for name, first in (("run A", common), ("run B", common), ("run C", common), ("another start", other)):
        way = [first]
        for _ in range(STEPS):
            way.append(rewired(way[-1], rng))
        ways[name] = way
    return ways


def draw(ways: dict[str, list[gs.Topology]], path: Path) -> None:
    """The map of the runs beside the curve of one of them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = paths(list(ways.values()), distance_named("nnstd"))
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    curve, places = figure.subplots(1, 2)
    first = next(iter(ways.values()))
    along = evolution(first)
    for k in range(len(WIDTHS) - 1):
        curve.plot(along.to_start[:, k], marker="o", label=f"junction {k}")
    curve.set(xlabel="steps", ylabel="NNSTD to the start", ylim=(0, 1), title="run A")
    curve.legend()
    for name, points in zip(ways, found.points, strict=True):
        places.plot(*points.T, marker="o", markersize=3, label=name)
        places.plot(*points[0], marker="o", markersize=11, fillstyle="none", color="black")
    places.set(title=f"the paths on one map ({100 * found.explained:.0f} % of the scatter)", aspect="equal")
    places.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=130)


def main() -> None:
    """Print distances; write the picture and the page if asked."""
    ways = runs(np.random.default_rng(0))
    a, b = ways["run A"][-1], ways["run B"][-1]
    bounds = tie_bounds(a, b)
    print(f"ends of runs A and B: NNSTD {nnstd(a, b).mean:.4f}, the other way {nnstd(b, a).mean:.4f}")
    print(f"  whatever ties do: {bounds.mean[0]:.4f} to {bounds.mean[1]:.4f}")
    print(f"  under one relabelling of the network, symmetric: {symmetric_nnstd(a, b).mean:.4f}")
    print("run A's distance to its start:", np.round(evolution(ways["run A"]).to_start.mean(axis=1), 3).tolist())
    if sys.argv[1:2] == ["--write"]:
        folder = Path(sys.argv[2])
        draw(ways, folder / "distances.png")
        (folder / "evolution.html").write_text(evolution_page(ways))
        print(f"wrote {folder / 'distances.png'} and {folder / 'evolution.html'}")


if __name__ == "__main__":
    main()
