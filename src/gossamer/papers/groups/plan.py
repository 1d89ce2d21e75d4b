"""What groups cost a network. Frozen before any run of it; the rules are in `price.py` and `claims.py`.

Measured before it was fixed, for its size: one epoch of MNIST, one seed, constant learning rate, 15 networks, .16
processor seconds at 99.5 % and 3 at 80 % sparsity. Their accuracies were seen: 95.5, 94.2, 91.0, 88.0 % without groups
at 90, 95, 99, 99.5 %, and 95.3, 93.7, 85.0, 69.3 % with groups of 16. Two epochs, without a look at their accuracy, by
study: .35 seconds at 99 %, .6 at 95 %, 1.9 without groups at 80 %; in all 18 processor minutes before CIFAR-10. A first
version of this plan had three epochs, and its sparsities in one stage; none of its runs was finished when the machine
proved too busy for it.

What is worth most comes first in `stages`: if time is short, it is cut from the end, before looking; a stage in which
time ends is judged by the seeds it has. From the beginning the plan leaves out: RigL but for groups of outputs, as no
rule keeps groups of inputs or permutations together; 80 and 99.5 % for inputs, both and twisted; learning rates and
lengths of training.

Added when the static groups of outputs had been seen, before any run of it: groups of outputs to which inputs are dealt
out evenly (kind "even"), as accuracy was lost just where inputs went unread.

CIFAR-10 JPEG, cut before any accuracy of it was seen: the plan had static and RigL groups of outputs at all sparsities,
and no other kind. MNIST and Fashion-MNIST had been decided by then; what they left to ask is whether even groups are
free on colours, too. So: groups of outputs, even, and twisted, static, at 95 and 99 %, then at 90 %; no RigL, no groups
of inputs or both, not 80 and 99.5 %; ten seeds as elsewhere, for half a point is less than five can tell. One run each
of eight networks, of a seed that is none of the plan's, took .5 to 4 processor seconds: 380 runs, about ten minutes of
one processor.

The rest of CIFAR-10 JPEG (`late_rest`) was added when all of that had been decided, before any run of it, and is
trained alone: RigL and groups of inputs and of both at 95 and 99 %, ten seeds, the same rules. Left out of what the
other data sets have: RigL at 80, 90 and 99.5 %, groups of inputs and of both at 90 %; and all of 80 and 99.5 %, which
were cut when 60 and 160 of the first 340 runs were done and none of their accuracies had been seen, as the machine
proved too busy. One run each of 15 networks, of a seed that is none of the plan's, took .5 to 3 processor seconds.
Order and cut from the end are as above.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from gossamer.papers.groups.kinds import KINDS, family
from gossamer.rewiring import Rule, rigl, rigl_in_groups
from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.run import Label, Run, dataset
from gossamer.training import Adam, Config, CosineRate
from gossamer.training.data.catalogue import CATALOGUE

STATIC, RIGL = "static", "RigL"
BATCH = 128
OUTPUTS = KINDS[0]


@dataclass(frozen=True, slots=True)
class GroupsPlan:
    """What is trained.

    Args:
        data: names.
        late: those of them that wait until all others are done, and that have fewer kinds and sparsities at first.
        hidden: neurons of each of three hidden layers, in whole groups of any size.
        ranks: sparsities in percent, those of most worth first, of every junction but the last, which is full; the
            fan-ins are `fan_in`'s.
        groups: sizes, 1 first: it is what the others are compared with.
        others: kinds beside outputs, each with the sparsities at which it is tried.
        late_ranks: sparsities of the late data sets.
        late_others: kinds beside outputs that they have, at all of these.
        late_rest: what they have beyond, of most worth first: rule, kind and sparsities. It can be trained alone.
        epochs: of a run.
        lr: of Adam at first; it falls along a cosine. Batches of 128.
        every: steps between RigL's updates, until three quarters of the training.
        seeds: how many.
        graph_seeds: how many of them have their graphs measured.
        blocks: turns of every contender when steps are timed.
        steps: of a turn.
    """

    data: tuple[str, ...] = ("mnist", "fashion-mnist", "cifar10-jpeg")
    late: tuple[str, ...] = ("cifar10-jpeg",)
    hidden: int = 480
    ranks: tuple[tuple[float, ...], ...] = ((95.0, 99.0), (90.0, 99.5), (80.0,))
    groups: tuple[int, ...] = (1, 2, 4, 8, 16)
    others: tuple[tuple[str, tuple[float, ...]], ...] = (
        ("even", (95.0, 99.0, 90.0, 99.5)),
        ("twisted", (95.0, 99.0, 90.0)),
        ("both", (95.0, 99.0, 90.0)),
        ("inputs", (95.0, 99.0, 90.0)),
    )
    late_ranks: tuple[tuple[float, ...], ...] = ((95.0, 99.0), (90.0,))
    late_others: tuple[str, ...] = ("even", "twisted")
    late_rest: tuple[tuple[str, str, tuple[float, ...]], ...] = (
        (RIGL, OUTPUTS, (95.0, 99.0)),
        (STATIC, "inputs", (95.0, 99.0)),
        (STATIC, "both", (95.0, 99.0)),
    )
    epochs: int = 2
    lr: float = 0.002
    every: int = 100
    seeds: int = 10
    graph_seeds: int = 2
    blocks: int = 8
    steps: int = 20

    @property
    def sparsities(self) -> tuple[float, ...]:
        """All of them, ascending."""
        return tuple(sorted(sparsity for rank in self.ranks for sparsity in rank))

    def widths(self, data: str) -> tuple[int, ...]:
        """Neurons of all layers but the last."""
        return math.prod(CATALOGUE[data].shape), *(self.hidden,) * 3

    def kinds(self, data: str) -> dict[str, tuple[float, ...]]:
        """The kinds that a data set has, each with its sparsities."""
        if data not in self.late:
            return {OUTPUTS: self.sparsities, **dict(self.others)}
        some = [sparsity for rank in self.late_ranks for sparsity in rank]
        known = {kind: [*some] for kind in (OUTPUTS, *self.late_others)}
        for rule, kind, sparsities in self.late_rest:
            known.setdefault(kind, []).extend(sparsities if rule == STATIC else ())
        return {kind: tuple(sorted(sparsities)) for kind, sparsities in known.items()}

    def rules(self, data: str) -> dict[str, tuple[float, ...]]:
        """What groups of outputs are trained by, each with its sparsities, ascending."""
        if data not in self.late:
            return dict.fromkeys((STATIC, RIGL), self.sparsities)
        learnt = [each for rule, _, sparsities in self.late_rest for each in sparsities if rule == RIGL]
        return {STATIC: self.kinds(data)[OUTPUTS], **({RIGL: tuple(sorted(learnt))} if learnt else {})}

    def sizes(self, kind: str, sparsity: float, data: str) -> tuple[int, ...]:
        """Group sizes above 1 that this kind has at this sparsity."""
        if sparsity not in self.kinds(data).get(kind, ()):
            return ()
        pairs = [(n, m, fan_in(n, sparsity)) for n, m in pairwise(self.widths(data))]
        return tuple(size for size in self.groups[1:] if all(k in family(kind, size).sizes(n, m) for n, m, k in pairs))

    def cells(self, data: str) -> Iterator[tuple[str, float, int]]:
        """(kind, sparsity, group size) of every kind of network; those without groups are among groups of outputs."""
        for kind, sparsities in self.kinds(data).items():
            for sparsity in sorted(sparsities):
                for size in ((1,) if kind == OUTPUTS else ()) + self.sizes(kind, sparsity, data):
                    yield kind, sparsity, size

    def samples(self) -> dict[int, str]:
        """A data set of each number of inputs, the first."""
        return {self.widths(data)[0]: data for data in reversed(self.data)}


def fan_in(inputs: int, sparsity: float) -> int:
    """Edges of an output: the share of the inputs, to a multiple of a power of two from 2 to 16, so that groups divide.

    The power is the largest up to a quarter of it.

    >>> [fan_in(784, s) for s in (80, 90, 95, 99, 99.5)], [fan_in(480, s) for s in (80, 90, 95, 99, 99.5)]
    ([160, 80, 40, 8, 4], [96, 48, 24, 4, 2])
    """
    wanted = inputs * (1 - sparsity / 100)
    step = min(16, max(2, 1 << math.floor(math.log2(max(1.0, wanted / 4)))))
    return max(step, step * round(wanted / step))


@dataclass(frozen=True, slots=True)
class Stage:
    """Runs that are done one after the other: a whole seed before the next one.

    Args:
        data: name.
        kind: of groups.
        rule: `STATIC` or `RIGL`.
        sparsities: in percent.
    """

    data: str
    kind: str
    rule: str
    sparsities: tuple[float, ...]

    def runs(self, plan: GroupsPlan) -> list[Run]:
        """Every group size at every sparsity, with the networks without groups if the kind is outputs."""
        return [
            self._run(plan, sparsity, size, seed)
            for seed in range(plan.seeds)
            for kind, sparsity, size in plan.cells(self.data)
            if kind == self.kind and sparsity in self.sparsities
        ]

    def _run(self, plan: GroupsPlan, sparsity: float, size: int, seed: int) -> Run:
        widths = plan.widths(self.data)
        edges = [m * fan_in(n, sparsity) for n, m in pairwise(widths)]
        architecture = Architecture(family(self.kind, size), widths[1:], (*edges, None))
        config = Config(
            epochs=plan.epochs, batch_size=BATCH, optimizer=Adam(plan.lr), schedule=CosineRate(), validation=0.0
        )
        labels: dict[str, Label] = {
            "data": self.data,
            "kind": self.kind,
            "rule": self.rule,
            "sparsity": sparsity,
            "group": size,
            "seed": seed,
        }
        rule = self._rewiring(plan, size)
        return Run(Experiment(architecture, config, seed, rule), data=self.data, labels=labels)

    def _rewiring(self, plan: GroupsPlan, size: int) -> Rule | None:
        if self.rule == STATIC:
            return None
        steps = plan.epochs * math.ceil(len(dataset(self.data).train) / BATCH)
        recipe = rigl if size == 1 else rigl_in_groups
        return recipe(every=plan.every, until=3 * steps // 4)


def stages(plan: GroupsPlan) -> Iterator[Stage]:
    """In the order of their worth."""
    soon = [name for name in plan.data if name not in plan.late]
    arms = [(OUTPUTS, rule, rank) for rule in (STATIC, RIGL) for rank in plan.ranks]
    others = [(kind, STATIC, sparsities) for kind, sparsities in plan.others]
    yield from (Stage(data, *arm) for arm in (*arms, *others) for data in soon)
    late = [(kind, STATIC, rank) for rank in plan.late_ranks for kind in (OUTPUTS, *plan.late_others)]
    yield from (Stage(data, *arm) for arm in late for data in plan.data if data in plan.late)
    yield from rest(plan)


def rest(plan: GroupsPlan) -> Iterator[Stage]:
    """Those of late data sets that came last."""
    arms = [(kind, rule, sparsities) for rule, kind, sparsities in plan.late_rest]
    yield from (Stage(data, *arm) for arm in arms for data in plan.data if data in plan.late)
