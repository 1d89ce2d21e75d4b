"""Five systems that stand beside the two papers, each tried on sparse networks: probes and what they claim.

A part is one system. `PARTS` lists them in the order in which they are measured; what a part measured is kept in the
folder, so an interrupted call goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gossamer.errors import StudyError
from gossamer.papers.neighbours import critics, gates, interactions, landscapes, regions
from gossamer.papers.neighbours.gan import Game
from gossamer.papers.neighbours.part import Part, carried_out, kept
from gossamer.papers.neighbours.regression import Fit
from gossamer.papers.paper import Findings, Paper, Train
from gossamer.training.data.graphs import GRAPHS, load_graph
from gossamer.training.nodes import NodeConfig

PARTS: tuple[Part, ...] = (interactions.PART, gates.PART, landscapes.PART, regions.PART, critics.PART)


@dataclass(frozen=True, slots=True)
class NeighboursPlan:
    """What is measured.

    Args:
        data: names of data sets that are needed.
        interactions: NID, PID and a gradient baseline on functions whose interactions are known.
        regions: regions and gradients in feature space, and training on the examples near the boundary.
        gates: sparse graph attention on graphs whose nodes have classes.
        landscapes: how losses bend around networks and between them.
        critics: Lipschitz critics beside exact distances, and Wasserstein GANs.
    """

    data: tuple[str, ...] = ("mnist",)
    interactions: interactions.Suite = field(default_factory=interactions.Suite)
    regions: regions.Space = field(default_factory=regions.Space)
    gates: gates.Graphs = field(default_factory=gates.Graphs)
    landscapes: landscapes.Bends = field(default_factory=landscapes.Bends)
    critics: critics.Critics = field(default_factory=critics.Critics)


FULL = NeighboursPlan()
QUICK = NeighboursPlan(
    data=("digits",),
    interactions=interactions.Suite(
        functions=("F1", "F5"),
        nets=("dense", "static 90 %", "RigL 90 %"),
        seeds=2,
        settings=Fit(samples=2_000, epochs=20),
    ),
    regions=regions.Space(seeds=2, settings=regions.Training("digits", steps=300, scout_steps=100)),
    gates=gates.Graphs(
        {"planted blocks": gates.Strengths((1e-2,), 3), "planted strangers": gates.Strengths((1e-6, 1e-2), 3)},
        settings=NodeConfig(epochs=100),
    ),
    landscapes=landscapes.Bends(
        flat=("dense", "sparse"),
        lines=("SET", "SET, before to after"),
        segmenters=("skips, batch 4", "no skips, batch 4"),
        seeds=2,
        settings=landscapes.Training(epochs=10, images=16, target=0.6, points=5),
    ),
    critics=critics.Critics(
        widths=(2, 16),
        sizes=(16, 128),
        games=("dense", "both sparse"),
        pairs=("dense, sparse",),
        seeds=2,
        settings=critics.Settings(steps=60, game=Game(steps=40), perceptrons=landscapes.Training(epochs=4)),
    ),
)


def reproduce(plan: NeighboursPlan, train: Train, folder: Path) -> Findings:
    """Measure what is missing and decide the claims, part by part. Nothing is a study's run, so `train` is not used.

    Raises:
        DataUnavailableError: a graph is not on this machine; it is missed before anything is measured.
    """
    for name in plan.gates.trials.keys() & GRAPHS.keys():
        load_graph(name)
    return _together([part.conclude(carried_out(part, getattr(plan, part.name), folder)) for part in PARTS])


def so_far(plan: NeighboursPlan, folder: Path) -> Findings:
    """Decide the claims from what is measured by now, of the parts that have anything.

    Raises:
        StudyError: nothing is.
    """
    tables = {part.name: kept(part, getattr(plan, part.name), folder) for part in PARTS}
    found = [part.conclude(tables[part.name]) for part in PARTS if len(tables[part.name])]
    if not found:
        raise StudyError(f"folder {folder} holds no measurement of this plan; a call without --so-far takes them.")
    return _together(found)


def _together(found: Sequence[Findings]) -> Findings:
    return Findings(
        tuple(claim for each in found for claim in each.claims),
        tuple(exhibit for each in found for exhibit in each.exhibits),
        sum(each.seconds for each in found),
    )


PAPER = Paper(
    "neighbours",
    "Five neighbouring systems on sparse networks",
    "Tsang, Cheng, Liu, ICLR 2018 (NID); Liu, Song, Zhou, Wang, Shan, Hu, NeurIPS 2020 (PID); Ye, Ji, 2019 (sparse "
    "graph "
    "attention); Lu, Tong, 2019 (loss landscapes); van den Berg, 2016 (regions); Biau, Sangnier, Tanielian, JMLR 2021 "
    "(Lipschitz critics)",
    {"full": FULL, "quick": QUICK},
    reproduce,
    (
        "The exact definition of PID was not available: its numbers are those of our reading, and say nothing of the "
        "authors' code.",
        "F1 to F10 are taken from memory; that the listed interactions are those of the functions as written is "
        "tested.",
    ),
    so_far=so_far,
)
