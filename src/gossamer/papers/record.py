"""How a reproduction's numbers were made: what is written beside them, and read again where they are judged anew."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gossamer.errors import DataUnavailableError, StudyError
from gossamer.studies.run import data_digest
from gossamer.studies.study import Study
from gossamer.timing.environment import environment

FORMAT = "gossamer reproduction"


@dataclass(frozen=True, slots=True)
class Record:
    """Where the numbers come from.

    Args:
        command: what was typed.
        size: "full", "quick", "large", "large cut", "large followup" or "large long".
        plan: what was trained, as JSON holds it.
        data: digest of each data set that was at hand, by name; numbers that were measured before need none.
        studies: digests of the runs of each study, by name.
        failures: runs that have no result, with the cause; the numbers leave them out.
        seconds: of training, all runs together.
        environment: versions, processor and commit.
        waiting: how many runs were not carried out when the numbers were put together.
        judged: where verdicts were found later than the numbers: what they were found with.
        parts: what was trained in folders of its own and joined, each with its command, runs, seconds and environment.
    """

    command: str
    size: str
    plan: Mapping[str, Any]
    data: Mapping[str, str]
    studies: Mapping[str, Sequence[str]]
    failures: Mapping[str, str]
    seconds: float
    environment: Mapping[str, Any]
    waiting: int = 0
    judged: Mapping[str, Any] | None = None
    parts: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, plan: Any, studies: Sequence[Study], *, size: str, command: str, seconds: float = 0.0) -> Record:
        """The record of what was just trained.

        Args:
            plan: a frozen dataclass with a field `data`, the names of the data sets.
            studies: what was trained.
            size: "full" or "quick".
            command: what was typed.
            seconds: of work that is no study's run.
        """
        frames = [study.frame() for study in studies]
        failed = [row for frame in frames for row in frame[frame["state"] == "failed"].itertuples()]
        waiting = sum(int((frame["state"] == "waiting").sum()) for frame in frames)
        return cls(
            command=command,
            size=size,
            plan=json.loads(json.dumps(asdict(plan))),
            data=_digests(plan.data),
            studies={study.name: [entry.digest for entry in study.entries] for study in studies},
            failures={str(row.run): str(row.error or row.state) for row in failed},
            waiting=waiting,
            seconds=seconds + sum(float(frame["seconds"].sum()) for frame in frames if "seconds" in frame),
            environment=_shown(environment()),
        )

    @classmethod
    def read(cls, folder: Path) -> Record:
        """The record of a folder that a reproduction wrote.

        Raises:
            StudyError: there is no such folder, or it is not a reproduction's.
        """
        path = folder / "results.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["format"] != FORMAT:
                raise KeyError("format")
            names = ("command", "size", "plan", "data", "studies", "failures", "environment")
            values = {name: found[name] for name in names}
            seconds, waiting = float(found["seconds_of_training"]), int(found.get("waiting", 0))
            return cls(**values, seconds=seconds, waiting=waiting, parts=found.get("joined", ()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StudyError(f"{path} holds no results of a reproduction to judge again: {error!r}.") from error

    def judged_now(self) -> Record:
        """The same, its verdicts found with this code."""
        return replace(self, judged=_shown(environment()))

    def with_part(self, other: Record) -> Record:
        """The same with what was trained by another record; it takes the place of an earlier one of its command."""
        names = ("command", "data", "studies", "failures", "seconds_of_training", "environment")
        told = other.described()
        part = {name: told[name] for name in names}
        others = [each for each in self.parts if each["command"] != part["command"]]
        before = sum(each["seconds_of_training"] for each in self.parts if each not in others)
        failures, seconds = {**self.failures, **other.failures}, self.seconds - before + part["seconds_of_training"]
        return replace(self, failures=failures, seconds=seconds, parts=(*others, part))

    def described(self) -> dict[str, Any]:
        """As `results.json` holds it."""
        return {
            "size": self.size,
            "command": self.command,
            "plan": self.plan,
            "data": self.data,
            "studies": self.studies,
            "failures": self.failures,
            "waiting": self.waiting,
            "seconds_of_training": round(self.seconds, 1),
            "environment": self.environment,
            **({"joined": list(self.parts)} if self.parts else {}),
            **({} if self.judged is None else {"judged_again_with": self.judged}),
        }


def _shown(found: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "host"}


def _digests(names: Sequence[str]) -> dict[str, str]:
    """Of the data sets that are on this machine."""
    found = {}
    for name in names:
        with contextlib.suppress(DataUnavailableError):
            found[name] = data_digest(name)
    return found
