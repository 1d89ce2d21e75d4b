"""A paper that can be reproduced, and what comes of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from gossamer.analysis.claims import Claim, Judgement, decisive_level, judged
from gossamer.analysis.estimates import Estimate
from gossamer.files import write_atomically
from gossamer.papers.exhibit import Exhibit
from gossamer.papers.record import FORMAT, Record
from gossamer.studies.run import Run
from gossamer.studies.study import Study

Train: TypeAlias = Callable[[str, Sequence[Run]], Study]
"""Carries out runs under a name and gives the study that holds them; what was done before is not done again."""


@dataclass(frozen=True)
class Findings:
    """What a reproduction came to.

    Args:
        claims: with their numbers.
        exhibits: figures and tables.
        seconds: of work that is no study's run.
    """

    claims: tuple[Claim, ...]
    exhibits: tuple[Exhibit, ...]
    seconds: float = 0.0

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """The claims decided, corrected for their number."""
        return judged(self.claims)


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper's claims, and the way to test them.

    Args:
        name: on the command line.
        title: of the paper.
        citation: who, where, when.
        plans: how much is trained, by the names "full" and "quick", and of some "large", "large cut",
            "large followup" and "large long": frozen dataclasses with a field `data`.
        reproduce: trains what a plan says, and concludes; keeps what is long to compute in the folder given.
        remarks: what a reader must know of the choices, a sentence each.
        again: concludes from the tables that a folder keeps and the plan that they were made by, as JSON has it; None
            if it cannot.
        so_far: concludes from what a folder holds by now, of a plan; None if all of it is studies' runs.
        parts: what can be trained and concluded alone, by name, each as `reproduce`.
        joined: tables beside those of runs that join when a part is joined to the rest; see `papers.joined`.
        replaced: tables that a part has of all of its data sets, and that then take the place of those kept.
    """

    name: str
    title: str
    citation: str
    plans: Mapping[str, Any]
    reproduce: Callable[[Any, Train, Path], Findings]
    remarks: tuple[str, ...]
    again: Callable[[Mapping[str, Any], Path], Findings] | None = None
    so_far: Callable[[Any, Path], Findings] | None = None
    parts: Mapping[str, Callable[[Any, Train, Path], Findings]] = field(default_factory=dict)
    joined: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One reproduction with all that its numbers came from.

    Args:
        paper: which.
        record: how the numbers were made.
        findings: what came out.
        studies: what was trained just now, each in its folder; none if kept numbers were judged.
    """

    paper: Paper
    record: Record
    findings: Findings
    studies: tuple[Study, ...] = ()

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
        paper = {"name": self.paper.name, "title": self.paper.title, "citation": self.paper.citation}
        return {
            "format": FORMAT,
            "version": 2,
            "paper": paper,
            "claims": [_described(judgement) for judgement in self.findings.judgements],
            **self.record.described(),
        }


def _described(judgement: Judgement) -> dict[str, Any]:
    claim = judgement.claim
    return {
        "key": claim.key,
        "exhibit": claim.exhibit,
        "data": claim.data,
        "words": claim.words,
        "question": claim.question,
        "rule": str(claim.rule),
        "needs": claim.needs.value,
        "verdict": judgement.verdict.value,
        "p": judgement.p_value if judgement.chance else None,
        "p_holm": judgement.p_holm if judgement.chance else None,
        "condition": claim.condition,
        "missing": claim.missing,
        "estimates": [{**_numbers(each), "leans": _leaning(claim, each)} for each in claim.estimates],
        "context": [_numbers(each) for each in claim.context],
    }


def _leaning(claim: Claim, estimate: Estimate) -> dict[str, Any]:
    verdict, level = decisive_level(claim.rule, estimate)
    return {"to": verdict.value, "p": level}


def _numbers(estimate: Estimate) -> dict[str, Any]:
    """JSON has no infinity: what is not finite is null."""
    values = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    numbers = {name: value if math.isfinite(value) else None for name, value in values.items()}
    return {"what": estimate.what, **numbers, "n": estimate.n}
