"""A small layer with groups and one without, computed before a device's kernels are trusted."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gossamer.nn.activations import Activation, Kind
from gossamer.nn.kernels.backend import Backend
from gossamer.nn.kernels.pytorch import PYTORCH
from gossamer.nn.structure import Structure
from gossamer.topology import Bipartite, Grouped, Junction

TOLERANCE = {torch.float32: 1e-2, torch.bfloat16: 5e-2, torch.float16: 1e-2}
"""Of the largest number: what rounding, TF32's too, stays below, and a wrong weight or input does not."""

BATCH = 150


def trial(backend: Backend, device: torch.device, dtype: torch.dtype) -> str | None:
    """What is wrong with a backend on a device, or None: outputs and gradients beside PyTorch's kernels in float64."""
    base = Bipartite.from_mask(np.arange(35).reshape(5, 7) % 3 == 0)
    for junction in (base, Grouped(base, outputs=16, inputs=16)):
        for name, found, exact in zip(
            ("output", "input gradient", "weight gradient"),
            _passes(backend, junction, device, dtype),
            _passes(PYTORCH, junction, torch.device("cpu"), torch.float64, rounded_to=dtype),
            strict=True,
        ):
            error = ((found.cpu().double() - exact).abs().max() / exact.abs().max()).item()
            if not error <= TOLERANCE[dtype]:
                return f"a trial of Triton's kernels on {device} gave a wrong {name} ({error:.2g} of the largest off)"
    return None


def _passes(
    backend: Backend,
    junction: Junction,
    device: torch.device,
    dtype: torch.dtype,
    *,
    rounded_to: torch.dtype | None = None,
) -> list[Tensor]:
    structure, activation = Structure.of(junction, device), Activation(Kind.GELU)

    def numbers(*shape: int, pace: float) -> Tensor:
        count = torch.arange(int(np.prod(shape)), dtype=torch.float64, device="cpu")
        return torch.sin(count * pace).view(shape).to(rounded_to or dtype).to(device, dtype)

    x, w = numbers(BATCH, junction.in_features, pace=0.7), numbers(junction.num_edges, pace=1.3)
    bias, dy = numbers(junction.out_features, pace=2.1), numbers(BATCH, junction.out_features, pace=0.9)
    y, kept = backend.forward(structure, x, w, bias, activation)
    dx, dw, _ = backend.backward(structure, dy, x, w, kept, activation, (True, True, False))
    assert dx is not None and dw is not None
    return [y, dx, dw]
