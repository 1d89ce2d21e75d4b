"""Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", 2017: figures F0 to F8."""

from __future__ import annotations

from pathlib import Path

from gossamer.analysis.tables import where
from gossamer.papers.paper import Findings, Paper, Train
from gossamer.papers.topologies import claims, exhibits, measured
from gossamer.papers.topologies.plan import DENSE, Plan, runs

FULL = Plan()
QUICK = Plan(
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


def reproduce(plan: Plan, train: Train, folder: Path) -> Findings:
    """Train the networks of the plan, draw the figures, decide the claims."""
    study = train("topologies-2017", runs(plan))
    frame, epochs = where(study.frame(), state="done"), study.epochs()
    sizes = {(plan.inputs(data), plan.hidden): None for data in plan.data}
    widest = next(iter(sizes))
    connectivity = measured.connectivity(widest, plan.degrees, seeds=plan.seeds)
    connected = measured.with_connectivity(exhibits.one_hidden(frame), connectivity)
    weights = measured.weights(study, where(exhibits.one_hidden(frame), data=plan.data[0]))
    weights = weights[weights["topology"] != DENSE]
    weights = weights[weights["degree"] >= 1]
    noted = measured.published(plan.seeds)
    return Findings(
        (
            claims.drop(frame, plan),
            claims.outer_drop(frame, plan),
            claims.as_good_as_dense(frame, plan),
            claims.fibonacci_is_best(frame, plan),
            claims.with_dropout(frame, plan),
            claims.deeper(frame, plan),
            claims.grows(connectivity),
            claims.as_noted(noted),
            claims.predicts(connected, plan),
            claims.rather_than_density(connected, plan),
            claims.shrink(weights),
        ),
        (
            exhibits.f0(plan),
            exhibits.f1(frame),
            exhibits.f2(frame),
            exhibits.f3(frame, plan),
            exhibits.f4(frame, plan),
            exhibits.f5(frame, epochs, plan),
            *exhibits.f6(connectivity, noted),
            *exhibits.f7(connected),
            exhibits.f8(weights),
        ),
    )


PAPER = Paper(
    "topologies-2017",
    "Sparse Neural Networks Topologies",
    "A. Bourely, J. P. Boueri, K. Choromanski, arXiv 1706.05683, 2017",
    {"full": FULL, "quick": QUICK},
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
)
