"""Liu et al., "Topological Insights into Sparse Neural Networks", 2020: the chain, sparse against dense, SET."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.analysis.tables import where
from gossamer.papers.insights import claims, exhibits
from gossamer.papers.insights.apart import Cube, apart, hidden, moments
from gossamer.papers.insights.plan import (
    Chain,
    Net,
    Plan,
    chain_runs,
    final_runs,
    nets,
    steps_per_epoch,
    tuning_runs,
)
from gossamer.papers.paper import Findings, Paper, Train

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.studies.study import Study

FULL = Plan()
QUICK = Plan(
    epochs={"fashion-mnist": 2, "cifar10-jpeg": 2},
    chain=Chain(links=3, epochs=10, moments=(0, 2, 5, 10), lr=0.03),
    widths=(100, 250),
    densities=(0.1,),
    rates=(0.03,),
    seeds=3,
    adaptive=0.1,
)


def reproduce(plan: Plan, train: Train, folder: Path) -> Findings:
    """Train the chain, the tuning runs and the final runs; draw the figures, decide the claims."""
    chain = _the_chain(plan.chain, train, folder)
    others = _sparse_and_dense(plan, train, folder)
    return Findings((*chain.claims, *others.claims), (*chain.exhibits, *others.exhibits))


def _the_chain(chain: Chain, train: Train, folder: Path) -> Findings:
    study = train("chain", chain_runs(chain))
    places = moments(study, chain.moments, steps_per_epoch(chain.data, chain.validation))
    found = {epoch: apart(nets_, folder / "distances" / f"chain-{epoch}") for epoch, nets_ in places.items()}
    frame = _with_last_epoch(study)
    return Findings(
        (
            claims.started_alike(found),
            claims.drifted(found),
            claims.as_far_as_published(found),
            claims.equally_accurate(frame),
            claims.published_accuracy(frame),
        ),
        (
            *exhibits.heat_maps(found),
            exhibits.over_time(found),
            exhibits.start(found[min(found)]),
            *exhibits.chain_accuracy(frame, found[max(found)]),
        ),
    )


def _sparse_and_dense(plan: Plan, train: Train, folder: Path) -> Findings:
    tuned = where(train("tuning", tuning_runs(plan)).frame(), state="done")
    study = train("sparse and dense", final_runs(plan, _best_rates(tuned, plan)))
    frame = where(study.frame(), state="done")
    cubes = {data: _set_apart(study, where(frame, data=data, rule="SET"), folder, data) for data in plan.data}
    import pandas as pd

    pairs = pd.concat([exhibits.pairs(where(frame, data=data, rule="SET"), cube, data) for data, cube in cubes.items()])
    return Findings(
        (
            claims.sparse_beats_dense(frame, tuned, plan),
            claims.found_apart(cubes),
            claims.found_equal(frame, plan),
            claims.adaptive_beats_dense(frame, plan),
        ),
        (exhibits.sparse_and_dense(frame), exhibits.tuning(tuned), exhibits.adaptive(pairs)),
    )


def _with_last_epoch(study: Study) -> pd.DataFrame:
    """The finished runs, with their validation accuracy after the last epoch."""
    frame, epochs = where(study.frame(), state="done"), study.epochs().sort_values("epoch")
    last = epochs.groupby("run")["validation_accuracy"].last()
    return frame.assign(last_validation=last.reindex(frame["run"]).to_numpy())


def _best_rates(tuned: pd.DataFrame, plan: Plan) -> dict[Net, float]:
    """Of every network the learning rate with the best validation accuracy; the first one if none was finished."""
    found = {}
    for net in nets(plan):
        rows = where(tuned, data=net.data, width=net.width, density=net.density)
        best = rows.sort_values("validation_accuracy")["rate"]
        found[net] = float(best.iloc[-1]) if len(best) else plan.rates[0]
    return found


def _set_apart(study: Study, runs: pd.DataFrame, folder: Path, data: str) -> Cube:
    ends = [hidden(study.topology(str(run))) for run in runs["run"]]
    return apart(ends, folder / "distances" / f"adaptive-{data}")


PAPER = Paper(
    "insights-2020",
    "Topological Insights into Sparse Neural Networks",
    "S. Liu, T. van der Lee, A. Yaman, Z. Atashgahi, D. Ferraro, G. Sokar, M. Pechenizkiy, D. C. Mocanu, ECML-PKDD "
    "2020, arXiv 2006.14085",
    {"full": FULL, "quick": QUICK},
    reproduce,
    (
        "The paper's tables and hyper-parameters are not available to us. Of the published heat maps the widths, "
        "edges, epochs and the chain are known from the authors' files; optimiser, learning rate, batch size and "
        "activation are our choice: SGD with Nesterov's momentum .9, batches of 128, ReLU, cross-entropy.",
        "The chain holds out a fifth of Fashion-MNIST, 48,000 against 12,000 (reading). Its networks begin with the "
        "same weights on the edges that they share (reading: with weights of their own they would be .53 apart after "
        "the first epochs, against the .36 published); the examples' order and the rewiring are each network's own.",
        "Sparse and fully connected networks choose their learning rate from the same list, by the validation "
        "accuracy of runs that no result comes from; the epoch with the best validation accuracy is the one that is "
        "tested.",
        "cifar10-jpeg is CIFAR-10 after lossy compression: its accuracies are not comparable with those of CIFAR-10.",
    ),
)
