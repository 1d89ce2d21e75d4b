"""The network of an estimator: a topology of the asked-for edges, and the rule that rewires it."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from gossamer.errors import InfeasibleTopologyError, TopologyWarning, require_fraction, require_int
from gossamer.generators import dense
from gossamer.generators.budgets import erdos_renyi
from gossamer.nn import mlp
from gossamer.seeds import stream, torch_seed
from gossamer.studies.plan import names
from gossamer.topology import Junction, Topology

if TYPE_CHECKING:
    import numpy as np

    from gossamer.generators import Family
    from gossamer.rewiring import Rule


def topology_for(wanted: str | Topology, widths: Sequence[int], density: float, *, seed: int) -> Topology:
    """A topology of these widths.

    Args:
        wanted: the name of a construction, "dense", or a topology that has them.
        widths: of input, hidden layers and output.
        density: edges over those of the dense network; layers share them as in `budgets.erdos_renyi`, so that small
            ones are denser, and each takes the nearest count that the construction can make.
        seed: of the construction.

    Raises:
        ValueError: a topology of other widths, an unknown name, or a density out of range.
    """
    if isinstance(wanted, Topology):
        if wanted.widths != tuple(widths):
            raise ValueError(f"topology has widths {wanted.widths}; the data and hidden layers need {tuple(widths)}.")
        return wanted
    family = names.family(wanted)
    rng = stream(seed, "topology")
    counts = erdos_renyi(tuple(widths), require_fraction("density", density))
    pairs = zip(itertools.pairwise(widths), counts, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)  # few features leave neurons without edges
        return Topology(_junction(family, *sizes, count, rng) for sizes, count in pairs)


def _junction(family: Family | None, inputs: int, outputs: int, count: int, rng: np.random.Generator) -> Junction:
    if family is None or count == inputs * outputs:
        return dense(inputs, outputs)
    near = family.nearest_edges(inputs, outputs, max(1, count))
    if not near:
        raise InfeasibleTopologyError(f"{family.name} cannot make a {inputs} x {outputs} junction.")
    return family.with_edges(inputs, outputs, min(near, key=lambda edges: abs(edges - count)), rng=rng)


def network(topology: Topology, activation: str, dropout: float, *, seed: int) -> nn.Module:
    """The multilayer perceptron with this topology; weights are drawn from the seed."""
    make = names.activation(activation)
    share = require_fraction("dropout", dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "weights"))
        return mlp(topology, activation=make, dropout=(0.0, share))


def rule_of(rewire: Any, epochs: int, steps: int) -> Rule | None:
    """The rule of this name, going by the course of a training; a rule itself, or None, stays what it is."""
    if not isinstance(rewire, str):
        return rewire  # type: ignore[no-any-return]
    return names.rule(rewire, None, names.Course(steps=steps, epochs=epochs))


def hidden_widths(sizes: Any) -> tuple[int, ...]:
    """One number or several, each at least 1; none for a network without hidden layers."""
    given = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    return tuple(require_int("hidden_layer_sizes", size, low=1) for size in given)
