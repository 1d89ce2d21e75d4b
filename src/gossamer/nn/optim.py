"""PyTorch's optimisers with a step of one native call a group.

The arithmetic is that of `torch.optim`; threads are woken only for 64,000 numbers each, and gradients are dropped
without PyTorch's bookkeeping. Against PyTorch's fused optimisers that is a small gain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from gossamer.nn.kernels import native

_Row = tuple[Tensor, Tensor, dict[str, Any]]
"""A parameter, its gradient, and what the optimiser keeps for it."""


_WIDTHS = {torch.float32: False, torch.float64: True}


class _OneCall(torch.optim.Optimizer):
    """An optimiser whose step is one native call a group, or PyTorch's where that does not serve."""

    kept: tuple[str, ...] = ()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have gradients.

        Args:
            closure: computes the loss anew, with gradients; what it returns is returned.
        """
        if torch.compiler.is_compiling():
            return self._pytorchs_step(closure)
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = [(group, self._rows(group)) for group in self.param_groups]
        if all(self._usual(group) and _plain(rows, self.kept) for group, rows in groups):
            for group, rows in groups:
                for dtype, wide in _WIDTHS.items():
                    chosen = [row for row in rows if row[0].dtype is dtype]
                    if chosen:
                        self._update(group, wide, chosen)
                for parameter, _, _ in rows:  # a graph that saved the old weights must say so when it is used
                    increment_version(parameter)
        else:
            self._pytorchs_step()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients, or set them to 0."""
        if not set_to_none:
            super().zero_grad(set_to_none=False)
            return
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def _pytorchs_step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Hooks are called around our step; PyTorch's own may be wrapped to call them once more."""
        step = super().step.__func__  # type: ignore[attr-defined]
        return (step.__wrapped__ if getattr(step, "hooked", False) else step)(self, closure)

    def _rows(self, group: dict[str, Any]) -> list[_Row]:
        return [(p, p.grad, self.state.get(p, {})) for p in group["params"] if p.grad is not None]

    def _usual(self, group: dict[str, Any]) -> bool:
        scaled = getattr(self, "grad_scale", None) is not None or getattr(self, "found_inf", None) is not None
        return not (scaled or group["maximize"] or group["differentiable"] or isinstance(group["lr"], Tensor))

    def _update(self, group: dict[str, Any], wide: bool, rows: list[_Row]) -> None:
        raise NotImplementedError


class SGD(_OneCall, torch.optim.SGD):
    """`torch.optim.SGD` with a native step: the same arguments, state and, up to rounding, arithmetic.

    Parameters that are not contiguous float32 or float64 tensors on the CPU, gradients that are not like them, tensors
    as rates, `maximize`, `differentiable` and compiled steps go to PyTorch.

    >>> weight = nn.Parameter(torch.ones(2))
    >>> optimizer = SGD([weight], lr=0.1, momentum=0.9)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.data
    tensor([0.9000, 0.9000])
    """

    kept = ("momentum_buffer",)

    def _usual(self, group: dict[str, Any]) -> bool:
        return not isinstance(group["weight_decay"], Tensor) and super()._usual(group)

    def _update(self, group: dict[str, Any], wide: bool, rows: list[_Row]) -> None:
        momentum = group["momentum"]
        described = []
        for parameter, gradient, state in rows:
            velocity = state.get("momentum_buffer") if momentum else None
            steps = 1.0
            if momentum and velocity is None:
                velocity = self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
                steps = 0.0
            described.append(_described(parameter, gradient, velocity, None, steps))
        rates = (group["lr"], momentum, group["dampening"], group["weight_decay"])
        native.sgd(wide, described, *rates, group["nesterov"])


class AdamW(_OneCall, torch.optim.AdamW):
    """`torch.optim.AdamW` with a native step: the same arguments, state and, up to rounding, arithmetic.

    What `SGD` leaves to PyTorch, this does too, and `amsgrad`, `capturable` and tensors as betas.
    """

    kept = ("exp_avg", "exp_avg_sq")

    def _usual(self, group: dict[str, Any]) -> bool:
        special = group["amsgrad"] or group["capturable"] or any(isinstance(beta, Tensor) for beta in group["betas"])
        return not special and super()._usual(group)

    def _update(self, group: dict[str, Any], wide: bool, rows: list[_Row]) -> None:
        described = []
        for parameter, gradient, state in rows:
            if not state:
                state = self.state[parameter]
                state["step"] = torch.zeros(())
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
            steps = state["step"].item()
            state["step"].fill_(steps + 1)
            described.append(_described(parameter, gradient, state["exp_avg"], state["exp_avg_sq"], steps))
        first, second = group["betas"]
        native.adam(wide, described, group["lr"], first, second, group["eps"], group["weight_decay"])


def _described(
    p: Tensor, gradient: Tensor, first: Tensor | None, second: Tensor | None, steps: float
) -> native.Updated:
    return (
        p.data_ptr(),
        gradient.data_ptr(),
        0 if first is None else first.data_ptr(),
        0 if second is None else second.data_ptr(),
        p.numel(),
        steps,
    )


def _plain(rows: list[_Row], kept: tuple[str, ...]) -> bool:
    """Whether the native kernels may follow the pointers of all tensors."""
    for parameter, gradient, state in rows:
        dtype, size = parameter.dtype, parameter.numel()
        if type(parameter) not in (nn.Parameter, Tensor) or dtype not in _WIDTHS or not native.built():
            return False
        for tensor in (parameter, gradient, *(state[name] for name in kept if name in state)):
            if tensor is None:
                continue
            like = tensor.is_cpu and tensor.dtype is dtype and tensor.numel() == size and tensor.layout is torch.strided
            if not like or not tensor.is_contiguous() or (type(tensor) is not Tensor and tensor is not parameter):
                return False
    return True
