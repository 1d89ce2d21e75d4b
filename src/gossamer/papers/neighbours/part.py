"""One neighbouring system: what is measured cell by cell, and what is concluded from the table of all cells."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gossamer.papers.paper import Findings
from gossamer.probes.finding import Number

if TYPE_CHECKING:
    import pandas as pd

Cell = Mapping[str, Number]
"""All that decides one measurement, by name: what becomes columns beside its numbers. Plain values only."""

_SECONDS_BETWEEN_LINES = 30.0


class PartPlan(Protocol):
    """How much of a part is measured; a frozen dataclass."""

    @property
    def settings(self) -> Any:
        """What decides the numbers of every cell alike: a frozen dataclass, or None."""


@dataclass(frozen=True, slots=True)
class Part:
    """One system.

    Args:
        name: of its field in the plan, its results file and its lines of progress.
        version: raised when the same cell would measure other numbers than before.
        cells: of its part of the plan, in the order in which they are measured.
        measure: the numbers of one cell, from the plan's settings and the cell, whose seed decides all chance.
        conclude: claims and exhibits from the table: a row a cell, its columns those of cells and numbers, and
            `seconds` and `processor_seconds` that it took.
    """

    name: str
    version: int
    cells: Callable[[Any], Sequence[Cell]]
    measure: Callable[[Any, Cell], Mapping[str, Number]]
    conclude: Callable[[pd.DataFrame], Findings]


def carried_out(part: Part, plan: PartPlan, folder: Path) -> pd.DataFrame:
    """Measure every cell that `folder` does not hold yet, keep each as it comes, and give the table of all.

    Rows are lines of `parts/NAME.jsonl`: the cell, its numbers, and a digest of what decided them (cell, settings,
    version). A line that is cut off by an interruption is measured again.
    """
    cells = part.cells(plan)
    path = _path(part, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _read(path)
    keys = [_key(part, plan, cell) for cell in cells]
    missing = [place for place, key in enumerate(keys) if key not in known]
    begun = said = time.monotonic()
    for done, place in enumerate(missing, 1):
        since, worked = time.monotonic(), time.process_time()
        numbers = part.measure(plan.settings, cells[place])
        spent = {
            "seconds": round(time.monotonic() - since, 2),
            "processor_seconds": round(time.process_time() - worked, 2),
        }
        known[keys[place]] = {"key": keys[place], **cells[place], **numbers, **spent}
        _append(path, known[keys[place]])
        now = time.monotonic()
        if now - said > _SECONDS_BETWEEN_LINES or done == len(missing):
            said, left = now, (now - begun) / done * (len(missing) - done)
            count = len(cells) - len(missing) + done
            words = f"{part.name}: {count} of {len(cells)} measured, about {left / 60:.0f} min left"
            print(words, file=sys.stderr, flush=True)
    return _table(known, keys)


def kept(part: Part, plan: PartPlan, folder: Path) -> pd.DataFrame:
    """The table of the cells that `folder` holds by now; nothing is measured."""
    known = _read(_path(part, folder))
    return _table(known, [key for cell in part.cells(plan) if (key := _key(part, plan, cell)) in known])


def _table(rows: Mapping[str, Mapping[str, Any]], keys: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([{name: value for name, value in rows[key].items() if name != "key"} for key in keys])


def _path(part: Part, folder: Path) -> Path:
    return folder / "parts" / f"{part.name}.jsonl"


def _key(part: Part, plan: PartPlan, cell: Cell) -> str:
    text = json.dumps([part.name, part.version, repr(plan.settings), dict(cell)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The rows that were kept, by key."""
    rows = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # the last line of an interrupted write
        rows[str(row["key"])] = row
    return rows


def _append(path: Path, row: Mapping[str, Any]) -> None:
    broken = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if broken else "") + json.dumps(row) + "\n")
        file.flush()
