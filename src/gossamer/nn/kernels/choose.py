"""Which backend is faster for a shape: measured once, remembered, and said."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels import BACKENDS, best_for
from gossamer.nn.kernels.backend import Backend
from gossamer.nn.structure import Structure

ALWAYS_SPARSE = 0.02
"""Below this density a dense product cannot win, and large layers must not be laid out densely to find out."""


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

    Measured at the first call for a shape (sizes, edges, batch, dtype, device, threads), then remembered by the
    process.
    Sums are rounded differently by the two, so runs that must repeat to the bit name a backend instead.
    """
    sparse = best_for(x_BI)
    if structure.num_edges < ALWAYS_SPARSE * structure.in_features * structure.out_features:
        return Choice(sparse.name)
    sizes = (structure.in_features, structure.out_features, structure.num_edges, structure.rotated)
    key = (*sizes, *x_BI.shape, x_BI.dtype, x_BI.device, torch.get_num_threads())
    if key not in _CHOICES:
        with torch.no_grad():
            times = _measure((sparse, BACKENDS["dense"]), structure, torch.rand_like(x_BI), weight.detach())
        _CHOICES[key] = Choice(min(times, key=lambda name: times[name]), tuple(times.items()))
    return _CHOICES[key]


def timed(structure: Structure, x_BI: Tensor, weight: Tensor) -> dict[str, float]:
    """Milliseconds of one forward and backward pass by the sparse and by the dense backend, measured now."""
    with torch.no_grad():
        return _measure((best_for(x_BI), BACKENDS["dense"]), structure, x_BI, weight.detach())


@cache
def _synchronizer(device: torch.device) -> torch.Event | None:
    return torch.Event(device) if device.type in ("cuda", "xpu", "mps") else None


def _measure(backends: tuple[Backend, ...], structure: Structure, x: Tensor, weight: Tensor) -> dict[str, float]:
    best = {backend.name: float("inf") for backend in backends}
    for _ in range(5):
        for backend in backends:
            start = time.perf_counter()
            y, kept = backend.forward(structure, x, weight, None, IDENTITY)
            backend.backward(structure, y, x, weight, kept, IDENTITY, (True, True, False))
            if (event := _synchronizer(x.device)) is not None:
                event.record()
                event.synchronize()
            best[backend.name] = min(best[backend.name], 1e3 * (time.perf_counter() - start))
    return best
