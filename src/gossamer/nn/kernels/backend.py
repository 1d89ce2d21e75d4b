"""What every backend offers: two functions of plain tensors; and what it may offer for several layers at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from torch import Tensor

from gossamer.nn.activations import Activation
from gossamer.nn.structure import Structure

Forward: TypeAlias = Callable[[Structure, Tensor, Tensor, Tensor | None, Activation], tuple[Tensor, Tensor]]
"""(structure, x (B, I), weight (E,), bias (O,) or None, activation) to y (B, O) and what `Activation.derivative` needs:
the activation's argument, or y itself."""

Wanted: TypeAlias = tuple[bool, bool, bool]
Gradients: TypeAlias = tuple[Tensor | None, Tensor | None, Tensor | None]

Backward: TypeAlias = Callable[[Structure, Tensor, Tensor, Tensor, Tensor, Activation, Wanted], Gradients]
"""(structure, dy (B, O), x, weight, kept, activation, wanted) to the gradients of x, weight and bias, or None."""


class Layer(NamedTuple):
    """A layer of a stack."""

    structure: Structure
    weight: Tensor
    """Shape (E,)."""
    bias: Tensor | None
    """Shape (O,)."""
    activation: Activation


class StackForward(Protocol):
    """All layers, one after the other."""

    def __call__(self, layers: Sequence[Layer], x_BI: Tensor, *, keep: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """The last y (B, O), what its activation's gradient needs, and, if `keep`, what the backward pass needs."""


StackBackward: TypeAlias = Callable[
    [Sequence[Layer], Tensor, Tensor, tuple[Tensor, Tensor | None], Sequence[bool]], list[Tensor | None]
]
"""(layers with contiguous weights, dy (B, O), x (B, I), the other two things that `StackForward` gave, wanted) to the
gradients of x and of each layer's weight and bias: 1 + 2 L, None where `wanted` says no."""


class Stacks(NamedTuple):
    """Layers that feed one another, computed in one call."""

    forward: StackForward
    backward: StackBackward


class GradientBuffers(NamedTuple):
    """Where the gradients of a layer go; None if they are not wanted."""

    weight: Tensor | None
    bias: Tensor | None


class Updated(NamedTuple):
    """A parameter that an optimiser changes, with its gradient and the optimiser's state."""

    value: Tensor
    gradient: Tensor
    first: Tensor | None
    """Momentum, or Adam's mean of gradients."""
    second: Tensor | None
    """Adam's mean of squares."""
    steps: Tensor | None
    """Adam's count of steps, float32."""


class SgdRates(NamedTuple):
    """Of a group of `torch.optim.SGD`, for one step."""

    lr: float
    momentum: float
    dampening: float
    weight_decay: float
    nesterov: float


class AdamRates(NamedTuple):
    """Of a group of `torch.optim.Adam` or `AdamW`, for one step."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    decoupled: float


Rates: TypeAlias = SgdRates | AdamRates


class Group(NamedTuple):
    """Parameters that are updated alike."""

    adam: bool
    """Or SGD."""
    updated: Sequence[Updated]


class Steps(Protocol):
    """Whole training steps of one stack with cross-entropy."""

    def run(self, x_BI: Tensor, labels_B: Tensor, smoothing: float, rates: Sequence[Rates]) -> tuple[float, Tensor]:
        """One step: the mean loss, and the outputs (B, C) before the update.

        Raises:
            ValueError: a label that is no class. Nothing is changed then.
        """


StepPlanner: TypeAlias = Callable[[Sequence[Layer], Sequence[GradientBuffers], Sequence[Group]], Steps]
"""(layers, where their gradients go, what is updated) to steps."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to compute a sparse layer.

    Args:
        name: how it is asked for.
        serves: whether it can work on a tensor of this device and dtype.
        forward: see `Forward`.
        backward: see `Backward`.
        stacks: how it computes layers that follow one another at once, if it does.
        steps: how it plans training steps in one call, if it does.
    """

    name: str
    serves: Callable[[Tensor], bool]
    forward: Forward
    backward: Backward
    stacks: Stacks | None = None
    steps: StepPlanner | None = None
