"""The study that asks whether connectivity decides. Frozen before any run of it; the rule is in `claims.py`.

Added while its first runs were at work, before any run of what was added (`recipe.py`, `rivals.py`): the 2017 paper's
own recipe at the dial's ends, the observation with permuted pixels, and rivals of connectivity in deep networks.

If time is short, what is cut first, before looking: CIFAR-10, then Fashion-MNIST, then depth 1, then degrees 2 and 8;
never seeds or arms.

CIFAR-10 JPEG was cut by that and is confirmed later, when the other verdicts were known: by a plan of its own (`late`),
committed before any run of it. The dial alone, at depths 3 and 1: disconnected modules, three tenths of a random
junction's λ₂ (on MNIST the least that loses less than the margin), random, and optimised; degrees 4, the first by the
order above, and 8, where modules lost most; not degree 2, nor .02, .1 and Ramanujan, nor deep networks, recipe or
observation. Margin and rules stay. The rate is the best of .0005, .001, .002, .004 and .008 by examples of the training
set held out, two seeds that are none of the plan's, mean over degrees 2, 4, 8 and the arms modules and random (of .0005
with one hidden layer alone). Sixty seeds are what the machine's time allows, a whole seed before the next one; if time
ends, what is there is judged. By six seeds that are none of the plan's, of which the spread alone was looked at,
differences to random junctions of one hidden layer and degree 8 vary by .4 to .6 points: their intervals will be about
± .1 to .15 wide, so that equality within ± .2 can be shown where the estimate is small, and hardly after correction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gossamer.generators import Family, named
from gossamer.papers.connectivity.dial import ARMS, family, shuffled
from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.run import Label, Run
from gossamer.training import Adam, Config
from gossamer.training.data.catalogue import CATALOGUE

FIRST = 5
"""Seeds after which the spread of differences is estimated, and the number of seeds fixed by it."""

FAMILIES = (
    "erdos_renyi",
    "regular_random",
    "constant_fan_in",
    "rotating_random",
    "rotating_regular",
    "fibonacci",
    "rotating_contiguous",
    "rotating_even",
    "biregular",
    "rolled_permutations",
    "small_world",
    "receptive_field",
    "scale_free",
    "relational",
    "lognormal_fan_in",
    "power_law_fan_in",
    "ramanujan",
    "optimised",
)
"""Witnesses of the observation, with the dial's arms below random."""

DIALLED = ("modules", "0.02", "0.05", "0.1", "0.3", "0.6")

NATURAL, PERMUTED = "natural", "permuted"
"""Pixels where the image has them, or in an order drawn by seed."""


@dataclass(frozen=True, slots=True)
class ConnectivityPlan:
    """What is trained.

    Args:
        data: names; the first is the one on which the rule was fixed, the others confirm.
        arms: of the dial.
        degrees: edges of an input, in every junction but the last, which is full.
        depths: hidden layers.
        hidden: neurons of a hidden layer, by data set: degrees must share its edges out evenly.
        epochs: of a run.
        lr: of Adam; batches of 128.
        seeds: least and most; the number between is what the spread of the first five asks for.
        deep: hidden layers where paths are few.
        deep_degrees: degrees there.
        deep_hidden: neurons there.
        deep_arms: arms there.
        deep_seeds: how many.
        late: data sets that only confirm, by fewer arms and degrees, trained alone.
        late_arms: of the dial, theirs.
        late_degrees: theirs.
        late_seeds: how many they have.
        late_lr: of Adam, theirs.
        observed: data sets of the observation; none if empty.
        witnesses: constructions that are observed, beside the dial's own.
        observed_degrees: of the only sparse junction there.
        observed_seeds: how many.
        observed_permuted: whether they are observed with permuted pixels, too.
        recipe_arms: of the dial, under the 2017 paper's recipe, on the first data set.
        recipe_degrees: degrees there.
        recipe_hidden: neurons of the hidden layer there.
        recipe_epochs: of those runs.
        recipe_lr: learning rate there; momentum is .9, as in `gossamer reproduce topologies-2017`.
        recipe_seeds: how many; 0 leaves all of it out.
    """

    data: tuple[str, ...] = ("mnist", "fashion-mnist", "cifar10-jpeg")
    arms: tuple[str, ...] = ARMS
    degrees: tuple[int, ...] = (4, 2, 8)
    depths: tuple[int, ...] = (3, 1)
    hidden: tuple[tuple[int, int], ...] = ((784, 224), (3072, 256))
    epochs: int = 3
    lr: float = 0.001
    seeds: tuple[int, int] = (20, 45)
    deep: tuple[int, ...] = (8, 16)
    deep_degrees: tuple[int, ...] = (2, 3)
    deep_hidden: int = 112
    deep_arms: tuple[str, ...] = ("modules", "0.1", "random", "ramanujan")
    deep_seeds: int = 20
    late: tuple[str, ...] = ("cifar10-jpeg",)
    late_arms: tuple[str, ...] = ("modules", "0.3", "random", "optimised")
    late_degrees: tuple[int, ...] = (4, 8)
    late_seeds: int = 60
    late_lr: float = 0.004
    observed: tuple[str, ...] = ("mnist", "fashion-mnist")
    witnesses: tuple[str, ...] = FAMILIES
    observed_degrees: tuple[int, ...] = (4, 8, 16)
    observed_seeds: int = 8
    observed_permuted: bool = True
    recipe_arms: tuple[str, ...] = ("modules", "random", "optimised")
    recipe_degrees: tuple[int, ...] = (2, 8, 32)
    recipe_hidden: int = 112
    recipe_epochs: int = 20
    recipe_lr: float = 0.5
    recipe_seeds: int = 20

    def width(self, data: str) -> int:
        """Neurons of a hidden layer."""
        return dict(self.hidden)[pixels(data)]

    def dial(self, data: str) -> tuple[str, ...]:
        """Arms of a data set, λ₂ ascending."""
        return self.late_arms if data in self.late else self.arms

    def turns(self, data: str) -> tuple[int, ...]:
        """Degrees at which its dial is turned, those of most worth first."""
        return self.late_degrees if data in self.late else self.degrees


