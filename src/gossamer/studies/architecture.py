"""A multilayer perceptron described by values, sparse or fully connected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from gossamer.errors import InvalidTopologyError, require_fraction, require_int
from gossamer.generators import Family, dense, family_of
from gossamer.nn import Initialization, Kaiming, mlp
from gossamer.topology import Topology
from gossamer.training import stream, torch_seed
from gossamer.training.data import Dataset


@dataclass(frozen=True, slots=True)
class Architecture:
    """A perceptron before the data give it its ends.

    Args:
        family: makes the sparse junctions: a family, a construction's name, or a function, see
            `gossamer.generators.family_of`; or a whole `Topology`, which needs neither `hidden` nor `edges`; None for
            the fully connected network, which runs on `torch.nn.Linear`.
        hidden: neurons of each hidden layer, at least 1 each.
        edges: edges of each junction, one count more than there are hidden layers; None is fully connected. Of a
            topology, one None behind its counts adds a fully connected junction to the outputs.
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
    >>> Architecture("fibonacci", hidden=(64,), edges=(512, None)) == sparse
    True
    """

    family: Family | Topology | str | Callable[..., Any] | None
    hidden: tuple[int, ...] = ()
    edges: tuple[int | None, ...] = ()
    activation: Callable[[], nn.Module] = nn.ReLU
    initialization: Initialization = field(default_factory=Kaiming)
    dropout: tuple[float, float] = (0.0, 0.0)
    start_seed: int | None = None

    def __post_init__(self) -> None:
        if self.family is not None and not isinstance(self.family, (Family, Topology)):
            object.__setattr__(self, "family", family_of(self.family))
        if isinstance(self.family, Topology) and not self.hidden and not self.edges:
            object.__setattr__(self, "hidden", self.family.widths[1:-1])
            object.__setattr__(self, "edges", tuple(layer.num_edges for layer in self.family))
        if len(self.edges) != len(self.hidden) + 1:
            raise InvalidTopologyError(
                f"edges={self.edges} has {len(self.edges)} counts for {len(self.hidden) + 1} junctions: "
                f"hidden={self.hidden} makes so many. Give both, such as hidden=(64,), edges=(512, None)."
            )
        if isinstance(self.family, Topology):
            _require_counts(self.family, self.hidden, self.edges)
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
            InvalidTopologyError: a topology that does not fit the data.
        """
        if isinstance(self.family, Topology):
            return _with_ends(self.family, self.edges, data)
        rng = stream(self._start(seed), "topology")
        return Topology(
            self.family.with_edges(n, m, count, rng=rng)
            if isinstance(self.family, Family) and count is not None
            else dense(n, m)
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
        return list(pairwise((data.num_features, *self.hidden, data.num_outputs)))


def _require_counts(given: Topology, hidden: tuple[int, ...], edges: tuple[int | None, ...]) -> None:
    counts = tuple(layer.num_edges for layer in given)
    if edges not in (counts, (*counts, None)) or hidden != given.widths[1 : len(edges)]:
        raise InvalidTopologyError(
            f"hidden={hidden} and edges={edges} are not those of the topology {given}; leave them out."
        )


def _with_ends(given: Topology, edges: tuple[int | None, ...], data: Dataset) -> Topology:
    """The network that was given, with a fully connected junction behind it if it was left open."""
    widths = given.widths
    named = "-".join(map(str, widths))
    if widths[0] != data.num_features:
        raise InvalidTopologyError(
            f"the topology {named} has {widths[0]} inputs; {data.name} has {data.num_features} features: make the "
            "first layer as wide, or choose other data."
        )
    layers = [*given.layers, dense(widths[-1], data.num_outputs)] if len(edges) > len(given) else list(given.layers)
    if layers[-1].out_features != data.num_outputs:
        raise InvalidTopologyError(
            f"the topology {named} has {widths[-1]} outputs; {data.name} needs {data.num_outputs}, one for each class "
            "or number: make the last layer as wide."
        )
    return Topology(layers)
