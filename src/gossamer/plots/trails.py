"""The ways of runs over a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.plots.canvas import axes_or_new
from gossamer.plots.style import styles_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_trails(ways: Mapping[str, NDArray[np.float64]], ax: Axes | None = None, *, explained: float) -> Axes:
    """Draw ways, (M, 2) each: a ring where one begins, a disc where it ends; a way of one place is a disc.

    Args:
        ways: by name; constructions have their colours.
        ax: where to draw; a new figure if None.
        explained: share of the scatter that the map shows, 0 to 1.
    """
    ax = axes_or_new(ax, width=5.5, height=4.6)
    for (name, points), style in zip(ways.items(), styles_of(ways).values(), strict=True):
        ax.plot(points[:, 0], points[:, 1], "-", color=style.colour, linewidth=1)
        ax.plot(points[1:-1, 0], points[1:-1, 1], ".", color=style.colour, markersize=4)
        if len(points) > 1:
            ax.plot(*points[0], marker="o", fillstyle="none", color=style.colour, markersize=8)
        ax.plot(*points[-1], marker=style.marker, color=style.colour, markersize=8, linestyle="none", label=name)
    ax.set(xlabel="first coordinate", ylabel=f"second ({100 * explained:.0f} % of the scatter shown)")
    ax.set_aspect("equal", adjustable="datalim")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax
