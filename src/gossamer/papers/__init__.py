"""Papers that can be reproduced, by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gossamer.errors import require_known

if TYPE_CHECKING:
    from gossamer.papers.paper import Paper

PAPERS = {
    "topologies-2017": "gossamer.papers.topologies",
    "insights-2020": "gossamer.papers.insights",
    "connectivity": "gossamer.papers.connectivity",
    "neighbours": "gossamer.papers.neighbours",
    "groups": "gossamer.papers.groups",
}
"""Each paper's module, which holds it as `PAPER`."""


def paper_named(name: str) -> Paper:
    """The paper of this name.

    Raises:
        ValueError: there is none; the message lists them.

    >>> paper_named("insights-2020").title
    'Topological Insights into Sparse Neural Networks'
    """
    found: Paper = importlib.import_module(require_known("paper", name, PAPERS)).PAPER
    return found