def pixels(data: str) -> int:
    """Inputs of a data set."""
    return math.prod(CATALOGUE[data].shape)


@dataclass(frozen=True, slots=True)
class Net:
    """One network of the study.

    Args:
        data: name.
        topology: arm or family, its label.
        made: makes the sparse junctions.
        degree: of every junction but the last.
        widths: of the hidden layers.
    """

    data: str
    topology: str
    made: Family
    degree: int
    widths: tuple[int, ...]

    def run(self, plan: ConnectivityPlan, seed: int) -> Run:
        """The run that trains it; seeds share weights' draws, pixels and the order of examples across arms."""
        inner = [self.degree * width for width in (pixels(self.data), *self.widths[:-1])]
        architecture = Architecture(self.made, self.widths, (*inner, None))
        lr = plan.late_lr if self.data in plan.late else plan.lr
        config = Config(epochs=plan.epochs, optimizer=Adam(lr), validation=0.0)
        labels: dict[str, Label] = {
            "data": self.data,
            "topology": self.topology,
            "degree": self.degree,
            "depth": len(self.widths),
            "seed": seed,
        }
        return Run(Experiment(architecture, config, seed), data=self.data, labels=labels)


def intervention(plan: ConnectivityPlan, data: str, seeds: range) -> list[Run]:
    """The dial at every degree and depth; a whole seed before the next one."""
    nets = [
        Net(data, arm, family(arm, pixels(data)), degree, (plan.width(data),) * depth)
        for depth in plan.depths
        for degree in plan.turns(data)
        for arm in plan.dial(data)
    ]
    return [net.run(plan, seed) for seed in seeds for net in nets]


def deep(plan: ConnectivityPlan) -> list[Run]:
    """Where paths are few: many layers, two or three edges a neuron, on the first data set."""
    data = plan.data[0]
    nets = [
        Net(data, arm, family(arm, pixels(data)), degree, (plan.deep_hidden,) * depth)
        for depth in plan.deep
        for degree in plan.deep_degrees
        for arm in plan.deep_arms
    ]
    return [net.run(plan, seed) for seed in range(plan.deep_seeds) for net in nets]


def observation(plan: ConnectivityPlan, pixels: str = NATURAL) -> list[Run]:
    """Families as they are, pixels in their places or permuted by seed, one data set after the other."""
    return [
        Net(data, name, made if pixels == NATURAL else shuffled(made), degree, (plan.width(data),)).run(plan, seed)
        for data in plan.observed
        if data in plan.data
        for seed in range(plan.observed_seeds)
        for name, made in witnesses(plan)
        for degree in plan.observed_degrees
    ]


def witnesses(plan: ConnectivityPlan) -> Iterator[tuple[str, Family]]:
    """Constructions by name."""
    yield from ((name, named(name)) for name in plan.witnesses)
    yield from ((f"λ₂ {arm}", family(arm, 0)) for arm in DIALLED)
