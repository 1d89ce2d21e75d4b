"""Distances between named things as a matrix of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from gossamer.plots.canvas import axes_or_new
from gossamer.plots.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TEXTS = 12


def draw_heat_map(values: ArrayLike, names: Sequence[str], ax: Axes | None = None, *, title: str = "") -> Axes:
    """Draw a matrix (N, N), row to column, from 0 on; numbers stand in the cells if they are few.

    Args:
        values: not negative.
        names: N of them; rows carry them, columns too where they are short.
        ax: where to draw; a new figure if None.
        title: names the numbers.

    Raises:
        ValueError: as many names as rows and columns are needed.
    """
    from matplotlib.colors import LinearSegmentedColormap

    table = np.asarray(values, dtype=np.float64)
    if table.shape != (len(names), len(names)):
        raise ValueError(f"distances has shape {table.shape}; {len(names)} names need ({len(names)}, {len(names)}).")
    side = max(3.2, 1.6 + 0.45 * len(names))
    longest = max(map(len, names), default=0)
    ax = axes_or_new(ax, width=side + 1.4 + 0.09 * longest, height=side)
    ramp = LinearSegmentedColormap.from_list("ink", ("#ffffff", INK, "#0b1e6b"))
    most = max(float(np.nanmax(table, initial=0.0)), 1e-9)
    image = ax.imshow(table, cmap=ramp, vmin=0, vmax=most)
    short = longest <= 4
    numbers = [str(k) for k in range(1, len(names) + 1)]
    rows = list(names) if short else [f"{name}  {k}" for name, k in zip(names, numbers, strict=True)]
    ax.set_xticks(range(len(names)), list(names) if short else numbers)
    ax.set_yticks(range(len(names)), rows)
    ax.tick_params(length=0)
    if len(names) <= _MOST_TEXTS:
        for (i, j), value in np.ndenumerate(table):
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=_on(value / most))
    ax.figure.colorbar(image, ax=ax, shrink=0.8, label=title)
    return ax


def _on(shade: float) -> str:
    """A colour to be read on a cell of this shade, 0 to 1."""
    return "white" if shade > 0.4 else "#1d2433"
