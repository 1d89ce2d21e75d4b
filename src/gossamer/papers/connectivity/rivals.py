"""Rivals of connectivity in deep networks: what else tells those that train from those that do not.

The number of paths from inputs to outputs is no rival here: all arms have as many, since every neuron keeps its degree.
Left are the receptive field of the outputs' neurons and the flow of gradients, both before training. They are looked
at, and decide no claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.ranks import spearman
from gossamer.measures import log_effective_paths
from gossamer.papers.connectivity.plan import ConnectivityPlan, deep
from gossamer.studies.run import Run, dataset
from gossamer.topology import Topology

if TYPE_CHECKING:
    import pandas as pd

RIVALS = ("arm", "receptive_field", "gradient_flow")
EXAMPLES = 512
"""Of the training set, whose gradient is taken."""


def rivals(plan: ConnectivityPlan) -> pd.DataFrame:
    """The rivals of every deep network of the plan, a row a network; nothing is trained."""
    import pandas as pd

    rows = []
    for run in deep(plan):
        labels, data = dict(run.labels), dataset(run.data)
        sparse = Topology(run.experiment.architecture.topology(data, seed=run.experiment.seed).layers[:-1])
        values = receptive_field(sparse), gradient_flow(run), log_effective_paths(sparse)
        rows.append([*(labels[name] for name in ("topology", "degree", "depth", "seed")), *values])
    columns = ["topology", "degree", "depth", "seed", "receptive_field", "gradient_flow", "log_paths"]
    return pd.DataFrame(rows, columns=columns)


def receptive_field(topology: Topology) -> float:
    """Mean share of the inputs from which a path leads to an output.

    >>> from gossamer import Bipartite
    >>> receptive_field(Topology([Bipartite.from_mask([[1, 0], [1, 1]])]))
    0.75
    """
    first, *others = (layer.to_mask() for layer in topology.layers)
    reached = first
    for mask in others:
        reached = mask.astype(np.float32) @ reached.astype(np.float32) > 0
    return float(reached.mean())


def gradient_flow(run: Run) -> float:
    """log10 of the root mean square of the first junction's gradient, less that of the last one, before training."""
    import torch
    from torch.nn.functional import cross_entropy

    from gossamer.training.feeds import Batches

    data = dataset(run.data)
    model = run.experiment.architecture.network(data, seed=run.experiment.seed)
    inputs, labels = Batches.of(data.train, data, model).take(slice(0, EXAMPLES))
    cross_entropy(model(inputs), labels).backward()
    weights = [parameter for name, parameter in model.named_parameters() if name.endswith("weight")]
    sizes = [float(torch.linalg.vector_norm(each.grad) / each.numel() ** 0.5) for each in (weights[0], weights[-1])]
    return float(np.log10(max(sizes[0], 1e-30) / max(sizes[1], 1e-30)))


def compared(runs: pd.DataFrame, found: pd.DataFrame, plan: ConnectivityPlan) -> pd.DataFrame:
    """Rank correlation of each rival with accuracy over networks of equal degrees and depth: over all, and within arms.

    Args:
        runs: finished deep networks.
        found: of `rivals`.
        plan: the order of its arms stands for λ₂.
    """
    import pandas as pd

    place = {arm: number for number, arm in enumerate(plan.arms)}
    table = runs.merge(found, on=["topology", "degree", "depth", "seed"])
    table["arm"] = [place[arm] for arm in table["topology"]]
    rows = [
        (depth, degree, name, len(nets), spearman(nets[name], nets["accuracy"]), _within_arms(nets, name))
        for (depth, degree), nets in table.groupby(["depth", "degree"])
        for name in RIVALS
    ]
    return pd.DataFrame(rows, columns=["hidden layers", "degree", "rival", "networks", "ρ", "ρ within arms"])


def _within_arms(nets: pd.DataFrame, name: str) -> float:
    found = [spearman(group[name], group["accuracy"]) for _, group in nets.groupby("topology") if len(group) > 2]
    return float(np.mean(found)) if found else 0.0
