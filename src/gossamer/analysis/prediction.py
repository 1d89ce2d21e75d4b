"""Which measures of a topology predict accuracy, once the number of edges is held fixed.

The honest test of "connectivity rather than density": rank correlations within groups of equal edge count, partial
correlations given the layers' densities, p-values by permuting whole families of topologies that account for testing
many measures, and the error of a prediction for families that it never saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.analysis.correction import holm
from gossamer.analysis.held_out import HeldOut, held_out
from gossamer.analysis.witnesses import Witnesses, correlations, residuals, share
from gossamer.errors import Rng, require_int, require_rng

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Runs:
    """A table of trained networks, one row a run.

    Args:
        measures: values of each measure, shape (R,), by name; finite.
        family: the construction of each run's topology, shape (R,), any labels: the witness of which there may be few.
        num_edges: edges of each run, shape (R,): runs are compared only with runs of as many.
        layer_densities: shape (R, L), 0 to 1.
        accuracy: shape (R,).

    Raises:
        ValueError: no measure, fewer than 4 runs, shapes that do not fit, values that are not finite.
    """

    measures: Mapping[str, ArrayLike]
    family: ArrayLike
    num_edges: ArrayLike
    layer_densities: ArrayLike
    accuracy: ArrayLike

    def __post_init__(self) -> None:
        rows = len(np.asarray(self.accuracy))
        if not self.measures or rows < 4:
            raise ValueError(f"{len(self.measures)} measures of {rows} runs; at least 1 of at least 4 is needed.")
        columns = {"family": self.family, "num_edges": self.num_edges, "accuracy": self.accuracy, **self.measures}
        for name, column in columns.items():
            if np.shape(column) != (rows,):
                raise ValueError(f"{name} has shape {np.shape(column)}; there are ({rows},) runs.")
        if np.ndim(self.layer_densities) != 2 or len(np.asarray(self.layer_densities)) != rows:
            raise ValueError(
                f"layer_densities has shape {np.shape(self.layer_densities)}; it must be ({rows}, layers)."
            )
        numbers = {**columns, "layer_densities": self.layer_densities}
        del numbers["family"]
        for name, column in numbers.items():
            if not np.isfinite(np.asarray(column, dtype=np.float64)).all():
                raise ValueError(f"{name} has a value that is not finite; leave out the run or the measure.")


@dataclass(frozen=True)
class Association:
    """How one measure goes with accuracy.

    Attributes:
        measure: its name.
        spearman: mean rank correlation within groups of equal edge count, weighted by their families, -1 to 1; 0 where
            the measure or the accuracy is constant.
        p_value: share of permutations of whole families whose |spearman| is at least as large, in (0, 1].
        p_holm: `p_value` corrected for all measures by Holm's step-down method.
        p_max: share of permutations in which the largest |spearman| of *any* measure reaches this one's.
        partial: rank correlation given the ranks of the layer densities, within groups, -1 to 1.
        partial_p_value: share of permutations of the accuracy's residuals, whole families again, that reach |partial|.
        held_out: for each family, R^2 of its runs under a line fitted to all other families, against the other
            families' mean at equal edge count: 1 is perfect, 0 no better than that mean, below 0 worse; nan where the
            runs do not differ from it or no other family has their edge counts.
        held_out_all: the same of all families' squared errors together.
        families: how many witnesses there are.
    """

    measure: str
    spearman: float
    p_value: float
    p_holm: float
    p_max: float
    partial: float
    partial_p_value: float
    held_out: Mapping[str, float]
    held_out_all: float
    families: int


def associate(runs: Runs, *, rng: Rng, permutations: int = 999) -> tuple[Association, ...]:
    """Test every measure of `runs`, in the order of the table.

    A construction is one witness, however many degrees and seeds it was trained with: what makes it good for other
    reasons than the measure makes it good in all of them. Runs of one family and edge count are averaged, ranked within
    their edge count and standardised there; a correlation of the pooled standard scores is then the mean of the groups'
    Spearman correlations, each weighted by its families. Permutations give each family all accuracies of another, each
    at its edge count, and are shared by all measures (max-T). With F families there are at most F! of them, so that p
    is never below about 1 / F!: four constructions cannot reach .04.

    Args:
        runs: the table.
        rng: draws the permutations.
        permutations: how many; p-values are at least 1 / (permutations + 1).

    Returns:
        one result a measure.

    References:
        Westfall, Young, "Resampling-Based Multiple Testing", 1993 (the single-step max-T).
        Freedman, Lane, "A nonstochastic interpretation of reported significance levels", Journal of Business &
        Economic Statistics 1, 1983 (permuting residuals for a partial correlation).
        Winkler, Webster, Vidaurre, Nichols, Smith, "Multi-level block permutation", NeuroImage 123, 2015 (whole blocks
        are exchanged where observations within a block depend on each other).

    >>> families = np.repeat(list("abcdef"), 2)
    >>> gap = np.arange(12.0)
    >>> runs = Runs({"gap": gap}, families, [10, 20] * 6, np.ones((12, 1)), gap / 100)
    >>> (found,) = associate(runs, rng=np.random.default_rng(0))
    >>> round(found.spearman, 3), found.p_value < 0.05, found.families
    (1.0, True, 6)
    """
    rng, count = require_rng(rng), require_int("permutations", permutations, low=1)
    cells = Witnesses.of(runs.family, runs.num_edges)
    X = np.column_stack([cells.scores(column) for column in runs.measures.values()])
    y = cells.scores(runs.accuracy)
    Z = np.column_stack([cells.scores(column) for column in np.asarray(runs.layer_densities, dtype=np.float64).T])

    moved = cells.moved(count, rng)
    plain, null = _observed_and_null(X, y, moved)
    partial, null_given = _observed_and_null(residuals(X, Z), residuals(y[:, None], Z)[:, 0], moved, given=Z)
    p_values, p_given = share(null, plain), share(null_given, partial)
    p_holm, p_max = holm(p_values), share(np.abs(null).max(axis=1, keepdims=True), plain)
    families = len(np.unique(cells.family))
    return tuple(
        Association(
            name,
            float(plain[m]),
            float(p_values[m]),
            float(p_holm[m]),
            float(p_max[m]),
            float(partial[m]),
            float(p_given[m]),
            *_foretold(column, runs),
            families,
        )
        for m, (name, column) in enumerate(runs.measures.items())
    )


def _observed_and_null(
    X: Vector, y: Vector, moved: NDArray[np.intp], *, given: Vector | None = None
) -> tuple[Vector, Vector]:
    """Correlations (M,) of the columns of X (C, M) with y (C,), and those of every permutation of it (P, M).

    A permutation that leaves nothing to correlate counts as one that reaches any value.
    """
    observed = correlations(X, y[None, :], np.ones((1, len(y)), dtype=bool))[0]
    there = moved >= 0
    Y = y[moved]
    if given is not None:
        Y = residuals(np.where(there, Y, 0.0).T, given).T
    null = correlations(X, Y, there)
    null[(there & (y[moved] != 0)).sum(axis=1) == 0] = np.inf
    return observed, null


def _foretold(column: ArrayLike, runs: Runs) -> tuple[dict[str, float], float]:
    found = held_out(column, runs.accuracy, family=runs.family, num_edges=runs.num_edges)
    together = HeldOut(sum(each.error for each in found.values()), sum(each.baseline for each in found.values()))
    return {name: each.r_squared for name, each in found.items()}, together.r_squared
