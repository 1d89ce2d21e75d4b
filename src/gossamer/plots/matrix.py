"""A junction as a matrix: outputs down, inputs across, the darker the denser."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gossamer.plots.canvas import axes_or_new
from gossamer.plots.style import COLOURS, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RAMP = ("#ffffff", INK, "#0b1e6b")
_PAGE_INK = (76, 110, 245)


class Graph(Protocol):
    """What is drawn: a junction, or whatever has its sizes and edges."""

    @property
    def in_features(self) -> int:
        """Inputs I."""

    @property
    def out_features(self) -> int:
        """Outputs O."""

    @property
    def num_edges(self) -> int:
        """Edges E."""

    @property
    def nbytes(self) -> int:
        """Bytes that store it."""

    @property
    def fan_in(self) -> NDArray[np.int32]:
        """Edges of each output, (O,)."""

    @property
    def fan_out(self) -> NDArray[np.int32]:
        """Edges of each input, (I,)."""

    def edges(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Input and output of each edge, (E,) each."""


def density_grid(g: Graph, *, side: int = 256) -> NDArray[np.float64]:
    """The mask (O, I) averaged over cells, at most `side` cells a way: the share of possible edges, 0 to 1.

    >>> from gossamer.topology import Rotated
    >>> density_grid(Rotated([0], in_features=4, out_features=4), side=2)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    rows, columns = min(side, g.out_features), min(side, g.in_features)
    inputs, outputs = g.edges()
    across = inputs.astype(np.int64) * columns // g.in_features
    cells = (outputs.astype(np.int64) * rows // g.out_features) * columns + across
    counts = np.bincount(cells, minlength=rows * columns).reshape(rows, columns)
    heights = np.bincount(np.arange(g.out_features) * rows // g.out_features)
    widths = np.bincount(np.arange(g.in_features) * columns // g.in_features)
    return counts / np.outer(heights, widths)


def draw_matrix(g: Graph, ax: Axes | None = None, *, side: int = 256) -> Axes:
    """Draw the mask (O, I), outputs down and inputs across; beyond `side` neurons a cell is the density of several.

    >>> from gossamer.topology import Rotated
    >>> draw_matrix(Rotated([0, 1], in_features=4, out_features=4)).get_xlabel()
    '4 inputs'
    """
    from matplotlib.colors import LinearSegmentedColormap

    ax = axes_or_new(ax, width=4, height=4)
    grid = density_grid(g, side=side)
    ink = LinearSegmentedColormap.from_list("ink", _RAMP)
    extent = (-0.5, g.in_features - 0.5, g.out_features - 0.5, -0.5)
    darkest = max(float(grid.max()), 1e-9)
    ax.imshow(grid, cmap=ink, vmin=0, vmax=darkest, extent=extent, aspect="auto", interpolation="nearest")
    ax.set(xlabel=f"{g.in_features} inputs", ylabel=f"{g.out_features} outputs")
    ax.locator_params(axis="both", integer=True, nbins=5)
    return ax


def draw_degrees(g: Graph, ax: Axes | None = None) -> Axes:
    """Draw how many neurons have how many edges: shares of the inputs, and of the outputs, as steps."""
    ax = axes_or_new(ax, height=3)
    sides = {"of inputs (fan-out)": g.fan_out, "of outputs (fan-in)": g.fan_in}
    low, high = (int(f(int(f(degrees)) for degrees in sides.values())) for f in (min, max))
    bins = np.linspace(low - 0.5, high + 0.5, min(high - low + 1, 40) + 1)
    for (name, degrees), colour in zip(sides.items(), (COLOURS[0], COLOURS[3]), strict=True):
        shares = np.histogram(degrees, bins)[0] / len(degrees)
        ax.stairs(100 * shares, bins, label=name, color=colour, fill=False, linewidth=1.6)
    ax.set(xlabel="edges of a neuron", ylabel="neurons, %")
    ax.locator_params(axis="x", integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


def matrix_png(g: Graph, *, side: int = 256) -> bytes:
    """The mask as a PNG: the ink is denser where more edges are, and the paper shows through elsewhere."""
    from PIL import Image

    grid = density_grid(g, side=side)
    shades = np.round(255 * grid / max(grid.max(), 1e-9)).astype(np.uint8)
    ink = np.broadcast_to(np.array(_PAGE_INK, dtype=np.uint8), (*shades.shape, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([ink, shades])).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
