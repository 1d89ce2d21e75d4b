"""What the 2017 paper's figures need beside accuracies: connectivity, and the spread of trained weights."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from gossamer.analysis.tables import where
from gossamer.errors import without_topology_warnings
from gossamer.generators import named
from gossamer.measures import algebraic_connectivity, dead_units, spectral_gap
from gossamer.papers.topologies.plan import CONSTRUCTIONS, DENSE, NARROW, pixels
from gossamer.topology import Junction
from gossamer.training import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from gossamer.studies import Study

NOTED = {
    ("regular_random", 300): (4.8, 12.5, 28.5),
    ("rotating_random", 300): (2.6, 9.5, 25.8),
    ("rotating_regular", 300): (0.08, 1.8, 21.9),
    ("fibonacci", 300): (0.11, 6.1, 6.4),
    ("rotating_contiguous", 300): (0.01, 0.10, 0.80),
    ("regular_random", 100): (6.2, 14.3, 30.6),
    ("rotating_regular", 100): (0.84, 12.7, 22.1),
    ("fibonacci", 100): (1.15, 6.8, 11.5),
}
"""λ₂ of a junction from 784 inputs to so many outputs at degrees 8, 16, 32.

The paper has no such numbers. These were computed for this project from the same definitions, one seed where there is
chance, before its own code was there and by code that is not kept. Ours are printed by
`gossamer topology NAME --inputs 784 --outputs 300 --degree 8`.
"""

NOTED_DEGREES = (8, 16, 32)


def first_junction(name: str, sizes: tuple[int, int], degree: float, *, seed: int) -> Junction:
    """The first junction of the network of this construction, size, degree and seed."""
    with without_topology_warnings():  # dead and disconnected ones are meant to be looked at
        return named(name).with_edges(*sizes, round(degree * sizes[0]), rng=stream(seed, "topology"))


def connectivity(sizes: tuple[int, int], degrees: Sequence[float], *, seeds: int) -> pd.DataFrame:
    """λ₂, spectral gap and dead outputs of every construction, degree and seed."""
    import pandas as pd

    rows = []
    for name in CONSTRUCTIONS:
        for degree in degrees:
            for seed in range(seeds if named(name).random else 1):
                g = first_junction(name, sizes, degree, seed=seed)
                values = algebraic_connectivity(g), spectral_gap(g), dead_units(g).outputs
                rows.append((name, sizes[1], degree, seed, *values))
    columns = ["topology", "outputs", "degree", "seed", "connectivity", "spectral_gap", "dead_outputs"]
    return pd.DataFrame(rows, columns=columns)


def with_connectivity(runs: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Runs with the λ₂ of their first junction; those of constructions without chance share it."""
    values = {(row.topology, row.degree, row.seed): row.connectivity for row in found.itertuples()}
    keys = zip(runs["topology"], runs["degree"], runs["seed"], strict=True)
    sparse = [values.get(key, values.get((key[0], key[1], 0))) for key in keys]
    return runs.assign(connectivity=sparse).dropna(subset=["connectivity"])


def with_first_connectivity(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs at full size with the λ₂ of their first junction; empty for fully connected networks."""

    @cache
    def value(name: str, sizes: tuple[int, int], degree: int, seed: int) -> float:
        return float(algebraic_connectivity(first_junction(name, sizes, degree, seed=seed)))

    if runs.empty:
        return runs
    found = [
        math.nan
        if row.topology in (DENSE, NARROW)
        else value(row.topology, (pixels(row.data), row.hidden), row.degree, row.seed * named(row.topology).random)
        for row in runs.itertuples()
    ]
    return runs.assign(connectivity=found)


def weights(study: Study, runs: pd.DataFrame) -> pd.DataFrame:
    """Maximum, minimum and standard deviation of the live weights of the first junction after training."""
    rows = []
    for row in where(runs, state="done").itertuples():
        state = study.weights(str(row.run))
        values = state[next(name for name in state if name.endswith("weight"))]
        rows.append((row.topology, row.degree, row.seed, values.max(), values.min(), values.std()))
    import pandas as pd

    table = pd.DataFrame(rows, columns=["topology", "degree", "seed", "maximum", "minimum", "deviation"])
    return table.astype({"maximum": float, "minimum": float, "deviation": float})


def noted(seeds: int) -> pd.DataFrame:
    """Our λ₂ beside values computed independently, one seed each: those of constructions without chance must agree."""
    import pandas as pd

    rows = []
    for (name, outputs), values in NOTED.items():
        for degree, value in zip(NOTED_DEGREES, values, strict=True):
            count = seeds if named(name).random else 1
            ours = [
                algebraic_connectivity(first_junction(name, (784, outputs), degree, seed=seed)) for seed in range(count)
            ]
            rows.append((name, outputs, degree, value, sum(ours) / count, min(ours), max(ours), not named(name).random))
    columns = ["topology", "outputs", "degree", "noted", "ours", "least", "greatest", "deterministic"]
    return pd.DataFrame(rows, columns=columns)
