"""The optimisers that one-call steps know: what they change, and at which rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn.kernels.backend import AdamRates, Backend, Rates, SgdRates, Updated
from gossamer.nn.observers import undisturbed

LEFT = ("maximize", "differentiable", "capturable", "amsgrad")
"""Options of theirs that are left to PyTorch."""

_ADAM = frozenset({*AdamRates._fields, *LEFT, "betas", "decoupled_weight_decay", "foreach", "fused"})
_KNOWN = {
    torch.optim.SGD: frozenset({*SgdRates._fields, *LEFT, "foreach", "fused"}),
    torch.optim.Adam: _ADAM,
    torch.optim.AdamW: _ADAM,
}
"""Their options as of PyTorch 2.13.0; one that has others computes something else."""


def known(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimiser does what the kernels do, and its steps are unobserved."""
    options = _KNOWN.get(type(optimizer))
    if options is None or not optimizer.defaults.keys() <= options:
        return False
    return undisturbed(optimizer) and not any(group.get(name) for group in optimizer.param_groups for name in LEFT)


def is_adam(group: Mapping[str, Any]) -> bool:
    """Whether a group is of Adam or AdamW; else it is of SGD."""
    return "betas" in group


def moving(optimizer: torch.optim.Optimizer) -> list[bool]:
    """Of each group whether it has momentum."""
    return [group.get("momentum", 0) != 0 for group in optimizer.param_groups]


def updated(
    parameter: Tensor, gradient: Tensor, group: Mapping[str, Any], state: Mapping[str, Any], backend: Backend
) -> Updated | None:
    """What the kernels need to update a parameter, if the optimiser has made it already."""
    if is_adam(group):
        first, second, steps = (state.get(name) for name in ("exp_avg", "exp_avg_sq", "step"))
        counts = type(steps) is Tensor and steps.is_cpu and steps.dtype is torch.float32
        alike = like(first, parameter, backend) and like(second, parameter, backend)
        return Updated(parameter, gradient, first, second, steps) if counts and alike else None
    velocity = state.get("momentum_buffer") if group["momentum"] else None
    if group["momentum"] and not like(velocity, parameter, backend):
        return None
    return Updated(parameter, gradient, velocity, None, None)


def like(tensor: Tensor | None, other: Tensor, backend: Backend) -> bool:
    """Whether the kernels may follow the pointer of one as they do that of the other."""
    if tensor is None or type(tensor) not in (Tensor, nn.Parameter):
        return False
    same = tensor.dtype is other.dtype and tensor.device == other.device and tensor.layout is torch.strided
    return same and tensor.is_contiguous() and backend.serves(tensor)


def rates(group: Mapping[str, Any]) -> Rates:
    """Read anew at every step: schedulers change them."""
    if is_adam(group):
        beta1, beta2 = group["betas"]
        numbers = (group["lr"], beta1, beta2, group["eps"], group["weight_decay"], group["decoupled_weight_decay"])
        return AdamRates(*map(float, numbers))
    return SgdRates(*(float(group[name]) for name in SgdRates._fields))


def with_lr(rates: Rates, group: Mapping[str, Any]) -> Rates:
    """The same with the group's learning rate of now."""
    lr = float(group["lr"])
    return rates if lr == rates.lr else rates._replace(lr=lr)
