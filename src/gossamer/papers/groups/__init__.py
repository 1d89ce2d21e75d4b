"""What do groups cost? Junctions whose neurons come in groups are fast; what accuracy they lose, and where none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gossamer.papers.groups.claims import claims
from gossamer.papers.groups.exhibits import exhibits
from gossamer.papers.groups.graphs import drawn, learnt
from gossamer.papers.groups.plan import GroupsPlan, Stage, rest, stages
from gossamer.papers.groups.speed import speeds
from gossamer.papers.groups.tables import Tables, kept, of_folder, plan_of
from gossamer.papers.paper import Findings, Paper, Train

FULL = GroupsPlan()
QUICK = GroupsPlan(
    data=("mnist",),
    late=(),
    ranks=((95.0, 99.0),),
    groups=(1, 8),
    others=(("even", (95.0, 99.0)),),
    epochs=1,
    seeds=3,
    graph_seeds=1,
    blocks=3,
)


def reproduce(plan: GroupsPlan, train: Train, folder: Path) -> Findings:
    """Train every stage; time the steps and measure the graphs if the folder does not keep them yet."""
    return _trained(stages(plan), plan, train, folder)


def late(plan: GroupsPlan, train: Train, folder: Path) -> Findings:
    """The stages of late data sets that came last, alone; steps and graphs are those of all their networks.

    Raises:
        ValueError: the plan has none.
    """
    if not [*rest(plan)]:
        raise ValueError(
            f"data={plan.data} have no rest in this plan: {plan.late or 'none'} have; give them by --data."
        )
    return _trained(rest(plan), plan, train, folder)


def _trained(chosen: Iterable[Stage], plan: GroupsPlan, train: Train, folder: Path) -> Findings:
    import pandas as pd

    study = train("groups", [run for stage in chosen for run in stage.runs(plan)])
    timed = kept(folder / "speed.csv", speeds, plan)
    begun, ended = kept(folder / "graphs.csv", drawn, plan), learnt(study, plan)
    graphs = pd.concat([begun, ended]) if len(ended) else begun
    return concluded(Tables.of(study.frame(), plan, speeds=timed, graphs=graphs), plan)


def again(plan: Mapping[str, Any], folder: Path) -> Findings:
    """Draw and decide from what a folder keeps."""
    known = plan_of(plan)
    return concluded(of_folder(folder / "data", known), known)


def concluded(found: Tables, plan: GroupsPlan) -> Findings:
    """Figures and claims."""
    return Findings(tuple(claims(found.runs, plan)), exhibits(found, plan))


PAPER = Paper(
    "groups",
    "What do groups cost?",
    "This project's own study of junctions whose neurons come in groups that share their edges, which computers like; "
    "groups of outputs as in HASTE, arXiv 2606.01117",
    {"full": FULL, "quick": QUICK},
    reproduce,
    (
        "Plan and rules were committed before the first run. A pilot of groups of outputs was known (three seeds, six "
        "epochs, 960 hidden units: nothing lost at 95 %, up to .8 points at 99 %), and one epoch of one seed of this "
        "network, by which the plan was sized.",
        "What is compared has the same edges: fan-ins are rounded so that groups divide them (784 inputs: 160, "
        "80, 40, 8, 4; 480: 96, 48, 24, 4, 2). Groups that do not divide a fan-in are left out, and so are twists of "
        "more neurons than there are blocks for.",
        "Groups of outputs to which inputs are dealt out evenly were added when the static groups of outputs had been "
        "seen, before any run of them.",
        "Pixels are where the image has them: groups of inputs are neighbours in a row of it.",
        "RigL moves whole groups of outputs; no rule keeps the other kinds of groups together.",
        "CIFAR-10 JPEG had groups of outputs, even, and twisted, static, at 90, 95 and 99 % first: its part was cut "
        "before any accuracy of it was seen. The rest (`--only rest`) was added when these had been seen, before any "
        "run of it: RigL and groups of inputs and of both at 95 and 99 %.",
        "Two epochs, one learning rate and one network: long training could close gaps, or open them.",
        "cifar10-jpeg is CIFAR-10 after lossy compression: its accuracies are not comparable with those of CIFAR-10.",
    ),
    again,
    parts={"rest": late},
    replaced=("speed", "graphs"),
)
