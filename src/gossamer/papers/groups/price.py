"""The price of groups, and the rule that calls it nothing. Written down, and committed, before the first run.

A network of groups is compared with one without, of the same seed, edges, rule and data. It is called *free* if the
lower end of the interval of the difference of test accuracies is above minus half a point, *cheap* instead if the upper
end is below 0 too, *costly* if the upper end is below minus half a point, and *undecided* otherwise. Intervals are
Student's over seeds, at 95 % for all group sizes of a cell (data, kind, rule, sparsity) together, by Bonferroni's
correction. Half a point is ours; the lower ends say at which other margins a group would be free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.estimates import LEVEL, Estimate
from gossamer.analysis.tables import difference_by_seed, means, where
from gossamer.papers.groups.plan import OUTPUTS, GroupsPlan, stages

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.5
"""Points of test accuracy."""

PERCENT = "accuracy, %"
CELL = ["data", "rule", "kind", "sparsity", "group"]
_COLUMNS = [*CELL, PERCENT, "low", "high", "difference, points", "from", "to", "n", "verdict"]


def percents(runs: pd.DataFrame) -> pd.DataFrame:
    """Finished runs, with accuracies in percent."""
    done = where(runs, state="done")
    return done.assign(**{PERCENT: 100 * done["accuracy"] if "accuracy" in done else np.nan})


def cell(rows: pd.DataFrame, data: str, kind: str, rule: str, sparsity: float) -> pd.DataFrame:
    """The runs of a cell; those without groups, which all kinds share, are among those of groups of outputs."""
    found = where(rows, data=data, rule=rule, sparsity=sparsity)
    return found[(found["kind"] == kind) | (found["group"] == 1)]


def lost(rows: pd.DataFrame, size: int, what: str) -> Estimate:
    """Mean over seeds of the points of a group size less those of no groups, in one cell's runs."""
    return difference_by_seed(where(rows, group=size), where(rows, group=1), what, column=PERCENT)


def verdict(found: Estimate) -> str:
    """What an interval says of the price.

    >>> verdict(Estimate("", -0.1, -0.3, 0.1, 10)), verdict(Estimate("", -2.0, -3.0, -1.0, 10))
    ('free', 'costly')
    """
    if found.low > -MARGIN:
        return "cheap" if found.high < 0 else "free"
    return "costly" if found.high < -MARGIN else "undecided"


def prices(rows: pd.DataFrame, plan: GroupsPlan) -> pd.DataFrame:
    """One line a network of the plan that has runs: accuracy, difference to no groups, and what is said of it.

    Args:
        rows: `percents` of finished runs.
        plan: whose group sizes the correction counts.
    """
    import pandas as pd

    lines = []
    for data, kind, rule in dict.fromkeys((stage.data, stage.kind, stage.rule) for stage in stages(plan)):
        for sparsity in plan.sparsities:
            found = cell(rows, data, kind, rule, sparsity)
            sizes = plan.sizes(kind, sparsity, data)
            known = ((1,) if kind == OUTPUTS else ()) + sizes
            lines += [_line(found, size, len(sizes)) for size in known if size in set(found["group"])]
    return pd.DataFrame(lines, columns=_COLUMNS)


def _line(rows: pd.DataFrame, size: int, sizes: int) -> tuple[object, ...]:
    own = where(rows, group=size)
    (level,) = means(own, CELL, PERCENT).itertuples(index=False)
    if size == 1:
        return (*level[:8], np.nan, np.nan, np.nan, level[8], "")
    found = lost(rows, size, "").at(1 - (1 - LEVEL) / sizes)
    return (*level[:8], found.value, found.low, found.high, found.n, verdict(found))


def free(table: pd.DataFrame) -> pd.DataFrame:
    """Which group sizes are free at which sparsity: a line for each data set, rule and kind.

    Args:
        table: of `prices`.
    """
    import pandas as pd

    judged = table[table["group"] > 1]
    sparsities = sorted(set(judged["sparsity"]))
    lines = []
    for names, rows in judged.groupby(["data", "rule", "kind"], sort=False):
        cells = [_words(where(rows, sparsity=sparsity)) for sparsity in sparsities]
        lines.append((*names, int(rows["n"].min()), *cells))
    heads = ["data", "rule", "kind", "seeds", *(f"{sparsity:g} %" for sparsity in sparsities)]
    return pd.DataFrame(lines, columns=heads)


def _words(rows: pd.DataFrame) -> str:
    """Such as "free: 2, 4; undecided: 8"."""
    names = ("free", "cheap", "undecided", "costly")
    known = {name: where(rows, verdict=name)["group"].tolist() for name in names}
    return "; ".join(f"{name}: {', '.join(map(str, sizes))}" for name, sizes in known.items() if sizes)
