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

    About 5 processor hours: an epoch of 1000 units takes .10, .16, .25 to .4 and .75 s at degrees 8, 32, 128 and 320,
    of the narrow networks of as many edges .03, .11, .27 and .6 s, of the fully connected one 1.5 to 1.7 s (steps in
    one call, avx512 kernels, one thread, AMD EPYC Zen 5, two epochs of each, others at work beside them). Final runs
    are 1,070; tuning runs 160.

    Args:
        layers: each with its degrees and seeds.
        constructions: two of them with degrees that hold in expectation only.
        starts: fans that the initial weights are scaled by: "dense" is the paper's, and comes first.
        rates: learning rates to choose from.
        epochs: of every run; momentum is .9, batches have 128 examples.
        rise: share of all steps in which the learning rate rises to its value. At once it leaves networks of 1000 units
            on a plateau: with the rates that are best here (one run each, on what tuning holds out) a tenth of the
            examples is right after ten epochs.
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
    rates: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    epochs: int = 60
    rise: float = 1 / 8
    validation: float = 1 / 12


CUT = Large(
    layers=(Layer(1000, (8, 32, 128), 5),),
    constructions=("regular_random", "rotating_random", "rotating_regular", "fibonacci"),
    rates=(1.0, 2.0, 4.0),
    epochs=24,
)
"""What a busy core has time for in an hour and a half.

Of a data set 80 fully connected, narrow and sparse networks with the paper's start, about 9 minutes by the seconds
above, and 30 tuning runs, 4; then 60 sparse ones with the other start, 5.

Cut before any result: 100 units; degree 320, which is two fifths of the time; the expected-degree variants; three
fifths of the epochs; a rate below; and the second data set, unless there is time for it. One start comes after the
other, and of each a whole seed after the other, so that it can be concluded after any seed; fewer than five decide
little. That rates of 1 and above are to be chosen from was seen on what tuning holds out, in runs of six to ten epochs.
"""


def large_of(found: Mapping[str, Any] | None) -> Large | None:
    """The plan as JSON has it."""
    if found is None:
        return None
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    layers = (Layer(**{**each, "degrees": tuple(each["degrees"])}) for each in found["layers"])
    return Large(**values | {"layers": tuple(layers)})
