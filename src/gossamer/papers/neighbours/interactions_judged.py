"""What the suite of interactions says: claims of the papers on NID and PID, and of ours on sparse networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, mean_of
from gossamer.analysis.tables import by_seed, difference_by_seed, means, where
from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.papers.paper import Findings

if TYPE_CHECKING:
    import pandas as pd

DETECTORS = {
    "auc_nid": "NID",
    "auc_pid": "PID, our reading",
    "auc_pid_deep": "PID, second hidden layer",
    "auc_hessian": "average Hessian",
}
"""Columns by name."""

GOAL = 0.92
MAIN_EFFECTS = "dense, main effects"
SPARSE = ("static 90 %", "static 95 %", "RigL 90 %", "RigL 95 %")


def conclude(frame: pd.DataFrame) -> Findings:
    """Whether detectors find what interacts, and whether sparse networks show it better."""
    seconds, frame = float(frame["seconds"].sum()), whole_seeds(frame)
    return Findings(
        (_found(frame), _close(frame), _sparse(frame)),
        (_overview(frame), _by_function(frame), _sets(frame), _learned(frame)),
        seconds,
    )


def whole_seeds(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of networks and seeds for which every function was measured: a mean over a few says something else."""
    measured = frame.groupby(["net", "seed"])["function"].transform("nunique")
    return frame[measured == frame["function"].nunique()]


def _found(frame: pd.DataFrame) -> Claim:
    dense = where(frame, net="dense")
    return Claim(
        "weights show interactions",
        "N1",
        "Interactions can be read from the weights of a feedforward network (NID); topological analysis reads them "
        "(PID).",
        "Mean pair AUC over the functions on dense networks without main-effect networks, one value a seed. The "
        "authors' "
        "NID code reached .917 in this protocol with one seed, .885 with main-effect networks; the threshold .92 is "
        "ours.",
        Between(low=GOAL),
        tuple(mean_of(by_seed(dense, column), DETECTORS[column]) for column in ("auc_nid", "auc_pid")),
        tuple(
            mean_of(by_seed(where(frame, net=net), column), f"{name}, {net}")
            for net in ("dense", MAIN_EFFECTS)
            for column, name in DETECTORS.items()
            if _has(frame, net)
        ),
    )


def _close(frame: pd.DataFrame) -> Claim:
    dense = where(frame, net="dense")
    return Claim(
        "detectors are close",
        "N1",
        "The AUCs of PID, of the average gradient and of NID are close (a review of the paper on PID).",
        "Mean pair AUC of PID in our reading, and of the average Hessian in the place of the average gradient, less "
        "that "
        "of NID on the same dense networks; close is within .05, our threshold.",
        Between(-0.05, 0.05),
        tuple(_gap(dense, column, "auc_nid", f"{DETECTORS[column]} less NID") for column in ("auc_pid", "auc_hessian")),
    )


def _sparse(frame: pd.DataFrame) -> Claim:
    dense = where(frame, net="dense")
    return Claim(
        "sparse networks show interactions better",
        "N1",
        "Our question: does a sparse network show its interactions better?",
        "Mean pair AUC of NID on sparse networks less that on dense ones of equal seed.",
        Between(low=0.0),
        tuple(
            difference_by_seed(where(frame, net=net), dense, net, column="auc_nid")
            for net in SPARSE
            if _has(frame, net)
        ),
        tuple(
            difference_by_seed(where(frame, net=net), dense, f"{net}, {DETECTORS[column]}", column=column)
            for column in ("auc_pid", "auc_hessian", "test_error")
            for net in SPARSE
            if _has(frame, net) and column in DETECTORS
        ),
    )


def _gap(frame: pd.DataFrame, one: str, other: str, what: str) -> Estimate:
    return mean_of(by_seed(frame, one) - by_seed(frame, other), what)


def _has(frame: pd.DataFrame, net: str) -> bool:
    return bool((frame["net"] == net).any())


def _overview(frame: pd.DataFrame) -> Exhibit:
    """N1: mean AUC by network and detector."""
    import pandas as pd

    per_seed = frame.groupby(["net", "seed"], sort=False).mean(numeric_only=True).reset_index()
    tables = [
        means(per_seed, ["net"], column).rename(columns={column: "auc"}).assign(detector=name)
        for column, name in DETECTORS.items()
    ]
    table = pd.concat(tables)[["net", "detector", "auc", "low", "high", "n"]]
    error = per_seed.groupby("net", sort=False)["test_error"].mean()
    return Exhibit(
        "N1",
        "Interactions found in dense and sparse networks",
        "Mean area under the ROC curve of all pairs over the functions; bars are 95 % intervals over seeds. Share of "
        "the "
        "targets' variance that was not learned: "
        + ", ".join(f"{net} {value:.4f}" for net, value in error.items())
        + ".",
        table,
        (Lines("detector", "auc", "detector", "mean pair AUC", "net", low="low", high="high", joined=False),),
        shown=True,
    )


def _by_function(frame: pd.DataFrame) -> Exhibit:
    """N2: AUC of each function."""
    import pandas as pd

    tables = [
        means(frame, ["function", "net"], column).rename(columns={column: "auc"}).assign(detector=name)
        for column, name in DETECTORS.items()
        if column != "auc_pid_deep"
    ]
    table = pd.concat(tables)[["function", "net", "detector", "auc", "low", "high", "n"]]
    return Exhibit(
        "N2",
        "The same, function by function",
        "Means over seeds of the pair AUC; bars are 95 % intervals.",
        table,
        (
            Lines(
                "function", "auc", "function", "pair AUC", "detector", panel="net", low="low", high="high", joined=False
            ),
        ),
    )


def _sets(frame: pd.DataFrame) -> Exhibit:
    """N3: sets of any order."""
    import pandas as pd

    per_seed = frame.groupby(["net", "seed"], sort=False).mean(numeric_only=True).reset_index()
    tables = [
        means(per_seed, ["net"], f"r_precision_{key}")
        .rename(columns={f"r_precision_{key}": "r_precision"})
        .assign(detector=name)
        for key, name in (("nid", "NID"), ("pid", "PID, our reading"))
    ]
    return Exhibit(
        "N3",
        "True sets of any order among the strongest",
        "R-precision as in the authors' code: the share of a function's R true sets among the R strongest candidates "
        "that "
        "lie inside no true set, mean over the functions.",
        pd.concat(tables)[["net", "detector", "r_precision", "low", "high", "n"]],
        (
            Lines(
                "detector", "r_precision", "detector", "mean R-precision", "net", low="low", high="high", joined=False
            ),
        ),
        shown=True,
    )


def _learned(frame: pd.DataFrame) -> Exhibit:
    """N4: how well the networks learned what they are asked about."""
    per_seed = frame.groupby(["net", "seed"], sort=False)["test_error"].agg(["mean", "max"]).reset_index()
    worst = per_seed.groupby("net", sort=False)["max"].max().rename("worst").reset_index()
    table = means(per_seed.rename(columns={"mean": "test_error"}), ["net"], "test_error")
    return Exhibit(
        "N4",
        "How well the networks learned the functions",
        "Mean squared error on the test part over the targets' variance, mean over the functions with 95 % interval "
        "over seeds; the worst of single functions and seeds. What was not learned cannot be shown.",
        table.merge(worst, on="net"),
        shown=True,
    )
