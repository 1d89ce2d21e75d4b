"""What a reproduction shows: tables, each with the way to draw it. Drawing is the reports' business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from gossamer.topology import Topology

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves with bars: one curve for each `group`, one panel for each `panel`.

    Args:
        x: column across.
        y: column up.
        x_title: its name in words.
        y_title: its name in words.
        group: column that names the curves.
        panel: column that names the panels, or None.
        low: column of the lower ends of the bars, or None.
        high: column of the upper ends.
        log: whether the axis across is logarithmic.
        joined: whether points are joined by lines.
    """

    x: str
    y: str
    x_title: str
    y_title: str
    group: str
    panel: str | None = None
    low: str | None = None
    high: str | None = None
    log: bool = False
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Squares:
    """Numbers as colours over two columns, one panel for each `panel`.

    Args:
        x: column across.
        y: column down.
        z: column of the numbers.
        x_title: name in words.
        y_title: name in words.
        z_title: name in words.
        panel: column that names the panels, or None.
        contour: whether lines of equal number are drawn.
    """

    x: str
    y: str
    z: str
    x_title: str
    y_title: str
    z_title: str
    panel: str | None = None
    contour: bool = False


@dataclass(frozen=True, slots=True)
class Networks:
    """Topologies: the matrix of each first junction, and the graph of the first.

    Args:
        topologies: by name.
        drawn: neurons and edges of this one are drawn too.
    """

    topologies: Mapping[str, Topology]
    drawn: Topology | None = None


Plot: TypeAlias = Lines | Squares | Networks


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """A figure or a table.

    Args:
        key: short name, such as F1; it names its CSV file.
        title: in words.
        text: what it shows, and what to look at.
        table: the numbers.
        plots: ways to draw them.
        shown: whether the table itself stands on the page.
    """

    key: str
    title: str
    text: str
    table: pd.DataFrame
    plots: tuple[Plot, ...] = field(default_factory=tuple)
    shown: bool = False
