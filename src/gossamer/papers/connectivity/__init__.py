"""Does connectivity decide? An intervention on algebraic connectivity alone, and an observation of constructions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gossamer.analysis.tables import where
from gossamer.papers.connectivity.claims import MARGIN, claims
from gossamer.papers.connectivity.exhibits import exhibits
from gossamer.papers.connectivity.plan import FIRST, ConnectivityPlan, deep, intervention, observation
from gossamer.papers.connectivity.tables import Tables, measured, of_folder, plan_of, seeds_needed, tables
from gossamer.papers.paper import Findings, Paper, Train

FULL = ConnectivityPlan()
QUICK = ConnectivityPlan(
    data=("mnist",),
    arms=("modules", "0.1", "random", "optimised"),
    degrees=(4,),
    depths=(1,),
    epochs=1,
    seeds=(2, 2),
    deep=(8,),
    deep_degrees=(2,),
    deep_arms=("modules", "random"),
    deep_seeds=2,
    observed=(),
)


def reproduce(plan: ConnectivityPlan, train: Train, folder: Path) -> Findings:
    """Train the first seeds, fix by them how many are needed, train the rest; then where paths are few, and families.

    The number of seeds is found on the first data set and holds for all.
    """
    import pandas as pd

    frames, count = [], plan.seeds[0]
    for data in plan.data:
        first = min(FIRST, count)
        frames.append(train(f"dial {data} first", intervention(plan, data, range(first))).frame())
        if data == plan.data[0]:
            count = seeds_needed(where(frames[0], state="done"), plan, margin=MARGIN)
        if count > first:
            frames.append(train(f"dial {data}", intervention(plan, data, range(first, count))).frame())
    few = train("deep", deep(plan)).frame() if plan.deep else frames[0].iloc[:0]
    done = where(pd.concat(frames), state="done")
    return concluded(tables(done, where(few, state="done"), _observed(plan, train)), plan)


def again(plan: Mapping[str, Any], folder: Path) -> Findings:
    """Draw and decide from what a folder keeps."""
    return concluded(of_folder(folder / "data"), plan_of(plan))


def concluded(found: Tables, plan: ConnectivityPlan) -> Findings:
    """Figures and claims."""
    return Findings(tuple(claims(found, plan)), exhibits(found, plan))


def _observed(plan: ConnectivityPlan, train: Train) -> Any:
    import pandas as pd

    if not set(plan.observed) & set(plan.data):
        return pd.DataFrame()
    study = train("observation", observation(plan))
    rows = where(study.frame(), state="done")
    values = pd.DataFrame([measured(study.topology(str(run))) for run in rows["run"]], index=rows.index)
    return pd.concat([rows, values], axis=1)


PAPER = Paper(
    "connectivity",
    "Does connectivity decide?",
    "This project's own study of the thesis of Bourely, Boueri, Choromanski, arXiv 1706.05683, 2017: accuracy depends "
    "on expander-like properties rather than on density",
    {"full": FULL, "quick": QUICK},
    reproduce,
    (
        "Plan and rule were committed before the first run; MNIST decides the number of seeds, the other data confirm.",
        "Only λ₂ is dialled: the degrees of all neurons, the draws of initial weights, the order of examples and the "
        "pixels' permutation are the same in all arms of a seed. Graphs of equal degrees that differ in λ₂ differ in "
        "other things too (cycles, paths, modules): an effect would not say which of them it is; no effect speaks "
        "against all of them.",
        "The pilot is known: with n = 8 effects beyond ± .4 points were excluded on MNIST and Fashion-MNIST.",
        "cifar10-jpeg is CIFAR-10 after lossy compression: its accuracies are not comparable with those of CIFAR-10.",
    ),
    again,
)
