"""Constructions side by side: the same network with as many edges, over degrees and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from gossamer.errors import require_int
from gossamer.generators import Family
from gossamer.measures import algebraic_connectivity, dead_units
from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment
from gossamer.studies.store.judging import parameter_bytes, without_warnings
from gossamer.topology import Topology
from gossamer.training import Config
from gossamer.training.data import Dataset

DENSE = "dense"
"""What the fully connected network is called among the constructions."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trained network.

    Args:
        construction: its family's name, or "dense".
        degree: edges of an input, on average if they are random; None if it is fully connected.
        seed: of topology, weights and order.
        edges: of all its junctions.
        topology_bytes: that store the sparse junctions; 0 if there are none.
        model_bytes: those, and the weights and biases of all junctions.
        connectivity: second smallest Laplacian eigenvalue of the graph of the sparse junctions; 0 iff disconnected.
        dead: neurons of the sparse junctions that have no edge on one side.
        accuracy: on the test examples, 0 to 1.
        seconds: wall time of the training.
    """

    construction: str
    degree: int | None
    seed: int
    edges: int
    topology_bytes: int
    model_bytes: int
    connectivity: float
    dead: int
    accuracy: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The trials of one construction at one degree: means over seeds, and the spread of the accuracy.

    Args:
        trials: at least one.
    """

    trials: tuple[Trial, ...]

    @property
    def first(self) -> Trial:
        """The trial whose name, degree, edges and sizes stand for all."""
        return self.trials[0]

    @property
    def accuracy(self) -> float:
        """Mean accuracy."""
        return fmean(trial.accuracy for trial in self.trials)

    @property
    def spread(self) -> float:
        """Standard deviation of the accuracy over seeds; 0 of a single one."""
        return stdev(trial.accuracy for trial in self.trials) if len(self.trials) > 1 else 0.0

    @property
    def connectivity(self) -> float:
        """Mean algebraic connectivity."""
        return fmean(trial.connectivity for trial in self.trials)

    @property
    def dead(self) -> float:
        """Mean number of dead units."""
        return fmean(trial.dead for trial in self.trials)

    @property
    def seconds(self) -> float:
        """Mean training time."""
        return fmean(trial.seconds for trial in self.trials)


@dataclass(frozen=True)
class Comparison:
    """Which networks are compared, and how they are trained.

    A degree k stands for k * I edges of every hidden junction with I inputs, whatever the construction, so all
    networks of one degree have as many edges. The last junction is fully connected in all of them.

    Args:
        data: what they learn.
        families: the constructions by name.
        degrees: each at least 1.
        seeds: each from 0.
        hidden: neurons of each hidden layer.
        config: how all are trained.
    """

    data: Dataset
    families: dict[str, Family]
    degrees: tuple[int, ...]
    seeds: tuple[int, ...]
    hidden: tuple[int, ...]
    config: Config = field(default_factory=Config)

    def __post_init__(self) -> None:
        for name, values, low in (("degrees", self.degrees, 1), ("seeds", self.seeds, 0), ("hidden", self.hidden, 1)):
            if not values:
                raise ValueError(f"{name} is empty; at least one is needed.")
            for value in values:
                require_int(name, value, low=low)

    def __len__(self) -> int:
        return (1 + len(self.families) * len(self.degrees)) * len(self.seeds)

    def architecture(self, construction: str, degree: int | None) -> Architecture:
        """The network of one construction at one degree."""
        widths = (self.data.num_features, *self.hidden)
        edges = tuple(None if degree is None else degree * width for width in widths[:-1])
        return Architecture(self.families.get(construction), self.hidden, (*edges, None))

    def topology(self, construction: str, degree: int | None, *, seed: int) -> Topology:
        """The junctions of that network; no warning, since a trial says what is wrong with them."""
        with without_warnings():
            return self.architecture(construction, degree).topology(self.data, seed=seed)

    def trials(self) -> Iterator[Trial]:
        """Train the networks one by one, seed by seed, so that a drift of the machine meets all of them alike.

        Raises:
            InfeasibleTopologyError: a construction that cannot have so many edges.
            TrainingDivergedError: a loss that is no longer finite.
        """
        for seed in self.seeds:
            yield self._trial(DENSE, None, seed)
            for degree in self.degrees:
                for construction in self.families:
                    yield self._trial(construction, degree, seed)

    def _trial(self, construction: str, degree: int | None, seed: int) -> Trial:
        experiment = Experiment(self.architecture(construction, degree), self.config, seed)
        topology = self.topology(construction, degree, seed=seed)
        with without_warnings():
            outcome = experiment.run(self.data)
        hidden = Topology(topology.layers[:-1])
        stored = 0 if degree is None else hidden.nbytes
        return Trial(
            construction=construction,
            degree=degree,
            seed=seed,
            edges=topology.num_edges,
            topology_bytes=stored,
            model_bytes=stored + parameter_bytes(outcome.model),
            connectivity=algebraic_connectivity(hidden),
            dead=sum(sum(dead_units(layer)) for layer in hidden),
            accuracy=outcome.test.accuracy,
            seconds=outcome.history.seconds,
        )


def summarise(trials: Sequence[Trial]) -> list[Summary]:
    """Put the trials of one construction and degree together, in the order in which they first come.

    >>> trials = [Trial("dense", None, seed, 640, 0, 2560, 10.0, 0, 0.9 + seed / 10, 1.0) for seed in range(2)]
    >>> [(summary.first.construction, round(summary.accuracy, 3)) for summary in summarise(trials)]
    [('dense', 0.95)]
    """
    groups: dict[tuple[str, int | None], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.construction, trial.degree), []).append(trial)
    return [Summary(tuple(group)) for group in groups.values()]
