"""The graphs of the study: algebraic connectivity, and how many neurons are read at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.analysis.tables import where
from gossamer.measures import MEASURES
from gossamer.papers.groups.plan import RIGL, STATIC, GroupsPlan
from gossamer.papers.groups.speed import network
from gossamer.seeds import stream
from gossamer.studies.study import Study
from gossamer.topology import Topology
from gossamer.topology.grouped import compact

if TYPE_CHECKING:
    import pandas as pd

READ = ["λ₂ first", "λ₂ second", "read, % of inputs", "read, % of units"]
COLUMNS = ["inputs", "rule", "kind", "sparsity", "group", "seed", *READ]


def drawn(plan: GroupsPlan) -> pd.DataFrame:
    """Of the networks before training, which are the same for all data sets of as many inputs."""
    import pandas as pd

    lines = [
        (inputs, STATIC, *cell, seed, *measured(network(plan, data, cell, rng=stream(seed, "topology"))))
        for inputs, data in plan.samples().items()
        for cell in plan.cells(data)
        for seed in range(plan.graph_seeds)
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def learnt(study: Study, plan: GroupsPlan) -> pd.DataFrame:
    """Of the networks that RigL came to on the first data set."""
    import pandas as pd

    seeds, data = list(range(plan.graph_seeds)), plan.data[0]
    done = where(study.frame(), state="done", rule=RIGL, data=data, seed=seeds)
    inputs = plan.widths(data)[0]
    lines = [
        (inputs, RIGL, row.kind, row.sparsity, row.group, row.seed, *measured(study.topology(str(row.run))))
        for row in done.itertuples()
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def measured(topology: Topology) -> tuple[float, float, float, float]:
    """λ₂ of the first two junctions, and the percentages of their inputs that have an edge.

    >>> from gossamer import Bipartite
    >>> measured(Topology([Bipartite.from_mask([[1, 1], [1, 1]]), Bipartite.from_mask([[1, 0], [1, 0]])]))
    (2.0, 0.0, 100.0, 50.0)
    """
    graphs = [Topology([compact(layer)]) for layer in topology.layers[:2]]
    first, second = (max(0.0, round(float(MEASURES["algebraic_connectivity"](each)), 9)) for each in graphs)
    some, others = (100 * (1 - float(MEASURES["dead_inputs"](each)) / each.widths[0]) for each in graphs)
    return first, second, some, others
