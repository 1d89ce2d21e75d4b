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


class Loss(NamedTuple):
    """What a step makes small."""

    kind: int
    """A `gossamer.nn.criteria.Kind`."""
    weights: Tensor | None = None
    """What each class or output counts, (C,); None if all count 1."""
    positive: Tensor | None = None
    """What a target of 1 counts, (C,)."""
    smoothing: float = 0.0
    """The share of a label that goes to all classes alike."""
    ignored: int = -100
    """A label that does not count."""
    of_logistic: bool = False
    """Of the logistic function of the outputs."""
    mean: bool = True
    """Or the sum."""
    labels: bool = False
    """Whether targets are int64 classes (B,), or else numbers (B, C)."""


class Pass(NamedTuple):
    """Where a step leaves copies of what passes through a layer, in memory of strides (1, B).

    Numbers are float64 if the stack's are, else float32.
    """

    inputs: Tensor | None
    """Shape (B, I); None if they are not wanted."""
    gradient: Tensor
    """Of the sums before the activation, (B, O)."""


class Samples(NamedTuple):
    """What one or several steps learn from."""

    inputs: Tensor
    """Shape (B, I), of the stack's dtype and of any layout."""
    targets: Tensor
    """Contiguous int64 labels (B,), or numbers (B, C), as the loss takes."""
    masks: Sequence[Tensor | None] = ()
    """What the outputs (B, O) of each layer but the last are multiplied by; none of several steps."""
    passes: Sequence[Pass | None] = ()
    """What is to be seen of each layer; nothing of several steps."""


class Course(NamedTuple):
    """How steps are taken."""

    size: int
    """Samples of each; the last one takes the rest."""
    rates: Sequence[Sequence[Rates]]
    """For each step those of each group."""
    longest: float | None = None
    """The norm that all gradients together are cut to, if they are."""


class Steps(Protocol):
    """Whole training steps of one stack."""

    def run(self, samples: Samples, course: Course) -> tuple[list[float], list[Tensor]]:
        """Of each step the loss, and the outputs (B, C) before the update.

        Raises:
            ValueError: a label that is no class, or no sample that counts. Nothing is changed then.
        """

    def following(self, layers: Sequence[Layer]) -> Steps:
        """The same with other junctions of the same sizes, whose weights lie where those of the old ones do."""


StepPlanner: TypeAlias = Callable[[Sequence[Layer], Sequence[GradientBuffers], Sequence[Group], Loss], Steps]
"""(layers, where their gradients go, what is updated, what is made small) to steps."""


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
        why_not: why it cannot work on a tensor, in words; None where it can.
    """

    name: str
    serves: Callable[[Tensor], bool]
    forward: Forward
    backward: Backward
    stacks: Stacks | None = None
    steps: StepPlanner | None = None
    why_not: Callable[[Tensor], str | None] | None = None
