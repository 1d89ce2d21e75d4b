"""A part of a reproduction that was trained in a folder of its own, joined to the tables that another folder keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gossamer.errors import StudyError
from gossamer.files import write_atomically
from gossamer.papers.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.papers.paper import Paper

RESULT = "accuracy"
"""The first column that was measured; those before it, but for the run's name and state, are labels."""


def join(paper: Paper, folder: Path, other: Path) -> Record:
    """Add the finished runs of a folder to the tables of another one, and give the record of both together.

    Runs that wait there are replaced; what was joined before stays as it is, so that a call may be repeated. Studies
    and data sets that the first folder has not are added to it. Verdicts are not changed: judge anew afterwards.

    Args:
        paper: of both; its `joined` names the tables beside those of runs.
        folder: whose `data/` is added to.
        other: whose `data/` is added.

    Raises:
        StudyError: a folder without results, another plan, tables of other columns, or other numbers of runs that are
            there already.
    """
    record, added = Record.read(folder), Record.read(other)
    plans = [_whole(paper, each) for each in (record, added)]
    different = sorted(name for name in plans[0] if name != "data" and plans[0][name] != plans[1].get(name))
    if different:
        raise StudyError(f"{other} was trained by another plan than {folder}: {', '.join(different)} differ.")
    merged = {path.name: _merged(folder / "data" / path.name, path) for path in _tables(paper, other)}
    for name, table in merged.items():
        write_atomically(folder / "data" / name, table.to_csv(index=False).encode())
    data = list(dict.fromkeys([*plans[0]["data"], *plans[1]["data"]]))
    return replace(record.with_part(added), plan={**plans[0], "data": data}, waiting=_waiting(folder))


def _whole(paper: Paper, record: Record) -> dict[str, Any]:
    """The plan, with what plans had no field for when it was made as the paper has it now."""
    now: Mapping[str, Any] = json.loads(json.dumps(asdict(paper.plans.get(record.size, paper.plans["full"]))))
    return {**now, **record.plan}


def _tables(paper: Paper, folder: Path) -> list[Path]:
    named = (folder / "data" / f"{name}.csv" for name in paper.joined)
    return [*sorted((folder / "data").glob("runs-*.csv")), *(path for path in named if path.exists())]


def _merged(path: Path, other: Path) -> pd.DataFrame:
    import pandas as pd

    if path.name.startswith("runs-") and not path.exists():
        return pd.read_csv(other)
    try:
        kept, new = (pd.read_csv(each) for each in (path, other))
    except OSError as error:
        raise StudyError(f"{path} and {other} cannot be joined: {error}.") from error
    if list(kept.columns) != list(new.columns):
        raise StudyError(f"{other} has columns {list(new.columns)}; {path} has {list(kept.columns)}.")
    labels = [name for name in kept.columns[: list(kept.columns).index(RESULT)] if name not in ("run", "state")]
    new = _finished(new)
    both = _finished(kept).merge(new, on=labels, suffixes=("", " there"))
    if not both[RESULT].equals(both[f"{RESULT} there"].rename(RESULT)):
        raise StudyError(f"{path} has other numbers of runs that {other} holds, too.")
    return pd.concat([kept, new]).drop_duplicates(labels, keep="last")


def _finished(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["state"] == "done"] if "state" in table else table


def _waiting(folder: Path) -> int:
    import pandas as pd

    states = [pd.read_csv(path, usecols=["state"])["state"] for path in (folder / "data").glob("runs-*.csv")]
    return sum(int((each == "waiting").sum()) for each in states)
