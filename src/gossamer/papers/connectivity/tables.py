"""The tables of the study: from runs, or as a folder keeps them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.analysis.prediction import Association, Runs, associate
from gossamer.analysis.tables import where
from gossamer.papers.connectivity.dial import Dial, biregular_connectivity
from gossamer.papers.connectivity.plan import ConnectivityPlan, pixels
from gossamer.seeds import stream

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.topology import Topology

MEASURED = (
    "algebraic_connectivity",
    "spectral_gap",
    "normalised_gap",
    "second_singular_value",
    "ramanujan_margin",
    "components",
    "dead_inputs",
    "fan_in_cv",
    "fan_out_cv",
    "log_effective_paths",
    "degree_assortativity",
    "modularity",
    "reach",
)
"""Measures of the observation, of the sparse junction."""

PERMUTATIONS = 9999
"""Of whole constructions: p-values down to 1e-4 stay decisive after the correction for all verdicts."""


@dataclass(frozen=True, eq=False)
class Tables:
    """All numbers.

    Attributes:
        dialled: finished runs of the intervention.
        deep: finished runs where paths are few.
        observed: finished runs of the observation, with the measures of their junction and where the pixels were.
        associations: of every measure with accuracy, by data set and pixels of the observation.
        recipe: finished runs by the 2017 paper's recipe.
        rivals: of connectivity, of every deep network.
    """

    dialled: pd.DataFrame
    deep: pd.DataFrame
    observed: pd.DataFrame
    associations: Mapping[tuple[str, str], tuple[Association, ...]]
    recipe: pd.DataFrame
    rivals: pd.DataFrame


def tables(
    dialled: pd.DataFrame, deep: pd.DataFrame, observed: pd.DataFrame, *, recipe: pd.DataFrame, rivals: pd.DataFrame
) -> Tables:
    """The tables of finished runs."""
    groups = observed.groupby(["data", "pixels"]) if len(observed) else ()
    found = {(str(data), str(pixels)): _associated(rows) for (data, pixels), rows in groups}
    return Tables(_whole(dialled), _whole(deep), observed, found, _whole(recipe), rivals)


def of_folder(folder: Path) -> Tables:
    """The tables that a folder keeps."""
    import pandas as pd

    def kept(name: str) -> pd.DataFrame:
        columns = ["state", "data", "topology", "degree", "depth", "seed", "accuracy"]
        paths = sorted(folder.glob(f"{name}*.csv"))
        return pd.concat([pd.read_csv(path) for path in paths]) if paths else pd.DataFrame(columns=columns)

    dialled, deep, recipe = (where(kept(f"runs-{name}"), state="done") for name in ("dial", "deep", "recipe"))
    return tables(dialled, deep, kept("C5-runs"), recipe=recipe, rivals=kept("C4-networks"))


def _whole(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, with a column of accuracies also where none is finished."""
    return runs if "accuracy" in runs else runs.assign(accuracy=math.nan)


def measured(topology: Topology) -> dict[str, float]:
    """`MEASURED` of the first junction; NaN where a measure is undefined."""
    from gossamer.measures import MEASURES
    from gossamer.topology import Topology

    first = Topology(topology.layers[:1])
    return {name: float(MEASURES[name](first)) for name in MEASURED}


def reached(plan: ConnectivityPlan) -> pd.DataFrame:
    """λ₂ of the first junction at every arm, degree and width, one seed; a check that the dial turns."""
    import pandas as pd

    rows = []
    samples = {(pixels(data), plan.width(data)): data for data in reversed(plan.data)}
    for size, data in sorted(samples.items()):
        for degree in plan.turns(data):
            for arm in plan.dial(data):
                g = Dial(arm, size[0])(*size, degree * size[0], rng=stream(0, "topology"))
                rows.append((*size, degree, arm, biregular_connectivity(g)))
    return pd.DataFrame(rows, columns=["inputs", "outputs", "degree", "arm", "connectivity"])


def seeds_needed(dialled: pd.DataFrame, plan: ConnectivityPlan, *, margin: float) -> int:
    """Seeds with which every contrast is shown to be within the margin with probability .9, if it is truly 0.

    From the largest standard deviation of the differences to random junctions, by the normal approximation of two
    one-sided tests at 2.5 %: n = ((1.96 + 1.645) s / margin)², within the plan's limits.
    """
    spreads = [
        float(np.std(differences, ddof=1)) for differences in _differences(dialled, plan) if len(differences) > 1
    ]
    low, high = plan.seeds
    if not spreads:
        return low
    return min(high, max(low, math.ceil(((1.96 + 1.645) * max(spreads) / margin) ** 2)))


def _differences(dialled: pd.DataFrame, plan: ConnectivityPlan) -> list[list[float]]:
    found = []
    for _, rows in dialled.groupby(["data", "depth", "degree"]):
        table = rows.pivot_table(index="seed", columns="topology", values="accuracy")
        base = table.get("random")
        arms = [arm for arm in plan.arms if arm in table and arm != "random"]
        found += [] if base is None else [(table[arm] - base).dropna().tolist() for arm in arms]
    return found


def _associated(rows: pd.DataFrame) -> tuple[Association, ...]:
    known = {
        name: rows[name].to_numpy()
        for name in MEASURED
        if name in rows and np.isfinite(rows[name]).all() and rows[name].nunique() > 1
    }
    if rows["topology"].nunique() < 4 or not known:
        return ()
    made = Runs(
        known,
        family=rows["topology"].to_numpy(),
        num_edges=rows["degree"].to_numpy(),
        layer_densities=np.ones((len(rows), 1)),  # a sparse junction and a full one: the same at equal edges
        accuracy=rows["accuracy"].to_numpy(),
    )
    return associate(made, rng=np.random.default_rng(0), permutations=PERMUTATIONS)


def plan_of(found: Mapping[str, Any]) -> ConnectivityPlan:
    """The plan as JSON has it."""
    values: dict[str, Any] = {name: _frozen(value) for name, value in found.items()}
    return ConnectivityPlan(**values)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
