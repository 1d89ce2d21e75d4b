"""Pictures of junctions, as numbers and as PNG files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.topology import Junction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#3b5bdb"


def density_grid(g: Junction, *, side: int = 256) -> NDArray[np.float64]:
    """The mask (O, I) averaged over cells, at most `side` cells a way: the share of possible edges, 0 to 1.

    >>> from gossamer.topology import Rotated
    >>> density_grid(Rotated([0], in_features=4, out_features=4), side=2)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    rows, columns = min(side, g.out_features), min(side, g.in_features)
    inputs, outputs = g.edges()
    cells = (outputs.astype(np.int64) * rows // g.out_features) * columns + inputs.astype(
        np.int64
    ) * columns // g.in_features
    counts = np.bincount(cells, minlength=rows * columns).reshape(rows, columns)
    heights = np.bincount(np.arange(g.out_features) * rows // g.out_features)
    widths = np.bincount(np.arange(g.in_features) * columns // g.in_features)
    return counts / np.outer(heights, widths)


def require_format(path: Path) -> Path:
    """Return `path` if its ending names a format that pictures can have.

    Raises:
        ValueError: it does not.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    known = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in known:
        raise ValueError(f"{path} ends in none of .{', .'.join(known)}: a picture's ending says its format.")
    return path


def draw_junction(g: Junction, path: Path, *, title: str) -> None:
    """Write a picture of a junction's matrix, and of the degrees on both its sides.

    Args:
        g: the junction.
        path: of the file; its ending says the format.
        title: stands above the matrix.

    Raises:
        ValueError: a format that is not known.
        OSError: the file cannot be written.
    """
    figure = _figure(9, 4)
    matrix, fan_out, fan_in = figure.subplots(1, 3, width_ratios=(2, 1, 1))
    _draw_matrix(matrix, g, title)
    for axes, degrees, name in ((fan_out, g.fan_out, "edges of an input"), (fan_in, g.fan_in, "edges of an output")):
        values, counts = np.unique(degrees, return_counts=True)
        axes.bar(values, counts, color=_INK, width=0.9)
        axes.set(xlabel=name, ylabel="neurons")
        axes.set_xlim(values[0] - 1.5, values[-1] + 1.5)
        axes.locator_params(axis="both", integer=True, nbins=5)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def draw_gallery(junctions: Mapping[str, Junction], path: Path) -> None:
    """Write a picture of several junctions' matrices side by side, each under its name.

    Raises:
        OSError: the file cannot be written.
    """
    columns = min(4, len(junctions))
    rows = -(-len(junctions) // columns)
    figure = _figure(2.4 * columns, 2.5 * rows)
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, g) in zip(places, junctions.items(), strict=False):
        _draw_matrix(axes, g, name)
        axes.set(xlabel="", ylabel="", xticks=[], yticks=[])
    for axes in places[len(junctions) :]:
        axes.set_visible(False)
    figure.savefig(path, dpi=150)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    return Figure(figsize=(width, height), layout="constrained")


def _draw_matrix(axes: Axes, g: Junction, title: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    grid = density_grid(g)
    ink = LinearSegmentedColormap.from_list("ink", ["#ffffff", _INK, "#0b1e6b"])
    extent = (-0.5, g.in_features - 0.5, g.out_features - 0.5, -0.5)
    axes.imshow(
        grid, cmap=ink, vmin=0, vmax=max(grid.max(), 1e-9), extent=extent, aspect="auto", interpolation="nearest"
    )
    axes.set(title=title, xlabel=f"{g.in_features} inputs", ylabel=f"{g.out_features} outputs")
