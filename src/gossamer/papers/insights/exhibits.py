"""The exhibits of the 2020 paper, one function each; published numbers stand beside ours where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.tables import means, where
from gossamer.papers.exhibit import Exhibit, Lines, Squares
from gossamer.papers.insights.apart import Cube, adjacent, as_table
from gossamer.papers.insights.plan import NARROW, TUNING_SEED, amount

if TYPE_CHECKING:
    import pandas as pd

MEANS = ("adjacent", "first against last", "off the diagonal")
"""Of the first junction's distances: over neighbours in the chain, between its ends, over all pairs."""

RELEASED = "github.com/Shiweiliuiiiiiii/Sparse_Topology_Distance"
"""Where the authors released the weights of ten networks at ten epochs, and accuracies of seven of them."""

PUBLISHED = {
    10: (0.3604, 0.4477, 0.3911),
    30: (0.3888, 0.4847, 0.4202),
    50: (0.4061, 0.4899, 0.4368),
    100: (0.4408, 0.5040, 0.4663),
    190: (0.4801, 0.5428, 0.5041),
}
"""`MEANS` by epoch, of the networks in `RELEASED`: topo/e5_s0_w0 to e5_s0_w9, epoch_010 and so on, weight_l0.npz.

They were noted for this project before its own code. The files are not kept here, and nothing here computes them again.
"""

PUBLISHED_START = (0.0176, 0.0363, 0.0532, 0.0690, 0.0864, 0.1015, 0.1186, 0.1341, 0.1478)
"""Distances to the first network before training, layer 0, noted for this project.

No source can be named: they are not those of the released weights, topo/e5_s0_w0/epoch_000 and so on.
"""

PUBLISHED_ACCURACY = 0.8744
"""Mean of the last lines of the seven testacc.txt in `RELEASED`: topo/e5_s0_w0, 1, 3, 4, 6, 7, 9; deviation .0016."""

BARS = "Points are means over seeds, bars their 95 % intervals."


def heat_maps(found: Mapping[int, Cube]) -> tuple[Exhibit, Exhibit]:
    """I1 and I2: distances between the networks of the chain at every moment."""
    import pandas as pd

    table = pd.concat([as_table(cube, epoch=epoch) for epoch, cube in found.items()])
    table["moment"] = [f"epoch {epoch}" for epoch in table["epoch"]]
    deeper = table[table["junction"] > 0].copy()
    deeper["moment"] = [f"junction {row.junction}, {row.moment}" for row in deeper.itertuples()]
    plot = Squares("other", "one", "distance", "network", "network", "NNSTD", "moment")
    return (
        Exhibit(
            "I1",
            "Distances between the networks of the chain, first junction",
            "NNSTD of the first junction between all pairs of networks. Network i + 1 started as network i with 1 % "
            "of its connections changed; from then on each went its own way. One scale for all panels.",
            where(table, junction=0).drop(columns="junction"),
            (plot,),
        ),
        Exhibit(
            "I2",
            "The same, deeper junctions",
            "Neurons of the layers before are matched first, so these distances hold less still of what is only a "
            "change of names; which optimal match the solver returns has a part in them.",
            deeper,
            (plot,),
        ),
    )


def over_time(found: Mapping[int, Cube]) -> Exhibit:
    """I3: means of the first junction's heat maps, beside the published ones."""
    import pandas as pd

    rows = []
    for epoch, cube in found.items():
        published = PUBLISHED.get(epoch, (np.nan,) * 3)
        for name, ours, theirs in zip(MEANS, summary(cube), published, strict=True):
            rows += [(epoch, f"{name}, ours", ours), (epoch, f"{name}, published", theirs)]
    table = pd.DataFrame(rows, columns=["epoch", "curve", "distance"]).dropna()
    return Exhibit(
        "I3",
        "How far the chain drifts apart",
        "Means of the first junction's distances. Two independent random networks of this density are .828 apart. "
        "Those called published were noted for this project, of the networks that the authors released "
        f"({RELEASED}), and are not computed here. Optimiser, learning rate, batch size and activation of "
        "their runs are unknown.",
        table,
        (Lines("epoch", "distance", "epoch", "NNSTD of the first junction", "curve"),),
        shown=True,
    )


