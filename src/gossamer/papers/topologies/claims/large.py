"""The paper's claims at full size, where hidden layers are large: one verdict a data set and width.

Judged on networks with the paper's initial weights; the start that counts live edges only has a claim of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim, Needs
from gossamer.analysis.estimates import Estimate, between_groups, correlation_of
from gossamer.analysis.ranks import spearman
from gossamer.analysis.tables import difference_by_seed, where
from gossamer.papers.topologies.claims.accuracy import AS_GOOD, EQUAL, MORE
from gossamer.papers.topologies.large_plan import Large, Layer
from gossamer.papers.topologies.plan import DENSE, NARROW, STRUCTURED, TopologiesPlan

if TYPE_CHECKING:
    import pandas as pd

COMMAND = (
    "gossamer reproduce topologies-2017 --large: layers of 1000 units, tuned rates, 60 epochs; or its --cut, 24 "
    "epochs, its --followup, 16, or its --long, 40"
)


def claims(runs: pd.DataFrame, plan: TopologiesPlan) -> Iterator[Claim]:
    """All of them; the paper's main one, untried, where nothing large was trained."""
    for data in plan.data:
        if plan.large is None:
            yield _untried(data)
            continue
        for layer in plan.large.layers:
            judge = _Judge(where(runs, data=data, hidden=layer.hidden), plan.large, layer, data)
            yield from judge.claims()


def _untried(data: str) -> Claim:
    return Claim(
        "structured ≥ dense, large layers",
        "F3",
        "At medium density structured sparse topologies with large hidden layers are at least as accurate as the fully "
        "connected network.",
        "The same with 1000 hidden units at medium degrees.",
        AS_GOOD,
        (),
        data=data,
        needs=Needs.ANY,
        missing=COMMAND,
    )


@dataclass(frozen=True, eq=False)
class _Judge:
    """The claims of one layer on one data set.

    Args:
        rows: its runs, with the λ₂ of their first junction.
        large: the plan.
        layer: which.
        data: name.
    """

    rows: pd.DataFrame
    large: Large
    layer: Layer
    data: str

    def claims(self) -> Iterator[Claim]:
        yield self._claim(
            "structured ≥ dense, full size",
            "At medium density structured sparse topologies are at least as accurate as the fully connected network.",
            f"Accuracy of {', '.join(self._structured)} at degrees {self._medium} less that of the fully connected "
            "network of the same seed; one that is as good is enough (reading), a tenth of a point less still equal "
            "(ours).",
            AS_GOOD,
            [self._less(name, DENSE, degree) for degree in self.layer.medium for name in self._structured],
            needs=Needs.ANY,
        )
        yield self._claim(
            "accuracy stays, full size",
            "Accuracy stays as the degree falls from that of the fully connected network to a medium one.",
            f"The same; it stays if no more than a fifth of a point is lost by any of them, at degrees {self._medium}.",
            Between(low=-0.002),
            [self._less(name, DENSE, degree) for degree in self.layer.medium for name in self._structured],
        )
        yield self._claim(
            "structured beats narrow, full size",
            "No claim of the paper: structured topologies beat the fully connected network of as many edges.",
            "Accuracy less that of a fully connected network of as many edges, which is narrower, and has its own "
            "rate; any degree and construction is enough.",
            MORE,
            [self._less(name, NARROW, degree) for degree in self.layer.degrees for name in self._structured],
            needs=Needs.ANY,
        )
        for degree in self.layer.sparse:
            yield self._claim(
                "constructions differ when sparse, full size",
                "Architectures of equal degree differ in accuracy when they are sparse.",
                f"Standard deviation between the constructions' mean accuracies at degree {degree}, freed of what "
                "seeds add to it; above a tenth of a point it matters (ours).",
                Between(low=0.001),
                [self._spread(degree)],
                [self._spread(other) for other in self.layer.medium],
            )
        if len(self._structured) == len(STRUCTURED):
            yield self._claim(
                "regular as good as fibonacci, full size",
                "Regular rotations are as accurate as fibonacci.",
                "Accuracy of rotating_regular less that of fibonacci at every degree; within a fifth of a point they "
                "are equal (ours).",
                EQUAL,
                [self._less("rotating_regular", "fibonacci", degree) for degree in self.layer.degrees],
            )
        if len(self.large.constructions) > 2:  # of two, a rank correlation is -1 or 1
            yield self._claim(
                "rather than density, full size",
                "The correlation is with connectivity rather than density.",
                "Spearman's correlation of λ₂ and accuracy among networks of a seed with as many edges, mean over "
                "degrees.",
                MORE,
                [correlation_of(self._at_equal_edges(), "at equal edges")],
            )
        if len(self.large.starts) > 1:
            yield self._claim(
                "the start does not matter, full size",
                "No claim of the paper: initial weights scaled by live edges make no difference to those scaled as in "
                "the fully connected network.",
                "Accuracy with the one less the other, each at its own rate, every construction and degree together; "
                "within a fifth of a point they are equal (ours).",
                EQUAL,
                [self._starts(degree) for degree in self.layer.degrees] if len(self._live) else [],
            )

    @property
    def _medium(self) -> str:
        return ", ".join(map(str, self.layer.medium))

    @property
    def _structured(self) -> list[str]:
        return [name for name in STRUCTURED if name in self.large.constructions]

    @property
    def _own(self) -> pd.DataFrame:
        """With the paper's start."""
        return where(self.rows, fan="dense")

    @property
    def _live(self) -> pd.DataFrame:
        """With the start that counts live edges, which comes last."""
        return where(self.rows, fan="sparse")

    @property
    def _sparse(self) -> pd.DataFrame:
        return self._own[~self._own["topology"].isin([DENSE, NARROW])]

    def _less(self, one: str, other: str, degree: int) -> Estimate:
        than = {} if other == DENSE else {"degree": degree}
        ours, theirs = where(self._own, topology=one, degree=degree), where(self._own, topology=other, **than)
        return difference_by_seed(ours, theirs, f"{one} less {other}, degree {degree}")

    def _spread(self, degree: int) -> Estimate:
        table = where(self._sparse, degree=degree).pivot_table(index="topology", columns="seed", values="accuracy")
        return between_groups(table.dropna(axis=1).to_numpy(), f"degree {degree}, {len(table)} constructions")

    def _at_equal_edges(self) -> list[float]:
        known = self._sparse.dropna(subset=["connectivity"])
        return [
            float(np.mean([spearman(rows["connectivity"], rows["accuracy"]) for _, rows in of_seed.groupby("degree")]))
            for _, of_seed in known.groupby("seed")
        ]

    def _starts(self, degree: int) -> Estimate:
        known = {"degree": degree, "topology": self.large.constructions}
        one, other = (where(rows, **known) for rows in (self._live, self._own))
        return difference_by_seed(one, other, f"degree {degree}")

    def _claim(
        self,
        key: str,
        words: str,
        question: str,
        rule: Between,
        judged: list[Estimate],
        context: list[Estimate] | None = None,
        *,
        needs: Needs = Needs.EVERY,
    ) -> Claim:
        seeds = self.rows["seed"].nunique() if len(self.rows) else 0
        known = seeds > 1 and len(judged) > 0
        return Claim(
            key,
            "L1",
            words,
            question,
            rule,
            tuple(judged) if known else (),
            tuple(context or ()),
            data=f"{self.data}, {self.layer.hidden} units",
            needs=needs,
            condition=f"{seeds} seeds, {self.large.epochs} epochs, rates out of {len(self.large.rates)}"
            if known
            else "",
            missing="" if known else COMMAND,
        )
