"""What a section of the page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gossamer.reports.page import Html


@final
@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph that says how to read it, and what there is to read."""

    words: str
    body: Html


@final
@dataclass(frozen=True, slots=True)
class Absent:
    """A section that the study has no material for, and why, as what follows its title and a colon."""

    why: str