def summary(cube: Cube) -> tuple[float, float, float]:
    """`MEANS` of the distances at one moment."""
    first = cube[0]
    off = first[~np.eye(len(first), dtype=bool)]
    return float(adjacent(cube)[0].mean()), float(first[0, -1]), float(off.mean())


def start(cube: Cube) -> Exhibit:
    """I4: the chain before training."""
    import pandas as pd

    ours = cube[0, 0, 1:]
    theirs = [*PUBLISHED_START, *[np.nan] * len(ours)][: len(ours)]
    rows = [(k + 1, "ours", value) for k, value in enumerate(ours)]
    rows += [(k + 1, "noted", value) for k, value in enumerate(theirs)]
    return Exhibit(
        "I4",
        "The chain before training",
        "Distance of each network's first junction to that of the first network. Where the noted ones come from is not "
        "told; they are not those of the weights that the authors released.",
        pd.DataFrame(rows, columns=["network", "whose", "distance"]).dropna(),
        (Lines("network", "distance", "network", "NNSTD to network 0", "whose"),),
    )


def pairs(frame: pd.DataFrame, cube: Cube, data: str) -> pd.DataFrame:
    """One row a pair of networks: mean distance of the hidden junctions, and difference of test accuracy."""
    import pandas as pd

    accuracy, mean = frame["accuracy"].to_numpy(), cube.mean(axis=0)
    rows = [
        (data, i, j, float(mean[i, j]), abs(float(accuracy[i] - accuracy[j])))
        for i, j in combinations(range(len(accuracy)), 2)
    ]
    return pd.DataFrame(rows, columns=["data", "one", "other", "distance", "difference"])


def chain_accuracy(frame: pd.DataFrame, cube: Cube) -> tuple[Exhibit, Exhibit]:
    """I5 and I6: the chain's accuracies; distance against difference of accuracy."""
    columns = ["seed", "accuracy", "validation_accuracy", "last_validation", "best_epoch", "edges"]
    return (
        Exhibit(
            "I5",
            "The networks of the chain",
            "Test accuracy, and accuracy on the held-out fifth of the training examples, after the best epoch and "
            "after the last.",
            frame[columns].rename(columns={"seed": "network"}),
            shown=True,
        ),
        Exhibit(
            "I6",
            "Distance against difference of accuracy, the chain",
            "One point a pair of networks at the last moment; distance is the mean over the hidden junctions.",
            pairs(frame, cube, str(frame["data"].iloc[0])),
            (_scatter(),),
        ),
    )


def sparse_and_dense(frame: pd.DataFrame) -> Exhibit:
    """I7: accuracy against width, for every density."""
    table = means(_named(frame), ["data", "network", "width"])
    return Exhibit(
        "I7",
        "Sparse and fully connected networks over widths",
        f"Static random edges against all edges, each with the learning rate that was best for it. {BARS}",
        table,
        (Lines("width", "accuracy", "hidden width", "test accuracy", "network", "data", "low", "high", log=True),),
        shown=True,
    )


def tuning(frame: pd.DataFrame) -> Exhibit:
    """I8: the learning rates."""
    columns = ["data", "network", "width", "rate", *frame.columns.intersection(["dropout"]), "validation_accuracy"]
    return Exhibit(
        "I8",
        "Learning rates",
        f"Validation accuracy of every network with every rate (and dropout of hidden units, if there is a choice), on "
        f"one seed ({TUNING_SEED}) that no result comes from. The best of each network is taken.",
        _named(frame)[columns],
        shown=True,
    )


def adaptive(table: pd.DataFrame) -> Exhibit:
    """I9: networks that SET made from independent starts."""
    return Exhibit(
        "I9",
        "Distance against difference of accuracy, independent starts",
        "One point a pair of networks with SET at the end of training; distance is the mean over the hidden junctions.",
        table,
        (_scatter(),),
    )


def _scatter() -> Lines:
    titles = "NNSTD, mean over hidden junctions", "difference of test accuracy"
    return Lines("distance", "difference", *titles, "data", joined=False)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    names = [
        "dense"
        if row.density == 1
        else f"{NARROW} dense with the edges of {amount(row.density)}"
        if row.topology == NARROW
        else f"{row.rule} sparse, {amount(row.density)}"
        for row in frame.itertuples()
    ]
    return frame.assign(network=names)
