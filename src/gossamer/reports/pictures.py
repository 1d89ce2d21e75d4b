"""Pictures of junctions as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gossamer.plots.matrix import draw_matrix
from gossamer.plots.style import INK
from gossamer.topology import Junction

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    draw_matrix(g, matrix).set_title(title)
    for axes, degrees, name in ((fan_out, g.fan_out, "edges of an input"), (fan_in, g.fan_in, "edges of an output")):
        values, counts = np.unique(degrees, return_counts=True)
        axes.bar(values, counts, color=INK, width=0.9)
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
        draw_matrix(g, axes).set(title=name, xlabel="", ylabel="", xticks=[], yticks=[])
    for axes in places[len(junctions) :]:
        axes.set_visible(False)
    figure.savefig(path, dpi=150)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # without pyplot: no window system, no global state

    return Figure(figsize=(width, height), layout="constrained")
