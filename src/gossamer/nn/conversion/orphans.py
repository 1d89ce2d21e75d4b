"""Optimisers that were made before a model was made sparse: they hold parameters that the sparse model has not.

PyTorch's optimisers step over parameters without gradient in silence, so that such a training would do nothing and say
nothing. From a swap until the first step that settles the matter, a hook looks at what optimisers hold.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.hooks import RemovableHandle

Gradient = tuple[int, int] | None
"""Of a gradient its identity and its version: another pair once there is a new one, or it was written; None of none."""


@dataclass(frozen=True, eq=False)
class _Swap:
    """One call of `sparsify`.

    Args:
        old: what the model held before, by identity: the parameter, its name, and its gradient then.
        new: what the sparse model holds instead.
        inplace: whether the old ones belong to no model any more.
    """

    old: dict[int, tuple[weakref.ref[nn.Parameter], str, Gradient]]
    new: tuple[weakref.ref[nn.Parameter], ...]
    inplace: bool

    def held(self, optimizer: torch.optim.Optimizer) -> list[tuple[nn.Parameter, str, Gradient]]:
        """The old parameters that an optimiser holds."""
        found: list[tuple[nn.Parameter, str, Gradient]] = []
        parameter: nn.Parameter
        for parameter in (each for group in optimizer.param_groups for each in group["params"]):
            known = self.old.get(id(parameter))
            if known is not None and known[0]() is parameter:
                found.append((parameter, known[1], known[2]))
        return found

    def is_settled(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether nothing has to be looked for any more: the sparse model is trained, or gone."""
        alive = {id(each) for ref in self.new if (each := ref()) is not None}
        return not alive or any(id(each) in alive for group in optimizer.param_groups for each in group["params"])

    def stale(self, optimizer: torch.optim.Optimizer) -> str | None:
        """The name of a parameter that an optimiser has stepped over, which was made for the model before the swap."""
        held = self.held(optimizer)
        if self.inplace:
            return next((name for each, name, before in held if _gradient(each) in (None, before)), None)
        parameters = (each for group in optimizer.param_groups for each in group["params"])
        return held[0][1] if held and all(each.grad is None for each in parameters) else None


class _Watch:
    """The hook; it changes nothing, so that a training step in one call need not mind it."""

    looks_on = True

    def __init__(self) -> None:
        self._swaps: list[_Swap] = []
        self._handle: RemovableHandle | None = None

    def add(self, swap: _Swap) -> None:
        """Look for optimisers that were made before a swap."""
        self._swaps.append(swap)
        if self._handle is None:
            self._handle = register_optimizer_step_post_hook(self)

    def forget(self) -> None:
        """Look for nothing any more."""
        self._swaps = []
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def __call__(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        open_swaps = [swap for swap in self._swaps if not swap.is_settled(optimizer)]
        for swap in open_swaps:
            name = swap.stale(optimizer)
            if name is not None:
                raise ValueError(_complaint(type(optimizer).__name__, name))
        self._swaps = [swap for swap in open_swaps if not swap.held(optimizer)]  # who trains the old model means to
        if not self._swaps:
            self.forget()


WATCH = _Watch()


def watch_optimizers(before: Iterable[tuple[str, nn.Parameter]], model: nn.Module, *, inplace: bool) -> None:
    """Let an optimiser that was made before a swap be told at its first step.

    Args:
        before: the parameters that the model had, by name.
        model: the sparse model.
        inplace: whether it is the same module, so that the parameters that it has no more are nobody's.

    Raises:
        ValueError: at that step, and not here: the optimiser holds a parameter that was replaced.
    """
    had = {id(each): (name, each) for name, each in before}
    has = {id(each): each for each in model.parameters()}
    old = {key: (weakref.ref(each), name, _gradient(each)) for key, (name, each) in had.items() if key not in has}
    if old:
        WATCH.add(_Swap(old, tuple(weakref.ref(each) for key, each in has.items() if key not in had), inplace))


def _gradient(parameter: nn.Parameter) -> Gradient:
    gradient = parameter.grad
    return None if gradient is None else (id(gradient), gradient._version)


def _complaint(optimizer: str, name: str) -> str:
    return (
        f"the optimizer, {optimizer}, holds {name!r} of the model before sparsify, which the sparse model has not: "
        "this step has not trained it. Make the optimizer after sparsify, of the sparse model's parameters()."
    )
