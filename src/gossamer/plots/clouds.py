"""Points of named series, each in its fixed style; lines through their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from gossamer.plots.canvas import axes_or_new
from gossamer.plots.scales import scale_of
from gossamer.plots.style import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@final
@dataclass(frozen=True, slots=True)
class Cloud:
    """Points of one name.

    Attributes:
        name: in the legend.
        style: colour and marker.
        x: places of the points.
        y: their values, as many.
        mean_x: places of the means, which a line joins; empty for no line.
        mean_y: the means.
    """

    name: str
    style: Style
    x: Sequence[float]
    y: Sequence[float]
    mean_x: Sequence[float] = ()
    mean_y: Sequence[float] = ()


def draw_clouds(
    clouds: Sequence[Cloud],
    ax: Axes | None = None,
    *,
    x: str,
    y: str,
    symmetric: bool = False,
    level: tuple[str, float] | None = None,
) -> Axes:
    """Draw the points faintly and the means clearly.

    Args:
        clouds: at least one.
        ax: where to draw; a new figure if None.
        x: stands under the axis.
        y: stands beside it.
        symmetric: whether places are of a kind that has zeros and is spread by ratios otherwise.
        level: name and height of a dashed line across.
    """
    ax = axes_or_new(ax, width=6.5, height=4.4)
    for each in clouds:
        style: dict[str, Any] = {
            "color": each.style.colour,
            "marker": each.style.marker,
            "fillstyle": each.style.fillstyle,
        }
        alone = not len(each.mean_x)
        label = each.name if alone else None
        ax.plot(each.x, each.y, linestyle="none", markersize=5, alpha=0.9 if alone else 0.35, label=label, **style)
        if not alone:
            ax.plot(each.mean_x, each.mean_y, linewidth=1.3, markersize=6, label=each.name, **style)
    if level is not None:
        ax.axhline(level[1], linestyle="--", linewidth=1, color="#8a93a6", label=level[0])
    scale_of([value for each in clouds for value in each.x], symmetric=symmetric).apply(ax, "x")
    ax.set(xlabel=x, ylabel=y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax
