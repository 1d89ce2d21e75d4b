"""Below which density a dense product never wins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from gossamer.nn import SparseLinear
from gossamer.nn.kernels.choose import speeds
from gossamer.timing.contenders import junction

SHAPES = ((64, 64), (256, 256), (1024, 1024))
DENSITIES = (0.9, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
CLEAR = 2.0
"""So much faster, sparser ones need not be measured."""

_SAMPLES = 256


class Crossing(NamedTuple):
    """How much faster a sparse layer was than the dense one, forward and back."""

    inputs: int
    outputs: int
    density: float
    faster: float


def measure_dense() -> tuple[float, list[Crossing]]:
    """Half of the lowest density at which a dense product won, at most a half; and what was measured.

    Half, as other shapes and batches may be kinder to dense products than those here.
    """
    found = [each for shape in SHAPES for each in _crossings(*shape)]
    lost = [each.density for each in found if each.faster < 1]
    return min(lost, default=1.0) / 2, found


def _crossings(inputs: int, outputs: int) -> list[Crossing]:
    found = []
    for density in DENSITIES:
        layer = SparseLinear(junction(inputs, outputs, density, np.random.default_rng(0)), bias=False)
        times = speeds(layer.structure, torch.rand(_SAMPLES, inputs), layer.weight)
        found.append(Crossing(inputs, outputs, density, times.dense / times.sparse))
        if found[-1].faster > CLEAR:
            break
    return found
