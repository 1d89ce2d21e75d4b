"""Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", 2017: figures F0 to F8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.analysis.tables import where, whole
from gossamer.papers.exhibit import Exhibit
from gossamer.papers.paper import Findings, Paper, Train
from gossamer.papers.topologies import exhibits, large_exhibits
from gossamer.papers.topologies.claims import claims
from gossamer.papers.topologies.large import TUNED_BY, best_rates, final_runs, last_gains, tuning_runs
from gossamer.papers.topologies.large_plan import CUT, FOLLOWUP, LONG, Large
from gossamer.papers.topologies.plan import TopologiesPlan, runs
from gossamer.papers.topologies.tables import Tables, of_folder, of_study, only_large, plan_of

if TYPE_CHECKING:
    import pandas as pd

FULL = TopologiesPlan()
LARGE = replace(FULL, large=Large())
LARGE_CUT = replace(FULL, seeds=0, large=CUT)
LARGE_FOLLOWUP = replace(FULL, seeds=0, large=FOLLOWUP)
LARGE_LONG = replace(FULL, seeds=0, large=LONG)
QUICK = TopologiesPlan(
    epochs=3,
    seeds=2,
    degrees=(1, 4, 16),
    thin=(1 / 16, 1 / 4),
    medium=(16,),
    other_degrees=(4, 16),
    outer=(1, 4),
    contour=(1, 16),
    dropped=(16,),
    deep_degrees=(16,),
)


def reproduce(plan: TopologiesPlan, train: Train, folder: Path) -> Findings:
    """Train the networks of the plan, draw the figures, decide the claims."""
    study = train("topologies-2017", runs(plan)) if plan.seeds else None
    large, tuned = _full_size(plan, train)
    tables = only_large(large, tuned) if study is None else of_study(study, plan, large=large, tuned=tuned)
    return concluded(tables, plan)


def _full_size(plan: TopologiesPlan, train: Train) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Finished runs at full size, and those that chose their rates."""
    import pandas as pd

    if plan.large is None:
        return pd.DataFrame(), pd.DataFrame()
    tuned = where(train("large, tuning", tuning_runs(plan.large, plan.data)).frame(), state="done")
    rates = best_rates(tuned, plan.large, plan.data)
    study = train("large", final_runs(plan.large, plan.data, rates))
    finished = whole(study.frame(), ["data", "hidden", "fan", "seed"])
    return last_gains(study.epochs(), finished) if len(finished) else pd.DataFrame(), tuned.reindex(columns=TUNED_BY)


def again(plan: Mapping[str, Any], folder: Path) -> Findings:
    """Draw and decide from what a folder keeps."""
    known = plan_of(plan)
    return concluded(of_folder(folder / "data", known), known)


def concluded(tables: Tables, plan: TopologiesPlan) -> Findings:
    """Figures and claims."""
    at_full_size = large_exhibits.drawn(tables.large, tables.tuned) if len(tables.large) else ()
    return Findings(claims(tables, plan), (*(_figures(tables, plan) if plan.seeds else ()), *at_full_size))


def _figures(tables: Tables, plan: TopologiesPlan) -> tuple[Exhibit, ...]:
    """Of the networks with layers of the usual size."""
    frame = tables.runs
    return (
        exhibits.f0(plan),
        exhibits.f1(frame, plan),
        exhibits.f2(frame),
        exhibits.f3(frame, plan),
        exhibits.f4(frame, plan),
        exhibits.f5(tables.curves, plan),
        *exhibits.f6(tables.connectivity, tables.noted),
        *exhibits.f7(tables.connected(plan)),
        exhibits.f8(tables.weights),
    )


PAPER = Paper(
    "topologies-2017",
    "Sparse Neural Networks Topologies",
    "A. Bourely, J. P. Boueri, K. Choromanski, arXiv 1706.05683, 2017",
    {
        "full": FULL,
        "quick": QUICK,
        "large": LARGE,
        "large cut": LARGE_CUT,
        "large followup": LARGE_FOLLOWUP,
        "large long": LARGE_LONG,
    },
    reproduce,
    (
        "Of the paper's numbers (hidden size, epochs, batch, learning rate, momentum, degrees, dropout rates, "
        "accuracies) none is known to us: all of ours are our own choice.",
        "Sigmoid units throughout, squared error of one-hot targets, Glorot normal weights of the dense shape, "
        "Nesterov's momentum .9 in batches of 128, as in the paper; the model after the last epoch is judged on the "
        "test examples.",
        "Networks of one seed begin with the same dense matrices, of which each keeps the weights of its live edges, "
        "and meet the examples in the same order: differences between constructions are taken seed by seed.",
        "Squared error of sigmoid outputs has plateaus on which whole classes stay unlearned: short runs measure luck.",
    ),
    again,
)
