"""The figures of the 2017 paper, one function each. Titles are ours: of the paper's only the subjects are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.prediction import Runs, associate
from gossamer.analysis.tables import means, where
from gossamer.generators import fibonacci
from gossamer.papers.exhibit import Exhibit, Lines, Networks, Squares
from gossamer.papers.topologies.measured import first_junction
from gossamer.papers.topologies.plan import CLASSES, CONSTRUCTIONS, DENSE, TopologiesPlan, pixels
from gossamer.papers.topologies.tables import one_hidden
from gossamer.topology import Topology

if TYPE_CHECKING:
    import pandas as pd

DEGREE = "edges d₁ of an input"
ACCURACY = "test accuracy"
AGAINST_DENSE = Lines(
    "degree", "difference", DEGREE, "accuracy less that of dense", "topology", "data", "low", "high", log=True
)
BARS = "Points are means over seeds, bars their 95 % intervals."


def f0(plan: TopologiesPlan) -> Exhibit:
    """Matrix and graph of a rotating topology."""
    import pandas as pd

    sizes, degree = (pixels(plan.data[0]), plan.hidden), plan.medium[0]
    shown = {name: first_junction(name, sizes, degree, seed=0) for name in CONSTRUCTIONS}
    rows = [(name, g.in_features, g.out_features, g.num_edges, g.nbytes) for name, g in shown.items()]
    return Exhibit(
        "F0",
        "A rotating topology",
        f"First junctions at degree {degree}: outputs down, inputs across. Every row of a rotated topology is the one "
        "before it, moved by one place, so its matrix is a set of wrapped diagonals. The graph is a small rotated one: "
        "fibonacci, 12 inputs, 8 outputs, degree 4.",
        pd.DataFrame(rows, columns=["topology", "inputs", "outputs", "edges", "bytes of the topology"]),
        (Networks({name: Topology([g]) for name, g in shown.items()}, Topology([fibonacci(12, 8, 4)])),),
        shown=True,
    )


def f1(frame: pd.DataFrame, plan: TopologiesPlan) -> Exhibit:
    """Accuracy against d1."""
    return Exhibit(
        "F1",
        "Accuracy against degree",
        f"{BARS} The fully connected network stands at the right end, where the degree is that of all outputs. Random "
        "edges (erdos_renyi) are followed below one edge an input, where outputs too begin to lack edges.",
        means(one_hidden(frame, plan), ["data", "topology", "degree"]),
        (Lines("degree", "accuracy", DEGREE, ACCURACY, "topology", "data", "low", "high", log=True),),
    )


def f2(frame: pd.DataFrame) -> Exhibit:
    """Contour over (d1, d2)."""
    chosen = where(frame, topology="regular_random", dropout=0.0, depth=1)
    crossed = chosen[chosen["degree"].isin(chosen[chosen["outer"] < CLASSES]["degree"].unique())]
    return Exhibit(
        "F2",
        "Accuracy over both degrees",
        f"regular_random on both junctions, means over seeds; d₂ = {CLASSES} is the full last junction.",
        means(where(crossed, data=list(crossed["data"].unique()[:1])), ["degree", "outer"]),
        (Squares("degree", "outer", "accuracy", DEGREE, "edges d₂ of a hidden unit", ACCURACY, contour=True),),
    )


def f3(frame: pd.DataFrame, plan: TopologiesPlan) -> Exhibit:
    """Constructions against the fully connected network, sparse and medium."""
    return Exhibit(
        "F3",
        "Constructions against the fully connected network",
        "Difference of test accuracy to the fully connected network of the same seed and the same initial weights; the "
        f"mean over seeds with its 95 % interval. Degrees {_listed(plan.medium)} are called medium, smaller ones "
        "sparse (our choice).",
        _against_dense(one_hidden(frame, plan)),
        (AGAINST_DENSE,),
    )


def f4(frame: pd.DataFrame, plan: TopologiesPlan) -> Exhibit:
    """The same with dropout."""
    inputs, hidden = plan.dropout
    return Exhibit(
        "F4",
        "The same with dropout",
        f"{inputs:.0%} of the inputs and {hidden:.0%} of the hidden units are left out (our choice), in the fully "
        "connected network too.",
        _against_dense(where(frame, outer=CLASSES, dropout=hidden, depth=1)),
        (AGAINST_DENSE,),
    )


def f5(curves: pd.DataFrame, plan: TopologiesPlan) -> Exhibit:
    """Deeper networks: accuracy against epochs."""
    return Exhibit(
        "F5",
        f"{plan.deep} hidden layers, their degrees varied together",
        "Accuracy on the training examples while they are learned, each before the step that it takes part in: the "
        f"test examples are looked at once, at the end. The last junction is full. {BARS}",
        curves,
        (Lines("epoch", "accuracy", "epoch", "training accuracy", "network", None, "low", "high"),),
    )


def f6(connectivity: pd.DataFrame, noted: pd.DataFrame) -> tuple[Exhibit, Exhibit]:
    """Spectral gap and algebraic connectivity against degree."""
    gaps = means(connectivity, ["outputs", "topology", "degree"], "spectral_gap")
    table = means(connectivity, ["outputs", "topology", "degree"], "connectivity")
    both = table.merge(gaps, on=["outputs", "topology", "degree"], suffixes=("", "_gap"))
    axes = ("topology", "outputs")
    return (
        Exhibit(
            "F6",
            "Algebraic connectivity and spectral gap against degree",
            "λ₂ is the second smallest Laplacian eigenvalue, the spectral gap the smallest that is not 0; they differ "
            "where the junction falls apart. One panel for each number of outputs. Nothing is trained.",
            both,
            (
                Lines("degree", "connectivity", DEGREE, "algebraic connectivity λ₂", *axes, log=True),
                Lines("degree", "spectral_gap", DEGREE, "spectral gap", *axes, log=True),
            ),
        ),
        Exhibit(
            "F6b",
            "λ₂ beside values computed independently",
            "784 inputs. The noted values, none of the paper's, were computed for this project before its own code, by "
            "code that is not kept; they have two digits and, where there is chance, one seed.",
            noted,
            shown=True,
        ),
    )


def f7(runs: pd.DataFrame) -> tuple[Exhibit, Exhibit]:
    """Connectivity against accuracy, and tests of what is left of it at equal edges."""
    table = runs[["data", "topology", "degree", "seed", "connectivity", "accuracy"]].copy()
    table["edges of an input"] = [f"d₁ = {degree:g}" for degree in table["degree"]]
    across = "algebraic connectivity λ₂ of the first junction"
    return (
        Exhibit(
            "F7",
            "Connectivity against accuracy",
            "One point a network. Colours are degrees: within one colour all networks have as many edges, so what "
            "connectivity adds to density is the order of the points of one colour.",
            table,
            (Lines("connectivity", "accuracy", across, ACCURACY, "edges of an input", "data", joined=False),),
        ),
        Exhibit(
            "F7b",
            "Connectivity at equal edges, tested",
            "Spearman's correlation of λ₂ and accuracy among networks with as many edges, pooled over degrees and over "
            "means of seeds, and its p-value by permuting whole constructions: there are as many witnesses as "
            "constructions; a degree at which all λ₂ are 0 is left out. Only the first junction is sparse: networks "
            "with as many edges are as dense in every layer, and a correlation with densities held fixed is the same. "
            "Then how well a line through all other constructions foretells each one's accuracies, against their mean "
            "at equal edges (R²: 1 is perfect, 0 no better than that mean, below 0 worse).",
            _tested(table),
            shown=True,
        ),
    )


def _tested(table: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows = []
    telling = table.groupby(["data", "degree"])["connectivity"].transform("nunique") > 1  # at degree 1 all are 0
    for data, runs in table[telling].groupby("data"):
        found = associate(
            Runs(
                {"connectivity": runs["connectivity"].to_numpy()},
                family=runs["topology"].to_numpy(),
                num_edges=runs["degree"].to_numpy(),
                layer_densities=np.ones((len(runs), 1)),  # a sparse junction and a full one: the same at equal edges
                accuracy=runs["accuracy"].to_numpy(),
            ),
            rng=np.random.default_rng(0),
        )[0]
        held_out = {f"R² of {name}": value for name, value in found.held_out.items()}
        pooled = {"constructions": found.families, "spearman": found.spearman, "p": found.p_value}
        rows.append({"data": data, "n": len(runs), **pooled, "R² of all": found.held_out_all, **held_out})
    return pd.DataFrame(rows)


def f8(weights: pd.DataFrame) -> Exhibit:
    """Extremes and spread of the trained weights against degree."""
    return Exhibit(
        "F8",
        "Trained weights against degree",
        f"Standard deviation, maximum and minimum of the live weights of the first junction after training. {BARS}",
        weights,
        (Lines("degree", "value", DEGREE, "weight", "topology", "statistic", "low", "high", log=True),),
    )


def _against_dense(frame: pd.DataFrame) -> pd.DataFrame:
    """Accuracy less that of the fully connected network of the same data and seed."""
    dense = where(frame, topology=DENSE).set_index(["data", "seed"])["accuracy"]
    sparse = frame[frame["topology"].isin(CONSTRUCTIONS)]
    keys = list(zip(sparse["data"], sparse["seed"], strict=True))
    found = sparse.assign(difference=sparse["accuracy"].to_numpy() - dense.reindex(keys).to_numpy())
    return means(found, ["data", "topology", "degree"], "difference")


def _listed(numbers: tuple[int, ...]) -> str:
    return " and ".join(str(number) for number in numbers)
