"""F6 and F7: connectivity against degree, and against accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, correlation_of, exactly, mean_of
from gossamer.analysis.ranks import partial_spearman, spearman
from gossamer.analysis.tables import where
from gossamer.papers.topologies.claims.accuracy import MORE, SMALL
from gossamer.papers.topologies.plan import TopologiesPlan

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.papers.topologies.tables import Tables

THESE = "over these constructions; F7b tells how little six of them say of others"


def claims(tables: Tables, plan: TopologiesPlan) -> Iterator[Claim]:
    """Of measures alone, and with accuracy."""
    yield grows(tables.connectivity, "connectivity", "λ₂")
    yield grows(tables.connectivity, "spectral_gap", "spectral gap")
    yield varies(tables.connectivity, plan)
    yield as_noted(tables.noted)
    for data in plan.data:
        runs = where(tables.connected(plan), data=data)
        yield predicts(runs, data)
        yield better_than_density(runs, data)
        yield rather_than_density(runs, data)


def grows(connectivity: pd.DataFrame, column: str, name: str) -> Claim:
    """F6: λ₂ and the gap grow with the degree."""
    table = connectivity.groupby(["outputs", "topology", "degree"])[column].mean().reset_index()
    return Claim(
        f"{name} grows",
        "F6",
        f"The {name} of every construction grows with the degree (reading).",
        f"Rank correlation of degree and {name}; above .8 it grows (our threshold), for every construction.",
        Between(low=0.8),
        tuple(
            exactly(spearman(rows["degree"], rows[column]), f"{topology}, {outputs} outputs")
            for (outputs, topology), rows in table.groupby(["outputs", "topology"])
        ),
    )


def varies(connectivity: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F6: when sparse, λ₂ tells constructions apart."""
    means = where(connectivity, degree=plan.sparse[-1]).groupby("topology")["connectivity"].mean()
    low, high = float(means.min()), float(means.max())
    return Claim(
        "λ₂ varies when sparse",
        "F6",
        "When connections are sparse, connectivity varies across constructions.",
        f"Greatest over smallest mean λ₂ of a construction at degree {plan.sparse[-1]}; above 2 it varies (ours).",
        Between(low=2.0),
        (exactly(high / low if low > 0 else math.inf, f"{means.idxmax()} over {means.idxmin()}"),),
    )


def as_noted(noted: pd.DataFrame) -> Claim:
    """F6: our λ₂ are those computed before."""
    fixed = noted[noted["deterministic"].astype(bool)]
    return Claim(
        "λ₂ as computed before",
        "F6b",
        "No claim of the paper: λ₂ of 784 × 300 and 784 × 100 junctions, computed for this project independently of "
        "this code, by code that is not kept.",
        "Largest difference over the constructions without chance; half a unit of the first decimal is rounding.",
        Between(high=0.055),
        (exactly(float((fixed["ours"] - fixed["noted"]).abs().max()), "largest difference"),),
    )


def predicts(runs: pd.DataFrame, data: str) -> Claim:
    """F7: connectivity and accuracy go together."""
    return Claim(
        "connectivity predicts accuracy",
        "F7",
        "Accuracy is highly correlated with connectivity.",
        "Spearman's correlation over all sparse networks of a seed, all degrees together; above .5 is high (ours).",
        Between(low=0.5),
        (_correlation(runs, "λ₂ and accuracy", _with("connectivity")),),
        (_correlation(runs, "degree and accuracy", _with("degree")),),
        data=data,
        condition="all degrees together, where the degree alone predicts as well or better",
    )


def better_than_density(runs: pd.DataFrame, data: str) -> Claim:
    """F7: what is left out if only connectivity is looked at."""
    gaps = [
        np.arctanh(np.clip(_with("connectivity")(rows), -0.999, 0.999))
        - np.arctanh(np.clip(_with("degree")(rows), -0.999, 0.999))
        for _, rows in runs.groupby("seed")
    ]
    return Claim(
        "better than density",
        "F7",
        "Connectivity predicts accuracy, rather than density.",
        "Fisher's z of the correlation of accuracy with λ₂, less that with the degree, seed by seed.",
        MORE,
        (mean_of(gaps, "z of λ₂ less z of degree"),),
        data=data,
        condition=THESE,
    )


def rather_than_density(runs: pd.DataFrame, data: str) -> Claim:
    """F7: at equal edges."""
    telling = runs.groupby("degree")["connectivity"].transform("nunique") > 1
    return Claim(
        "rather than density",
        "F7",
        "The correlation is with connectivity rather than density.",
        "Spearman's correlation among networks of a seed with as many edges, mean over the degrees at which λ₂ differs "
        "(at degree 1 it is 0 for all): what is left of it when density is held fixed.",
        MORE,
        (_correlation(runs[telling], "at equal edges", _at_equal_edges),),
        (
            _correlation(runs, "connectivity given density", _given("connectivity", "degree")),
            _correlation(runs, "density given connectivity", _given("degree", "connectivity")),
        ),
        data=data,
        condition=THESE + f"; {SMALL}",
    )


def _correlation(frame: pd.DataFrame, what: str, correlate: Callable[[pd.DataFrame], float]) -> Estimate:
    return correlation_of([correlate(rows) for _, rows in frame.groupby("seed")], what)


def _with(column: str) -> Callable[[pd.DataFrame], float]:
    return lambda rows: spearman(rows[column], rows["accuracy"])


def _given(column: str, given: str) -> Callable[[pd.DataFrame], float]:
    return lambda rows: partial_spearman(rows[column], rows["accuracy"], rows[given])


def _at_equal_edges(rows: pd.DataFrame) -> float:
    groups = [group for _, group in rows.groupby("degree") if len(group) > 2]
    if not groups:
        return math.nan
    return float(np.mean([spearman(group["connectivity"], group["accuracy"]) for group in groups]))
