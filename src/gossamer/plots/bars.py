"""Named numbers as dots on lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gossamer.plots.canvas import axes_or_new
from gossamer.plots.scales import scale_of
from gossamer.plots.style import COLOURS, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_bars(values: Mapping[str, float], ax: Axes | None = None, *, x: str = "", symmetric: bool = False) -> Axes:
    """A row a name, a dot at its number, which stands beside it; joined to 0 where the scale is linear.

    Args:
        values: by name; NaN leaves a row empty, and the row says so.
        ax: where to draw; a new figure if None.
        x: stands under the axis.
        symmetric: see `gossamer.plots.scale_of`.

    >>> ax = draw_bars({"nothing": float("nan"), "two": 2.0})
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['nothing', 'two']
    """
    ax = axes_or_new(ax, height=0.9 + 0.3 * len(values))
    rows, found = np.arange(len(values)), np.array(list(values.values()), dtype=np.float64)
    known = np.isfinite(found)
    scale = scale_of(found.tolist(), symmetric=symmetric)
    scale.apply(ax, "x")
    if scale.kind == "linear":
        ax.hlines(rows[known], 0, found[known], color=GREY, linewidth=1)
    ax.plot(found[known], rows[known], "o", color=COLOURS[0], markersize=6)
    for row, value in zip(rows, found, strict=True):
        words = f"{value:.4g}" if np.isfinite(value) else "none"
        ax.annotate(words, (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=GREY)
    ax.set_yticks(rows, list(values))
    ax.set(xlabel=x, ylim=(len(values) - 0.5, -0.5))
    ax.spines[["top", "right"]].set_visible(False)
    return ax
