"""The tables that the figures and claims of the 2020 paper are made of: from runs, or as a folder keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.analysis.tables import where, whole
from gossamer.papers.insights.apart import Cube
from gossamer.papers.insights.plan import Chain, InsightsPlan

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.studies.study import Study


@dataclass(frozen=True, eq=False)
class Tables:
    """All numbers.

    Attributes:
        chain: the chain's finished runs, with their validation accuracy after the last epoch; None without a chain.
        chain_apart: distances between the chain's networks, by epoch.
        tuned: finished runs that chose the learning rates.
        runs: the other finished runs.
        apart: distances between the networks with SET from independent starts, by data set.
    """

    chain: pd.DataFrame | None
    chain_apart: Mapping[int, Cube]
    tuned: pd.DataFrame
    runs: pd.DataFrame
    apart: Mapping[str, Cube]


def with_last_epoch(study: Study) -> pd.DataFrame:
    """The finished runs, with their validation accuracy after the last epoch."""
    frame, epochs = where(study.frame(), state="done"), study.epochs().sort_values("epoch")
    last = epochs.groupby("run")["validation_accuracy"].last()
    return frame.assign(last_validation=last.reindex(frame["run"]).to_numpy())


def of_folder(folder: Path, plan: InsightsPlan) -> Tables:
    """The tables that a folder keeps."""
    import pandas as pd

    names = ("runs-tuning", "runs-sparse-and-dense", "I9")
    tuned, runs, pairs = (pd.read_csv(folder / f"{name}.csv") for name in names)
    chain, chain_apart = (None, {}) if plan.chain is None else _chain_of(folder)
    return Tables(
        chain,
        chain_apart,
        where(tuned, state="done"),
        whole(runs, ["data", "seed"]),
        {data: _mirrored(where(pairs, data=data)) for data in plan.data},
    )


def _chain_of(folder: Path) -> tuple[pd.DataFrame, dict[int, Cube]]:
    import pandas as pd

    chain, first, deeper, last = (pd.read_csv(folder / f"{name}.csv") for name in ("runs-chain", "I1", "I2", "I5"))
    chain = where(chain, state="done").merge(last[["network", "last_validation"]], left_on="seed", right_on="network")
    distances = pd.concat([table for table in (first.assign(junction=0), deeper) if len(table)])
    return chain, {int(epoch): _cube(rows) for epoch, rows in distances.groupby("epoch")}


def plan_of(found: Mapping[str, Any]) -> InsightsPlan:
    """The plan as JSON has it."""
    chain = None if found["chain"] is None else Chain(**_tuples(found["chain"]))
    return InsightsPlan(**_tuples(found) | {"chain": chain})


def _tuples(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _frozen(value) for name, value in found.items()}


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _cube(rows: pd.DataFrame) -> Cube:
    """Distances (L, N, N) of a table with a row a junction and ordered pair."""
    sizes = [int(rows[column].max()) + 1 for column in ("junction", "one", "other")]
    found = np.full(sizes, np.nan)
    found[rows["junction"], rows["one"], rows["other"]] = rows["distance"]
    return found


def _mirrored(pairs: pd.DataFrame) -> Cube:
    """Distances (1, N, N) of a table with a row a pair."""
    count = int(pairs["other"].max()) + 1 if len(pairs) else 0
    found = np.zeros((1, count, count))
    found[0, pairs["one"], pairs["other"]] = found[0, pairs["other"], pairs["one"]] = pairs["distance"]
    return found
