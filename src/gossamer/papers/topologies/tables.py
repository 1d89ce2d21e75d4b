"""The tables that the figures and claims of the 2017 paper are made of: from runs, or as a folder keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.analysis.tables import means, where
from gossamer.papers.topologies import measured
from gossamer.papers.topologies.large_plan import large_of
from gossamer.papers.topologies.plan import CLASSES, DENSE, TopologiesPlan, pixels

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.studies.study import Study

STATISTICS = ("deviation", "maximum", "minimum")


@dataclass(frozen=True, eq=False)
class Tables:
    """All numbers.

    Attributes:
        runs: a row a finished run.
        connectivity: λ₂ and spectral gap, a row a construction, degree and seed.
        noted: λ₂ beside values computed independently.
        curves: training accuracy of the deeper networks, a row a network and epoch, with intervals.
        weights: sizes of trained weights, a row a construction, degree and statistic, with intervals.
        large: finished runs at full size, with what they gained at the end and the λ₂ of their first junction.
        tuned: finished runs that chose the learning rates there.
    """

    runs: pd.DataFrame
    connectivity: pd.DataFrame
    noted: pd.DataFrame
    curves: pd.DataFrame
    weights: pd.DataFrame
    large: pd.DataFrame
    tuned: pd.DataFrame

    def connected(self, plan: TopologiesPlan) -> pd.DataFrame:
        """Runs of sparse networks with the λ₂ of their first junction."""
        return measured.with_connectivity(one_hidden(self.runs, plan), self.connectivity)


def of_study(study: Study, plan: TopologiesPlan, *, large: pd.DataFrame, tuned: pd.DataFrame) -> Tables:
    """The tables of what was just trained."""
    runs = where(study.frame(), state="done")
    found = measured.weights(study, where(one_hidden(runs, plan), data=plan.data[0]))
    found = found[(found["topology"] != DENSE) & (found["degree"] >= 1)]
    curves = _curves(runs, study.epochs(), plan)
    return Tables(runs, *_measured(plan), curves, _sizes(found), measured.with_first_connectivity(large), tuned)


def only_large(large: pd.DataFrame, tuned: pd.DataFrame) -> Tables:
    """The tables where nothing but the full size was trained."""
    import pandas as pd

    none = pd.DataFrame()
    return Tables(none, none, none, none, none, measured.with_first_connectivity(large), tuned)


def of_folder(folder: Path, plan: TopologiesPlan) -> Tables:
    """The tables that a folder keeps; what takes no training is computed again."""
    import pandas as pd

    def kept(name: str) -> pd.DataFrame:
        path = folder / f"{name}.csv"
        return pd.read_csv(path) if path.exists() else pd.DataFrame()

    runs, curves, weights, large, tuned = map(kept, ("runs-topologies-2017", "F5", "F8", "L-runs", "L3"))
    if not plan.seeds:
        return only_large(large, tuned)
    return Tables(where(runs, state="done"), *_measured(plan), curves, weights, large, tuned)


def plan_of(found: Mapping[str, Any]) -> TopologiesPlan:
    """The plan as JSON has it."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return TopologiesPlan(**{**values, "large": large_of(found.get("large"))})


def one_hidden(frame: pd.DataFrame, plan: TopologiesPlan) -> pd.DataFrame:
    """Runs with one hidden layer of the usual size, no dropout, and a full last junction."""
    rows = where(frame, outer=CLASSES, dropout=0.0, depth=1)
    return rows[rows["hidden"].astype(str) == str(plan.hidden)]


def _measured(plan: TopologiesPlan) -> tuple[pd.DataFrame, pd.DataFrame]:
    sizes = pixels(plan.data[0]), plan.hidden
    return measured.connectivity(sizes, plan.degrees, seeds=plan.seeds), measured.noted(plan.seeds)


def _curves(runs: pd.DataFrame, epochs: pd.DataFrame, plan: TopologiesPlan) -> pd.DataFrame:
    deep = where(runs, depth=plan.deep)
    curves = deep[["run", "topology", "degree", "seed"]].merge(epochs[["run", "epoch", "accuracy"]], on="run")
    curves["network"] = [
        DENSE if row.topology == DENSE else f"{row.topology}, degree {row.degree:g}" for row in curves.itertuples()
    ]
    return means(curves, ["network", "epoch"])


def _sizes(weights: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    parts = [means(weights, ["topology", "degree"], name).rename(columns={name: "value"}) for name in STATISTICS]
    return pd.concat([part.assign(statistic=name) for name, part in zip(STATISTICS, parts, strict=True)])
