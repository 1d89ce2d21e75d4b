"""The 2017 paper's own recipe at the ends of the dial.

Sigmoid units, squared error of one-hot targets, Glorot normal weights of the dense shape, Nesterov's momentum .9 in
batches of 128, one hidden layer: as `gossamer reproduce topologies-2017` trains, whose learning rate and epochs (ours:
the paper's are not known) it takes over. 112 hidden units instead of 100 give biregular junctions of every degree.
"""

from __future__ import annotations

from torch import nn

from gossamer.nn import Glorot, Masked
from gossamer.papers.connectivity.dial import family
from gossamer.papers.connectivity.plan import ConnectivityPlan, pixels
from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.run import Label, Run
from gossamer.training import SGD, Config, SquaredError


def recipe(plan: ConnectivityPlan) -> list[Run]:
    """Its runs on the first data set, a whole seed before the next one."""
    return [
        _run(plan, arm, degree, seed)
        for seed in range(plan.recipe_seeds)
        for degree in plan.recipe_degrees
        for arm in plan.recipe_arms
    ]


def _run(plan: ConnectivityPlan, arm: str, degree: int, seed: int) -> Run:
    data = plan.data[0]
    architecture = Architecture(
        family(arm, pixels(data)),
        (plan.recipe_hidden,),
        (degree * pixels(data), None),
        nn.Sigmoid,
        Masked(Glorot(fan="dense")),
    )
    loss = SquaredError()
    config = Config(epochs=plan.recipe_epochs, optimizer=SGD(plan.recipe_lr, 0.9), loss=loss, validation=0.0)
    labels: dict[str, Label] = {"data": data, "topology": arm, "degree": degree, "depth": 1, "seed": seed}
    return Run(Experiment(architecture, config, seed), data=data, labels=labels)
