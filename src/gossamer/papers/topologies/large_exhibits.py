"""Figures of the 2017 paper at full size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.analysis.tables import means
from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.papers.topologies.plan import DENSE

if TYPE_CHECKING:
    import pandas as pd

KEPT = ["data", "hidden", "topology", "degree", "fan", "rate", "seed", "accuracy", "edges", "seconds"]
COLUMNS = [*KEPT, "gained", "connectivity"]
LIKE = ["data", "hidden", "topology", "degree", "fan", "rate"]
LOW = 0.05
BARS = "Points are means over seeds, bars their 95 % intervals."


def drawn(runs: pd.DataFrame, tuned: pd.DataFrame) -> tuple[Exhibit, ...]:
    """All of them.

    Args:
        runs: finished runs, with the training accuracy gained in the last sixth of the epochs and λ₂.
        tuned: finished tuning runs.
    """
    placed = runs.assign(
        panel=[f"{row.data}, {row.hidden} units" for row in runs.itertuples()],
        curve=[_curve(str(row.topology), str(row.fan)) for row in runs.itertuples()],
    )
    axes = ("edges d₁ of an input", "test accuracy", "curve", "panel", "low", "high")
    return (
        Exhibit(
            "L1",
            "Full size: accuracy against degree",
            f"After the last epoch, each at its own learning rate. {BARS} narrow is the fully connected network of as "
            "many edges; sparse starts scale the initial weights by live edges.",
            means(placed, ["panel", "curve", "degree"]),
            (Lines("degree", "accuracy", *axes, log=True),),
        ),
        Exhibit(
            "L2",
            "Full size: had they converged?",
            "Training accuracy gained in the last sixth of the epochs.",
            means(placed, ["panel", "curve", "degree"], "gained"),
            (Lines("degree", "gained", axes[0], "gained in the last sixth", *axes[2:], log=True),),
        ),
        Exhibit("L3", "Full size: the learning rates", "Accuracy on held-out training examples, a row a run.", tuned),
        Exhibit(
            "L4",
            "Full size: networks that ended low",
            "How many end more than five points below the best of their like: as if a class had stayed unlearned.",
            ended_low(runs),
        ),
        Exhibit("L-runs", "Full size: the networks", "One row a network.", runs[COLUMNS]),
    )


def ended_low(runs: pd.DataFrame) -> pd.DataFrame:
    """How many networks end more than five points below the best of their like, and the least and best accuracy."""
    below = runs.groupby(LIKE)["accuracy"].transform("max") - runs["accuracy"]
    found = runs.assign(low=below > LOW).groupby(LIKE, sort=False)
    named = {"networks": ("accuracy", "size"), "low": ("low", "sum")}
    return found.agg(**named, least=("accuracy", "min"), best=("accuracy", "max")).reset_index()


def _curve(topology: str, fan: str) -> str:
    return topology if topology == DENSE or fan == "dense" else f"{topology}, sparse start"
