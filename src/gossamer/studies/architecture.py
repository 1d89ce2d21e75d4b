"""A multilayer perceptron described by values, sparse or fully connected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import nn

from gossamer.errors import InvalidTopologyError, require_fraction, require_int
from gossamer.generators import Family, dense
from gossamer.nn import Initialization, Kaiming, mlp
from gossamer.topology import Topology
from gossamer.training import stream, torch_seed
from gossamer.training.data import Dataset


@dataclass(frozen=True, slots=True)
class Architecture:
    """A perceptron before the data give it its ends.

    Args:
        family: makes the sparse junctions; None for the fully connected network, which runs on `torch.nn.Linear`.
        hidden: neurons of each hidden layer, at least 1 each.
        edges: edges of each junction, one count more than there are hidden layers; None is fully connected.
        activation: makes the module behind each hidden layer.
        initialization: of the weights.
        dropout: share of the inputs, and of the hidden units, that is left out; each from 0 to below 1.
        start_seed: whose streams "topology" and "weights" make the network; None for the run's own seed. With it, runs
            of many seeds have the same start.

    Raises:
        InvalidTopologyError: another number of edge counts than of junctions.
        ValueError: a width below 1, or a dropout out of range.

    >>> from gossamer.generators import named
    >>> from gossamer.training.data import load
    >>> sparse = Architecture(named("fibonacci"), hidden=(64,), edges=(512, None))
    >>> sparse.topology(load("digits"), seed=0)
    Topology(64-64-10, num_edges=1152, density=0.2432)
    """

    family: Family | None
    hidden: tuple[int, ...]
    edges: tuple[int | None, ...]
    activation: Callable[[], nn.Module] = nn.ReLU
    initialization: Initialization = field(default_factory=Kaiming)
    dropout: tuple[float, float] = (0.0, 0.0)
    start_seed: int | None = None

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.hidden) + 1:
            raise InvalidTopologyError(
                f"edges={self.edges} has {len(self.edges)} counts for {len(self.hidden) + 1} junctions: "
                f"hidden={self.hidden} makes so many."
            )
        for width in self.hidden:
            require_int("hidden", width, low=1)
        for share in self.dropout:
            require_fraction("dropout", share, high=0.999)
        if self.start_seed is not None:
            require_int("start_seed", self.start_seed, low=0)

    def topology(self, data: Dataset, *, seed: int) -> Topology:
        """The network's junctions; random ones come from the stream "topology" of the seed.

        Raises:
            InfeasibleTopologyError: a junction that the family cannot make.
        """
        rng = stream(self._start(seed), "topology")
        return Topology(
            dense(n, m) if self.family is None or count is None else self.family.with_edges(n, m, count, rng=rng)
            for (n, m), count in zip(self._junctions(data), self.edges, strict=True)
        )

    def network(self, data: Dataset, *, seed: int) -> nn.Sequential:
        """The network for `data`; its weights come from the stream "weights" of the seed.

        The global random state of PyTorch is as it was afterwards.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(self._start(seed), "weights"))
            if self.family is None:
                return self._full_network(data)
            topology = self.topology(data, seed=seed)
            return mlp(topology, self.activation, dropout=self.dropout, initialization=self.initialization)

    def _full_network(self, data: Dataset) -> nn.Sequential:
        modules: list[nn.Module] = []
        for number, (n, m) in enumerate(self._junctions(data)):
            layer = nn.utils.skip_init(nn.Linear, n, m)  # which draws nothing: sparse layers do not either
            self.initialization(layer.weight.data.view(-1), dense(n, m))
            nn.init.zeros_(layer.bias)
            share = self.dropout[min(number, 1)]
            modules += [*([nn.Dropout(share)] if share else []), layer, self.activation()]
        return nn.Sequential(*modules[:-1])

    def _start(self, seed: int) -> int:
        return seed if self.start_seed is None else self.start_seed

    def _junctions(self, data: Dataset) -> list[tuple[int, int]]:
        return list(pairwise((data.num_features, *self.hidden, data.num_classes)))
