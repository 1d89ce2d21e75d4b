"""What the 2017 paper at full size trains, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gossamer.nn.initialization import Fan


@dataclass(frozen=True, slots=True)
class Layer:
    """A hidden layer.

    Args:
        hidden: its neurons.
        degrees: edges of an input; the first is called sparse, the others medium.
        seeds: how many.
    """

    hidden: int
    degrees: tuple[int, ...]
    seeds: int


@dataclass(frozen=True, slots=True)
class Large:
    """What is trained at full size.

    About 12 processor hours: 60 epochs of a sparse network take 24 s with 100 units, and 20, 25, 42 and 85 s with 1000
    units and degrees 8, 32, 128 and 320, of a fully connected one 73 and 170 s (one thread, AMD EPYC Zen 5, two epochs
    of each measured). Final runs are 1,070; tuning runs 160.

    Args:
        layers: each with its degrees and seeds.
        constructions: two of them with degrees that hold in expectation only.
        starts: fans that the initial weights are scaled by: "dense" is the paper's.
        rates: learning rates to choose from.
        epochs: of every run; momentum is .9, batches have 128 examples.
        validation: share of the training examples held out from tuning runs.
    """

    layers: tuple[Layer, ...] = (Layer(100, (8, 32), 10), Layer(1000, (8, 32, 128, 320), 5))
    constructions: tuple[str, ...] = (
        "regular_random",
        "rotating_random",
        "rotating_regular",
        "fibonacci",
        "bernoulli",
        "rotating_bernoulli",
    )
    starts: tuple[Fan, ...] = ("dense", "sparse")
    rates: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    epochs: int = 60
    validation: float = 1 / 12


def large_of(found: Mapping[str, Any] | None) -> Large | None:
    """The plan as JSON has it."""
    if found is None:
        return None
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    layers = (Layer(**{**each, "degrees": tuple(each["degrees"])}) for each in found["layers"])
    return Large(**values | {"layers": tuple(layers)})
