"""Which measures of a topology predict accuracy, once the number of edges is held fixed.

The honest test of "connectivity rather than density": rank correlations within groups of equal edge count, partial
correlations given the layers' densities, p-values by permutation that account for testing many measures, and the error
of a prediction for families of topologies that it never saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import require_int, require_rng

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Runs:
    """A table of trained networks, one row a run.

    Args:
        measures: values of each measure, shape (R,), by name; finite.
        family: the construction of each run's topology, shape (R,), any labels.
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
        spearman: mean rank correlation within groups of equal edge count, weighted by their runs, -1 to 1; 0 where the
            measure or the accuracy is constant.
        p_value: share of permutations of accuracy within groups whose |spearman| is at least as large, in (0, 1].
        p_holm: `p_value` corrected for all measures by Holm's step-down method.
        p_max: share of permutations in which the largest |spearman| of *any* measure reaches this one's.
        partial: rank correlation given the ranks of the layer densities, within groups, -1 to 1.
        partial_p_value: share of permutations of the accuracy's residuals within groups that reach |partial|.
        held_out: for each family, R^2 of its runs about their own mean under a line fitted to all other families, both
            centred by the others' means at equal edge count: 1 is perfect, below 0 worse than a constant; nan where
            its accuracy is constant or no other family has its edge counts.
    """

    measure: str
    spearman: float
    p_value: float
    p_holm: float
    p_max: float
    partial: float
    partial_p_value: float
    held_out: Mapping[str, float]


def associate(runs: Runs, *, rng: np.random.Generator, permutations: int = 999) -> tuple[Association, ...]:
    """Test every measure of `runs`, in the order of the table.

    Ranks are taken within groups of equal `num_edges` and standardised there; a correlation of the pooled standard
    scores is then the mean of the groups' Spearman correlations, each weighted by its runs. Accuracies are permuted
    within groups only, which keeps every group's edge count. Permutations are shared by all measures (max-T).

    Args:
        runs: the table.
        rng: draws the permutations.
        permutations: how many; p-values are at least 1 / (permutations + 1).

    Returns:
        one result a measure.

    References:
        Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
        Westfall, Young, "Resampling-Based Multiple Testing", 1993 (the single-step max-T).
        Freedman, Lane, "A nonstochastic interpretation of reported significance levels", Journal of Business &
        Economic Statistics 1, 1983 (permuting residuals for a partial correlation).
    """
    rng, count = require_rng(rng), require_int("permutations", permutations, low=1)
    groups = _groups(runs.num_edges)
    X = np.column_stack([_scores(column, groups) for column in runs.measures.values()])
    y = _scores(runs.accuracy, groups)
    densities = np.asarray(runs.layer_densities, dtype=np.float64)
    Z = np.column_stack([_scores(column, groups) for column in densities.T])
    X_given, y_given = _residuals(X, Z), _residuals(y[:, None], Z)[:, 0]

    orders = [_shuffled(groups, len(y), rng) for _ in range(count)]
    plain, partial = _correlations(X, y), _correlations(X_given, y_given)
    null = np.array([np.abs(_correlations(X, y[order])) for order in orders])
    null_given = np.array(
        [np.abs(_correlations(X_given, _residuals(y_given[order][:, None], Z)[:, 0])) for order in orders]
    )
    p_values = _share(null, plain)
    p_holm, p_max = holm(p_values), _share(null.max(axis=1, keepdims=True), plain)
    p_given = _share(null_given, partial)
    return tuple(
        Association(
            name,
            float(plain[m]),
            float(p_values[m]),
            float(p_holm[m]),
            float(p_max[m]),
            float(partial[m]),
            float(p_given[m]),
            _held_out(np.asarray(column, dtype=np.float64), runs),
        )
        for m, (name, column) in enumerate(runs.measures.items())
    )


def holm(p_values: ArrayLike) -> Vector:
    """Holm's corrected p-values, shape (M,), in the order given.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def _groups(num_edges: ArrayLike) -> list[NDArray[np.intp]]:
    """Places of the runs of each edge count."""
    counts = np.asarray(num_edges)
    return [np.flatnonzero(counts == count) for count in np.unique(counts)]


def _scores(column: Any, groups: Sequence[NDArray[np.intp]]) -> Vector:
    """Mid-ranks within each group, with mean 0 and, unless all are tied, variance 1."""
    from scipy.stats import rankdata

    values = np.asarray(column, dtype=np.float64)
    scores = np.zeros(len(values))
    for group in groups:
        ranks = rankdata(values[group])
        spread = ranks.std()
        if spread > 0:
            scores[group] = (ranks - ranks.mean()) / spread
    return scores


def _residuals(columns: NDArray[np.float64], Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """What least squares on Z leaves of each column; rounding's rest of a column that Z explains becomes 0."""
    left: NDArray[np.float64] = columns - Z @ np.linalg.lstsq(Z, columns, rcond=1e-10)[0]
    left[:, np.linalg.norm(left, axis=0) <= 1e-9 * np.linalg.norm(columns, axis=0)] = 0.0
    return left


def _correlations(X: NDArray[np.float64], y: Vector) -> Vector:
    """Correlation of each centred column with centred y, 0 where one is constant."""
    norms = np.linalg.norm(X, axis=0) * np.linalg.norm(y)
    result: Vector = np.divide(X.T @ y, norms, out=np.zeros(X.shape[1]), where=norms > 0)
    return np.clip(result, -1.0, 1.0)


def _shuffled(groups: Sequence[NDArray[np.intp]], size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    order = np.arange(size)
    for group in groups:
        order[group] = rng.permutation(group)
    return order


def _share(null: NDArray[np.float64], observed: Vector) -> Vector:
    """Permutations that reach each observed |value|, the observed arrangement counted as one of them."""
    reached: Vector = (1 + (null >= np.abs(observed) - 1e-12).sum(axis=0)) / (1 + len(null))
    return reached


def _held_out(values: Vector, runs: Runs) -> dict[str, float]:
    """R^2 on each family of a line through the other families' runs, both centred by edge count among those."""
    families, accuracy = np.asarray(runs.family), np.asarray(runs.accuracy, dtype=np.float64)
    edges = np.asarray(runs.num_edges)
    result: dict[str, float] = {}
    for family in np.unique(families):
        test = (families == family) & np.isin(edges, edges[families != family])
        train = families != family
        result[str(family)] = _r_squared(values, accuracy, edges, train=train, test=test)
    return result


def _r_squared(
    values: Vector, accuracy: Vector, edges: NDArray[Any], *, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> float:
    means = {
        e: (values[train & (edges == e)].mean(), accuracy[train & (edges == e)].mean()) for e in np.unique(edges[train])
    }
    known = np.array([means.get(e, (0.0, 0.0)) for e in edges])
    x, y = values - known[:, 0], accuracy - known[:, 1]
    square = float(x[train] @ x[train])
    slope = float(x[train] @ y[train]) / square if square > 0 else 0.0
    total = float(np.square(accuracy[test] - accuracy[test].mean()).sum()) if test.any() else 0.0
    if total == 0:
        return float("nan")
    return 1.0 - float(np.square(y[test] - slope * x[test]).sum()) / total
