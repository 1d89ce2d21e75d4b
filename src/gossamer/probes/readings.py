"""Probes that need a trained network and examples, each as one number: what a study can measure beside its graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.errors import GossamerError, require_known
from gossamer.probes.chain import layers_in_order
from gossamer.probes.critic import critic_distance
from gossamer.probes.curvature import Loss, curvature
from gossamer.probes.gates import gates
from gossamer.probes.gradients import gradient_mass
from gossamer.probes.landscape import landscape
from gossamer.probes.slabs import gradient_slabs
from gossamer.probes.slices import region_slice
from gossamer.probes.weights import layers_of

EXAMPLES = 200
"""Training examples that a network is read with: not the test examples, so that readings may foretell accuracy."""

_POINTS = 9
_SIDE = 100
_STEPS = 100
_NEAR = 0.1


@dataclass(frozen=True)
class Trained:
    """A network and what it is read with.

    Args:
        model: trained, in evaluation mode; it is not changed.
        start: the network that training began with.
        inputs: (N, ...), as the network takes them.
        targets: (N,), what `loss` takes.
        loss: what training made small.
    """

    model: nn.Module
    start: nn.Module
    inputs: Tensor
    targets: Tensor
    loss: Loss


@dataclass(frozen=True)
class Reading:
    """One number of a trained network.

    Attributes:
        name: in studies and tables.
        function: of the network and of what decides planes, gates and corners.
        low: least value.
        high: largest value, inf where there is none.
    """

    name: str
    function: Callable[[Trained, np.random.Generator], float] = field(repr=False)
    low: float
    high: float

    needs_weights: ClassVar[bool] = True


def read(
    names: Iterable[str], trained: Trained, rng_of: Callable[[str], np.random.Generator]
) -> dict[str, float | None]:
    """Readings by name; None where a probe refuses the network: no perceptron, a loss that is not finite, no classes.

    Args:
        names: which, see `READINGS`.
        trained: what is read.
        rng_of: the chance of a reading, by its name: so none hangs on which others are taken.

    Raises:
        ValueError: a name that no reading has.

    >>> from gossamer.probes.readings import Trained, read
    >>> model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> x, y = torch.randn(20, 4), torch.arange(20) % 2
    >>> trained = Trained(model, model, x, y, nn.functional.cross_entropy)
    >>> read(["output_distance"], trained, lambda name: np.random.default_rng(0))
    {'output_distance': 0.0}
    """
    chosen = [require_known("reading", name, READINGS) for name in names]
    return {each.name: _taken(each, trained, rng_of(each.name)) for each in chosen}


def _taken(reading: Reading, trained: Trained, rng: np.random.Generator) -> float | None:
    try:
        value = float(reading.function(trained, rng))
    except (GossamerError, ValueError, TypeError, ArithmeticError):
        return None
    return value if np.isfinite(value) else None


def _flat_share(of: Trained, rng: np.random.Generator) -> float:
    plane = landscape(of.model, of.inputs, of.targets, rng=rng, loss=of.loss, points=_POINTS, extremes=False)
    return plane.flat_share


def _loss_rise(of: Trained, rng: np.random.Generator) -> float:
    plane = landscape(of.model, of.inputs, of.targets, rng=rng, loss=of.loss, points=_POINTS, extremes=False)
    return plane.rise


def _hessian_max(of: Trained, rng: np.random.Generator) -> float:
    return curvature(of.model, of.inputs, of.targets, loss=of.loss).largest


def _gates_closed(of: Trained, rng: np.random.Generator) -> float:
    return gates(of.model, of.inputs, of.targets, rng=rng, loss=of.loss, steps=_STEPS).closed_share


def _boundary_mass(of: Trained, rng: np.random.Generator) -> float:
    return float(gradient_mass(of.model, of.inputs, of.targets, loss=of.loss, shares=(_NEAR,)).boundary_mass[0])


def _slice_regions(of: Trained, rng: np.random.Generator) -> float:
    corners = of.inputs[torch.from_numpy(rng.choice(len(of.inputs), size=3, replace=False))]
    return float(region_slice(of.model, corners, resolution=_SIDE).num_regions)


def _slab_fraction(of: Trained, rng: np.random.Generator) -> float:
    layer, (weight, *_) = layers_in_order(of.model)[0], layers_of(of.model, hidden=0)
    bias = None if layer.bias is None else layer.bias.detach().double().numpy()
    return float(gradient_slabs(weight, bias, of.inputs.flatten(1).double().numpy()).fractions.mean())


def _output_distance(of: Trained, rng: np.random.Generator) -> float:
    with torch.no_grad():
        before, after = (model(of.inputs).flatten(1).double() for model in (of.start.eval(), of.model))
    return critic_distance(before.numpy(), after.numpy(), steps=_STEPS)


READINGS: Mapping[str, Reading] = {
    each.name: each
    for each in (
        Reading("flat_share", _flat_share, 0, 1),
        Reading("loss_rise", _loss_rise, -np.inf, np.inf),
        Reading("hessian_max", _hessian_max, -np.inf, np.inf),
        Reading("gates_closed", _gates_closed, 0, 1),
        Reading("boundary_mass", _boundary_mass, 0, 1),
        Reading("slice_regions", _slice_regions, 1, _SIDE**2),
        Reading("slab_fraction", _slab_fraction, 0, 1),
        Reading("output_distance", _output_distance, 0, np.inf),
    )
}
"""By name; `gossamer.studies` measures them beside graphs."""
