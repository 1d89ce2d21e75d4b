"""What sparse networks cost beside the fully connected one: training time and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, exactly, mean_of
from gossamer.analysis.tables import by_seed, where
from gossamer.papers.topologies.claims.accuracy import SMALL
from gossamer.papers.topologies.plan import DENSE, STRUCTURED, TopologiesPlan
from gossamer.papers.topologies.tables import one_hidden

if TYPE_CHECKING:
    import pandas as pd


def claims(frame: pd.DataFrame, plan: TopologiesPlan) -> Iterator[Claim]:
    """Each data set by itself."""
    runs = one_hidden(frame, plan)
    yield from (shorter(where(runs, data=data), plan, data) for data in plan.data)
    yield compressed(where(runs, data=plan.data[0]), plan)


def shorter(runs: pd.DataFrame, plan: TopologiesPlan, data: str) -> Claim:
    """Training takes less time."""

    def ratio(name: str) -> Estimate:
        times = by_seed(where(runs, topology=name, degree=plan.medium), "seconds")
        return mean_of(np.log2(times / by_seed(where(runs, topology=DENSE), "seconds")).dropna(), name)

    return Claim(
        "shorter training",
        "F1",
        "Sparse networks take less time to train.",
        f"Logarithm to base 2 of the seconds of a run at degree {', '.join(map(str, plan.medium))} over those of the "
        "fully connected network of the same seed, every construction without chance.",
        Between(high=0.0),
        tuple(ratio(name) for name in STRUCTURED),
        data=data,
        condition=f"{SMALL}, this library's kernels, one thread a run, two runs at a time on a shared machine",
    )


def compressed(runs: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """The networks are smaller."""
    dense = float(where(runs, topology=DENSE)["model_bytes"].iloc[0])

    def share(name: str, degree: float) -> Estimate:
        row = where(runs, topology=name, degree=degree).iloc[0]
        return exactly(float(row["model_bytes"] + row["topology_bytes"]) / dense, f"{name}, degree {degree:g}")

    return Claim(
        "compression",
        "F0",
        "Structured sparse networks take less memory, as their topology takes next to none.",
        "Bytes of parameters and topology over those of the fully connected network, every construction without chance "
        "at every degree.",
        Between(high=1.0),
        tuple(share(name, degree) for degree in plan.degrees for name in STRUCTURED),
    )
