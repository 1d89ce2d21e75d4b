"""What a file of others' holds: junctions, and perhaps weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.topology.junction import Junction


class Weighted(NamedTuple):
    """A network's junctions, and the weights of their edges, one array (E,) each; None if the file has none."""

    layers: tuple[Junction, ...]
    weights: list[NDArray[np.float64]] | None
