"""A paper that can be reproduced, and what comes of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from gossamer.analysis.claims import Claim, Estimate
from gossamer.files import write_atomically
from gossamer.papers.exhibit import Exhibit
from gossamer.studies.run import Run, data_digest
from gossamer.studies.study import Study
from gossamer.timing.environment import environment

Train: TypeAlias = Callable[[str, Sequence[Run]], Study]
"""Carries out runs under a name and gives the study that holds them; what was done before is not done again."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a reproduction came to.

    Args:
        claims: decided.
        exhibits: figures and tables.
        seconds: of work that is no study's run.
    """

    claims: tuple[Claim, ...]
    exhibits: tuple[Exhibit, ...]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper's claims, and the way to test them.

    Args:
        name: on the command line.
        title: of the paper.
        citation: who, where, when.
        plans: how much is trained, by the names "full" and "quick": frozen dataclasses with a field `data`.
        reproduce: trains what a plan says, and concludes; keeps what is long to compute in the folder given.
        remarks: what a reader must know of the choices, a sentence each.
    """

    name: str
    title: str
    citation: str
    plans: Mapping[str, Any]
    reproduce: Callable[[Any, Train, Path], Findings]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One reproduction with all that its numbers came from.

    Args:
        paper: which.
        size: "full" or "quick".
        plan: what was trained.
        findings: what came out.
        studies: what was trained, each in its folder.
        command: what was typed.
    """

    paper: Paper
    size: str
    plan: Any
    findings: Findings
    studies: tuple[Study, ...]
    command: str

    @property
    def failures(self) -> dict[str, str]:
        """Runs that have no result, with the cause; the numbers leave them out."""
        frames = [study.frame() for study in self.studies]
        rows = [row for frame in frames for row in frame[frame["state"] != "done"].itertuples()]
        return {str(row.run): str(row.error or row.state) for row in rows}

    def write(self, folder: Path) -> None:
        """Write `results.json`, and the numbers under every figure, `data/KEY.csv`.

        Raises:
            OSError: the folder cannot be written.
        """
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for exhibit in self.findings.exhibits:
            write_atomically(folder / "data" / f"{exhibit.key}.csv", exhibit.table.to_csv(index=False).encode())
        for study in self.studies:
            table = study.frame().drop(columns=["error"])
            write_atomically(folder / "data" / f"runs-{study.folder.name}.csv", table.to_csv(index=False).encode())
        write_atomically(folder / "results.json", json.dumps(self._described(), indent=2).encode() + b"\n")

    def _described(self) -> dict[str, Any]:
        return {
            "format": "gossamer reproduction",
            "version": 1,
            "paper": {"name": self.paper.name, "title": self.paper.title, "citation": self.paper.citation},
            "size": self.size,
            "command": self.command,
            "plan": asdict(self.plan),
            "claims": [_claim(claim) for claim in self.findings.claims],
            "data": {name: data_digest(name) for name in self.plan.data},
            "studies": {study.name: [entry.digest for entry in study.entries] for study in self.studies},
            "failures": self.failures,
            "seconds_of_training": round(self.seconds, 1),
            "environment": {name: value for name, value in environment().items() if name != "host"},
        }

    @property
    def seconds(self) -> float:
        """Seconds of all runs, and of other work, together."""
        return self.findings.seconds + sum(float(study.frame()["seconds"].sum()) for study in self.studies)


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "key": claim.key,
        "exhibit": claim.exhibit,
        "words": claim.words,
        "question": claim.question,
        "rule": str(claim.rule),
        "verdict": claim.verdict.value,
        "estimates": [{**_numbers(each), "verdict": claim.rule(each).value} for each in claim.estimates],
        "context": [_numbers(each) for each in claim.context],
    }


def _numbers(estimate: Estimate) -> dict[str, Any]:
    """JSON has no infinity: what is not finite is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(estimate).items()
    }
