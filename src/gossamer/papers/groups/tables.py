"""The tables of the study: from runs, or as a folder keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.files import write_atomically
from gossamer.papers.groups.plan import GroupsPlan
from gossamer.papers.groups.price import CELL, percents, prices

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Tables:
    """All numbers.

    Attributes:
        runs: finished, with accuracies in percent.
        prices: of every network of the plan that has runs.
        speeds: of a training step.
        graphs: of networks before training, and after RigL.
    """

    runs: pd.DataFrame
    prices: pd.DataFrame
    speeds: pd.DataFrame
    graphs: pd.DataFrame

    @classmethod
    def of(cls, runs: pd.DataFrame, plan: GroupsPlan, *, speeds: pd.DataFrame, graphs: pd.DataFrame) -> Tables:
        """From runs, finished or not."""
        done = percents(runs)
        return cls(done, prices(done, plan), speeds, graphs)


def of_folder(folder: Path, plan: GroupsPlan) -> Tables:
    """The tables that a folder keeps."""
    import pandas as pd

    paths = sorted(folder.glob("runs-*.csv"))
    none = pd.DataFrame(columns=["state", *CELL, "seed", "accuracy"])
    runs = pd.concat([pd.read_csv(path) for path in paths]) if paths else none
    speeds, graphs = (pd.read_csv(folder / f"{name}.csv") for name in ("speed", "graphs"))
    return Tables.of(runs, plan, speeds=speeds, graphs=graphs)


def kept(path: Path, make: Callable[[GroupsPlan], pd.DataFrame], plan: GroupsPlan) -> pd.DataFrame:
    """What was measured before, if it is of all cells of the plan; else measured now, and kept."""
    import pandas as pd

    wanted = {(inputs, *cell) for inputs, data in plan.samples().items() for cell in plan.cells(data)}
    if path.exists():
        found = pd.read_csv(path)
        keys = zip(*(found[name] for name in ("inputs", "kind", "sparsity", "group")), strict=True)
        if wanted <= set(keys):
            return found
    made = make(plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, made.to_csv(index=False).encode())
    return made


def plan_of(found: Mapping[str, Any]) -> GroupsPlan:
    """The plan as JSON has it."""
    values: dict[str, Any] = {name: _frozen(value) for name, value in found.items()}
    return GroupsPlan(**{"late_rest": (), **values})  # plans had none before there was that field


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
