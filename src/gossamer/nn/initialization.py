"""How the weights of live edges begin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from gossamer.topology import Junction

Fan = Literal["dense", "sparse"]
"""Which degrees count: those of the fully connected layer, or the mean degrees of the sparse one."""

Distribution = Literal["normal", "uniform"]


class Initialization(Protocol):
    """Fills the weights (E,) of a junction in place; randomness is torch's, or the generator's given."""

    def __call__(self, weight: Tensor, junction: Junction, generator: torch.Generator | None = None) -> None:
        """Fill `weight`."""


def fans(junction: Junction, fan: Fan) -> tuple[float, float]:
    """Mean edges into an output and out of an input; (I, O) if `fan` is "dense"."""
    if fan == "dense":
        return junction.in_features, junction.out_features
    return junction.num_edges / junction.out_features, junction.num_edges / junction.in_features


@dataclass(frozen=True, slots=True)
class Glorot:
    """Variance 2 / (fan_in + fan_out).

    Args:
        fan: "sparse" counts live edges only, so that signals keep their size; "dense" is what a masked dense layer
            starts with, as in the 2017 paper [reading: stock Keras].
        distribution: "normal", or "uniform" of the same variance.

    References:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
        eq. 16.
    """

    fan: Fan = "sparse"
    distribution: Distribution = "normal"

    def __call__(self, weight: Tensor, junction: Junction, generator: torch.Generator | None = None) -> None:
        """Fill `weight`."""
        _draw(weight, 2 / max(1e-30, sum(fans(junction, self.fan))), self.distribution, generator)


@dataclass(frozen=True, slots=True)
class Kaiming:
    """Variance gain² / fan_in.

    Args:
        fan: see `Glorot`.
        distribution: "uniform" or "normal".
        gain: sqrt(2) for ReLU; 1 / sqrt(3) with "uniform" and "dense" is the default of `torch.nn.Linear`.

    References:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, eq. 10.
        Evci, Ioannou, Keskin, Dauphin, "Gradient Flow in Sparse Neural Networks", AAAI 2022 (live edges as fan).
    """

    fan: Fan = "sparse"
    distribution: Distribution = "normal"
    gain: float = math.sqrt(2)

    def __call__(self, weight: Tensor, junction: Junction, generator: torch.Generator | None = None) -> None:
        """Fill `weight`."""
        _draw(weight, self.gain**2 / max(1e-30, fans(junction, self.fan)[0]), self.distribution, generator)


@dataclass(frozen=True, slots=True)
class Masked:
    """What a fully connected layer would start with, on the live edges: W0 * A.

    As many numbers are drawn whatever the topology, so that networks of one seed share their initial weights wherever
    they share edges: with `Glorot(fan="dense")` exactly, also with the fully connected network; with live edges as fan
    where they have as many.

    Args:
        full: fills the fully connected layer.

    References:
        Bourely, Boueri, Choromanski, "Sparse Neural Networks Topologies", arXiv 1706.05683, 2017: W0 is masked too.

    >>> import gossamer as gs
    >>> edge, both = gs.Bipartite.from_mask([[0, 1]]), gs.Bipartite.from_mask([[1, 1]])
    >>> few, all_ = (gs.nn.SparseLinear(g) for g in (edge, both))
    >>> for layer in (few, all_):
    ...     Masked(Glorot(fan="dense"))(layer.weight, layer.topology(), torch.Generator().manual_seed(0))
    >>> bool(few.weight[0] == all_.weight[1])
    True
    """

    full: Initialization

    def __call__(self, weight: Tensor, junction: Junction, generator: torch.Generator | None = None) -> None:
        """Fill `weight`."""
        whole = torch.empty(junction.in_features * junction.out_features)
        self.full(whole, junction, generator)
        inputs, outputs = (torch.tensor(ends, dtype=torch.int64) for ends in junction.edges())
        with torch.no_grad():
            weight.copy_(whole[outputs * junction.in_features + inputs])


def _draw(weight: Tensor, variance: float, distribution: Distribution, generator: torch.Generator | None) -> None:
    if distribution not in ("normal", "uniform"):
        raise ValueError(f"distribution={distribution!r} is not allowed: 'normal' and 'uniform' are.")
    with torch.no_grad():
        if distribution == "normal":
            weight.normal_(0, math.sqrt(variance), generator=generator)
        else:
            bound = math.sqrt(3 * variance)
            weight.uniform_(-bound, bound, generator=generator)
