"""What every backend offers: two functions of plain tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to compute a sparse layer.

    Args:
        name: how it is asked for.
        serves: whether it can work on a tensor of this device and dtype.
        forward: see `Forward`.
        backward: see `Backward`.
    """

    name: str
    serves: Callable[[Tensor], bool]
    forward: Forward
    backward: Backward
