"""New edges under Adam: their moments are new, but the step count is the layer's, so their first steps are too large.

Adam divides its moments by 1 - beta^t, which makes up for their start at 0. An edge that joins at step t0 has moments
of age a = t - t0, and is divided by 1 - beta^t all the same: its first update is (1 - beta_1) / sqrt(1 - beta_2), 3.2
times the learning rate by default, where a fresh optimiser takes one. Moments of young edges are exactly those of a
fresh optimiser; so after each step the difference between the two updates is added to their weights.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gossamer import native
from gossamer.nn import SparseLayer
from gossamer.nn.sharded import is_sharded, own_places, part

_GROWN_UP = 1e-4
"""An edge is young until beta^a falls below this: its updates are then those of its elders to four digits."""

_LOOK = 64
"""Steps from one look at who is young to the next."""


class ColdStart:
    """Corrects the steps of young edges under `torch.optim.Adam` and `AdamW`; does nothing under other optimisers.

    Args:
        layers: the rewired layers.
        optimizer: what trains them.

    References:
        The cold start of regrown edges: SMET, arXiv 2606.00888, 2026 [departure: their step count an edge, without the
        warm-up of the learning rate].
    """

    def __init__(self, layers: Mapping[str, SparseLayer], optimizer: torch.optim.Optimizer) -> None:
        self._layers = layers
        self._optimizer = optimizer
        self._applies = isinstance(optimizer, (torch.optim.Adam, torch.optim.AdamW))
        self._joined: dict[str, Tensor] = {}
        self._seen: dict[str, float] = {}
        self._young: dict[str, tuple[Tensor, Tensor]] = {}

    def correct(self) -> None:
        """Make the last step of every young edge that of a fresh optimiser; call once after each optimiser step."""
        if not self._joined:
            return
        groups = {id(p): group for group in self._optimizer.param_groups for p in group["params"]}
        for name in list(self._joined):
            parameter = self._layers[name].weight
            state = self._optimizer.state.get(parameter, {})
            step = _step_of(state)
            if step < self._seen[name]:  # the optimiser began anew, and all edges with it
                self._forget(name)
            elif step > self._seen[name]:  # else the step was skipped or had no gradient, and has moved nothing
                self._seen[name] = step
                self._correct(name, parameter.data, state, groups[id(parameter)])

    def carry(self, name: str, source: Tensor) -> None:
        """Follow edges to their new places, where `source` (E',) is -1 for those that join now.

        Call after the optimiser's state has followed.
        """
        if not self._applies:
            return
        step = _step_of(self._optimizer.state.get(self._layers[name].weight, {}))
        self._young.pop(name, None)
        before = self._joined.get(name)
        joined = torch.zeros(len(source)) if before is None else before[source.clamp(min=0)]
        joined = torch.where(source < 0, step, joined)
        if step and bool((joined > 0).any()):
            self._joined[name], self._seen[name] = joined, step
        else:
            self._forget(name)

    def state_dict(self) -> dict[str, Any]:
        """The step at which each edge joined, float32 (E,), 0 for those that were there; of layers with young edges."""
        return {"joined": dict(self._joined), "seen": dict(self._seen)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was made."""
        self._young = {}
        self._joined = {name: joined.clone() for name, joined in state["joined"].items()}
        self._seen = {name: float(seen) for name, seen in state["seen"].items()}

    def _forget(self, name: str) -> None:
        for kept in (self._joined, self._seen, self._young):
            kept.pop(name, None)

    @torch.no_grad()
    def _correct(self, name: str, weight: Tensor, state: Mapping[str, Any], group: Mapping[str, Any]) -> None:
        step, (beta1, beta2) = int(self._seen[name]), map(float, group["betas"])
        factors = _factors(beta1, beta2, weight.dtype, weight.device)
        if name not in self._young or not step % _LOOK:
            where = _young(self._joined[name], step, len(factors.mean))
            if not len(where):
                self._forget(name)
                return
            self._young[name] = _here(where, self._joined[name], weight)
        where, joined = self._young[name]
        own, mean = part(weight), part(state["exp_avg"])
        square = part(state["max_exp_avg_sq" if group["amsgrad"] else "exp_avg_sq"])
        if _native_can(own, mean, square):
            arrays = (each.numpy() for each in (own, mean, square, where, joined))
            now = 1 / (1 - beta1**step), 1 / math.sqrt(1 - beta2**step)
            tables = factors.mean.numpy(), factors.square.numpy()
            native.extension.correct_young(*arrays, step, *tables, float(group["lr"]), float(group["eps"]), *now)
            return
        age = step - joined
        root = square.index_select(0, where).sqrt_()
        taken = root.mul(1 / math.sqrt(1 - beta2**step)).add_(group["eps"]).reciprocal_().mul_(1 / (1 - beta1**step))
        scale = factors.square.index_select(0, age)
        due = root.mul_(scale).add_(group["eps"]).reciprocal_().mul_(factors.mean.index_select(0, age))
        change = taken.sub_(due).mul_(mean.index_select(0, where)).mul_(float(group["lr"]))
        own.index_add_(0, where, change)


def _native_can(*tensors: Tensor) -> bool:
    """Whether the extension may follow them: plain ones of one dtype in the memory of the CPU."""
    dtype = tensors[0].dtype
    known = native.extension is not None and dtype in (torch.float32, torch.float64)
    return known and all(type(t) is Tensor and t.is_cpu and t.dtype is dtype and t.is_contiguous() for t in tensors)


class _Factors(NamedTuple):
    """Of an edge of each age a: 1 / (1 - beta1^a) and 1 / sqrt(1 - beta2^a), up to the age at which it is grown up."""

    mean: Tensor
    square: Tensor


@functools.lru_cache(maxsize=8)
def _factors(beta1: float, beta2: float, dtype: torch.dtype, device: torch.device) -> _Factors:
    longest = max(beta1, beta2)
    last = math.ceil(math.log(_GROWN_UP) / math.log(longest)) if longest > 0 else 1
    ages = torch.arange(last + 1 + _LOOK, dtype=torch.float64)
    exact = 1 / (1 - beta1**ages), (1 - beta2**ages).rsqrt()
    return _Factors(*(each.to(device, dtype) for each in exact))


def _young(joined: Tensor, step: int, oldest: int) -> Tensor:
    """Which edges are young."""
    return torch.nonzero((joined > 0) & (step - joined < oldest - _LOOK)).squeeze(1)


def _here(where: Tensor, joined: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Those of some edges whose weights lie on this process, by their places there, and when they joined."""
    start = 0
    if is_sharded(weight):
        own = own_places(weight)
        start, where = own.start, where[(where >= own.start) & (where < own.stop)]
    return (where - start).to(weight.device), joined[where].to(weight.device, torch.int64)


def _step_of(state: Mapping[str, Any]) -> float:
    return float(state.get("step", 0))
