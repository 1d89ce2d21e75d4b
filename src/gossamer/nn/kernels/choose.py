"""Which backend is faster for a shape: measured once, remembered, and said."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels import BACKENDS, best_for
from gossamer.nn.kernels.backend import Backend
from gossamer.nn.structure import Structure
from gossamer.tuning import in_use


@dataclass(frozen=True, slots=True)
class Choice:
    """What was measured for a shape.

    Args:
        backend: the faster one's name.
        milliseconds: of one forward and backward pass, by backend; empty if nothing had to be measured.
    """

    backend: str
    milliseconds: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        measured = ", ".join(f"{name} {value:.3f} ms" for name, value in self.milliseconds)
        return f"{self.backend} ({measured or 'too sparse for dense'})"


_CHOICES: dict[tuple[object, ...], Choice] = {}


def choice(structure: Structure, x_BI: Tensor, weight: Tensor) -> Choice:
    """The faster of the sparse and the dense backend for this junction's shape and this batch.

    Below the density that `gossamer.tuning` holds a dense product cannot win, and large layers must not be laid out
    densely to find out. Else measured at the first call for a shape (sizes, edges, batch, dtype, device, threads), then
    remembered by the process.
    Sums are rounded differently by the two, so runs that must repeat to the bit name a backend instead.
    """
    sparse = best_for(x_BI)
    if surely_sparse(structure):
        return Choice(sparse.name)
    sizes = (structure.in_features, structure.out_features, structure.num_edges, structure.rotated)
    key = (*sizes, *x_BI.shape, x_BI.dtype, x_BI.device, torch.get_num_threads())
    if key not in _CHOICES:
        with torch.no_grad():
            x, w = torch.rand_like(x_BI), weight.detach()
            calls = {each.name: _pass(each, structure, x, w) for each in (sparse, BACKENDS["dense"])}
            times = _least(calls, x.device)
        _CHOICES[key] = Choice(min(times, key=lambda name: times[name]), tuple(times.items()))
    return _CHOICES[key]


@dataclass(frozen=True, slots=True)
class Speeds:
    """Milliseconds of one forward and backward pass.

    Args:
        sparse: of the sparse layer.
        dense: of a dense layer of the same sizes, whose weights lie in a matrix already.
    """

    sparse: float
    dense: float


def speeds(structure: Structure, x_BI: Tensor, weight: Tensor) -> Speeds:
    """A sparse layer beside the dense one in whose place it stands, measured now."""
    matrix = torch.rand(structure.out_features, structure.in_features, dtype=x_BI.dtype, device=x_BI.device)
    dy = torch.rand(x_BI.shape[0], structure.out_features, dtype=x_BI.dtype, device=x_BI.device)

    def dense() -> None:
        torch.nn.functional.linear(x_BI, matrix)
        dy @ matrix
        dy.t() @ x_BI

    with torch.no_grad():
        sparse = _pass(best_for(x_BI), structure, x_BI, weight.detach())
        times = _least({"sparse": sparse, "dense": dense}, x_BI.device)
    return Speeds(**times)


def worth_it(structure: Structure, x_BI: Tensor, weight: Tensor) -> bool:
    """Whether a layer is faster sparse than dense; not measured where it is so sparse that it must be."""
    if surely_sparse(structure):
        return True
    found = speeds(structure, x_BI, weight)
    return found.sparse <= found.dense


def surely_sparse(structure: Structure) -> bool:
    """Whether a junction is sparser than what dense products ever win with, as `gossamer.tuning` holds."""
    return structure.num_edges < in_use().thresholds.sparse_below * structure.in_features * structure.out_features


@cache
def _synchronizer(device: torch.device) -> torch.Event | None:
    return torch.Event(device) if device.type in ("cuda", "xpu", "mps") else None


def _pass(backend: Backend, structure: Structure, x: Tensor, weight: Tensor) -> Callable[[], None]:
    def run() -> None:
        y, kept = backend.forward(structure, x, weight, None, IDENTITY)
        backend.backward(structure, y, x, weight, kept, IDENTITY, (True, True, False))

    return run


def _least(calls: Mapping[str, Callable[[], None]], device: torch.device) -> dict[str, float]:
    """The least milliseconds of each call; they take turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(5):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if (event := _synchronizer(device)) is not None:
                event.record()
                event.synchronize()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best
