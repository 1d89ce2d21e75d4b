"""The networks of a study: each one's matrices, how far they are from each other, and how rewired ones moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.analysis.groups import Group, Results, text
from gossamer.distances import classical_mds, distance_named, evolution, pairwise
from gossamer.distances.pairs import Progress
from gossamer.errors import TopologyFileError
from gossamer.plots.style import styles_of
from gossamer.reports import figures, page
from gossamer.reports.evolution import curves, heat_map, junction_over_time, key
from gossamer.reports.page import Html
from gossamer.reports.study.cards import card, sparse_junctions, spread
from gossamer.reports.study.material import Material
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.wording import joined
from gossamer.topology import Topology

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_CARDS = 48
MOST_EVOLUTIONS = 4
MOST_MOMENTS = 10


@dataclass(frozen=True)
class GroupNetwork:
    """The network of a group's first run."""

    group: Group
    topology: Topology

    @property
    def remark(self) -> str:
        """Its widths, edges and seed."""
        widths = "–".join(str(width) for width in self.topology.widths)
        seed = text(self.group.runs.iloc[0].get("seed"))
        return joined(self.group.panel, widths, f"{self.topology.num_edges:,} edges", seed and f"seed {seed}")


def networks_of(results: Results, material: Material) -> list[GroupNetwork]:
    """The different networks of the sparse groups' first runs."""
    found: dict[str, GroupNetwork] = {}
    for group in spread([group for group in results.groups if group.sparse], 4 * MOST_CARDS):
        topology = material.topology(group.first)
        if topology is not None:
            found.setdefault(topology.digest(), GroupNetwork(group, topology))
    return list(found.values())


def topology_part(networks: Sequence[GroupNetwork]) -> Part | Absent:
    """A card for each network."""
    shown = spread(networks, MOST_CARDS)
    if not shown:
        return Absent("no finished run has kept a sparse network.")
    left = f" {len(shown)} of {len(networks)} are shown, evenly spread." if len(shown) < len(networks) else ""
    words = (
        "Each card shows a construction and degree as its first seed has it at the end of training. In a matrix, "
        f"outputs stand down and inputs across; fully connected junctions are left out.{left}"
    )
    cards = "".join(card(each.group.title, each.remark, each.topology) for each in shown)
    return Part(words, Html(f'<div class="cards">{cards}</div>'))


def distance_part(
    networks: Sequence[GroupNetwork], *, most: int, store: Path | None = None, progress: Progress | None = None
) -> Part | Absent:
    """Heat maps of NNSTD between networks of equal widths, and a map of them.

    Args:
        networks: of any widths.
        most: networks of one heat map; the work grows with its square.
        store: a folder that keeps the distances, so that the next page has them at once.
        progress: see `gossamer.distances.pairwise`.
    """
    by_widths: dict[tuple[int, ...], list[GroupNetwork]] = {}
    for each in networks:
        by_widths.setdefault(each.topology.widths, []).append(each)
    parts: dict[str, Html] = {}
    left = 0
    for widths, members in by_widths.items():
        if len(members) >= 2:
            chosen = spread(members, most)
            left += len(members) - len(chosen)
            name = "–".join(map(str, widths))
            file = None if store is None else store / f"nnstd-{name.replace('–', '-')}.npz"
            parts |= _distance_figures(chosen, name, store=file, progress=progress)
    if not parts:
        return Absent("there are no two different sparse networks of equal widths.")
    words = (
        "NNSTD goes from 0 (alike) to 1: neurons are matched layer by layer and their incoming edges compared; full "
        "junctions count as layers without difference. The map is a classical scaling of the distances, both "
        f"directions averaged.{f' {left} networks are left out, evenly, to bound the work.' if left else ''}"
    )
    return Part(words, page.choice(parts, label="Heat map or map, and widths"))


def _distance_figures(
    networks: Sequence[GroupNetwork], name: str, *, store: Path | None, progress: Progress | None
) -> dict[str, Html]:
    topologies = [each.topology for each in networks]
    try:
        table = pairwise(topologies, distance_named("nnstd"), store=store, progress=progress)
    except TopologyFileError:  # the file keeps other networks' distances: those of another state of the study
        if store is not None:
            store.unlink()
        table = pairwise(topologies, distance_named("nnstd"), store=store, progress=progress)
    titles = _distinct([joined(each.group.title, each.group.panel) for each in networks])
    heat = heat_map(table, titles, title="NNSTD").update_layout(height=max(420, 200 + 22 * len(titles)))
    return {
        f"heat map {name}": Html(page.figure(heat, name=f"nnstd {name}") + key(titles)),
        f"map {name}": page.figure(_map(table, networks), name=f"map {name}"),
    }


def _distinct(titles: Sequence[str]) -> list[str]:
    """The titles, numbered where two are the same: a heat map would lay them over each other."""
    return [f"{title} ({k})" if title in titles[:k] else title for k, title in enumerate(titles)]


def _map(table: NDArray[np.float64], networks: Sequence[GroupNetwork]) -> Figure:
    even = (table + table.T) / 2
    np.fill_diagonal(even, 0.0)
    points, explained = classical_mds(even)
    series = []
    for name, style in styles_of(each.group.name for each in networks).items():
        places = [k for k, each in enumerate(networks) if each.group.name == name]
        remarks = [networks[k].group.title for k in places]
        across, up = points[places, 0].tolist(), points[places, 1].tolist()
        series.append(figures.Series(name, across, up, remarks=remarks, style=style))
    plot = figures.points(series, x="first coordinate", y=f"second ({100 * explained:.0f} % of the scatter shown)")
    return plot.update_yaxes(scaleanchor="x")


def evolution_part(results: Results, material: Material) -> Part | Absent:
    """How the networks of rewired runs changed: distances along the way, and each junction under a slider."""
    parts: dict[str, Html] = {}
    rewired = 0
    for group in results.groups:
        rule = text(group.runs["rule"].iloc[0]).lower() if "rule" in group.runs else "?"
        if not group.sparse or rule in ("", "none", "static"):
            continue
        moments = material.moments(group.first, MOST_MOMENTS) if len(parts) < MOST_EVOLUTIONS else None
        if moments:
            parts[joined(group.title, group.panel)] = _evolution(group.title, moments)
        rewired += 1
    if not parts:
        return Absent("no finished run has recorded a change of its network.")
    words = (
        f"These are up to {MOST_MOMENTS} moments of the first seed, the first before any change and the last at the "
        f"end{f', of {len(parts)} of {rewired} configurations' if len(parts) < rewired else ''}. Move the slider."
    )
    return Part(words, page.choice(parts, label="Run"))


def _evolution(title: str, moments: Sequence[Topology]) -> Html:
    labels = [str(m) for m in range(len(moments))]
    junctions: Mapping[str, Html] = {
        f"junction {k + 1}": page.figure(
            junction_over_time([topology[k] for topology in moments], labels), name=f"{title} junction {k + 1}"
        )
        for k, _ in sparse_junctions(moments[0])
    }
    way = page.figure(curves(evolution(moments), labels), name=f"{title} distances")
    return page.choice({**junctions, "NNSTD along the way": way}, label="Junction")
