"""Curves over steps, epochs or ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from gossamer.plots.canvas import axes_or_new
from gossamer.plots.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@final
@dataclass(frozen=True, slots=True)
class Curve:
    """A line.

    Attributes:
        name: in the legend.
        x: places.
        y: values, as many.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


def draw_curves(curves: Sequence[Curve], ax: Axes | None = None, *, x: str, y: str, whole: bool = False) -> Axes:
    """Draw lines, in the order of the colours.

    Args:
        curves: at least one.
        ax: where to draw; a new figure if None.
        x: stands under the axis.
        y: stands beside it.
        whole: whether places are counts, with ticks at whole numbers only.
    """
    ax = axes_or_new(ax, height=3.4)
    for number, each in enumerate(curves):
        marker = "o" if len(each.x) <= 40 else ""
        colour = COLOURS[number % len(COLOURS)]
        ax.plot(each.x, each.y, marker=marker, markersize=3.5, linewidth=1.5, color=colour, label=each.name)
    if whole:
        ax.locator_params(axis="x", integer=True)
    ax.set(xlabel=x, ylabel=y)
    ax.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1:
        ax.legend(frameon=False, fontsize=9)
    return ax
