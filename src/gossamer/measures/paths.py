"""Paths from the network's inputs to its outputs: how many, and through which neurons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gossamer.measures.folding import Graph, layers_of

if TYPE_CHECKING:
    import scipy.sparse

    from gossamer.topology import Junction

_LIMB_BITS = 31
_LIMB = (1 << _LIMB_BITS) - 1


def effective_paths(g: Graph) -> int:
    """Number of input-output paths, 1^T A_1 ... A_L 1, exactly: 0 to the product of the widths.

    >>> from gossamer import Bipartite, Topology
    >>> dense = Bipartite.from_mask([[1, 1, 1]] * 3)
    >>> effective_paths(Topology([dense] * 100)) == 3**101
    True
    """
    layers = layers_of(g)
    # Each neuron's count in limbs of 31 bits: a fan-in below 2**31 cannot overflow the int64 sum of a limb.
    counts = np.ones((layers[0].in_features, 1), dtype=np.int64)
    for layer in layers:
        counts = _carried(_pattern(layer) @ counts)
    return sum(int(total) << (_LIMB_BITS * place) for place, total in enumerate(counts.sum(axis=0)))


def log_effective_paths(g: Graph) -> float:
    """Natural logarithm of `effective_paths`, which may have any number of digits; -inf without a path."""
    layers = layers_of(g)
    counts, log_scale = np.ones(layers[0].in_features), 0.0
    for layer in layers:
        counts = _pattern(layer) @ counts
        peak = float(counts.max())
        if peak == 0:
            return -math.inf
        counts, log_scale = counts / peak, log_scale + math.log(peak)
    return log_scale + math.log(float(counts.sum()))


def _pattern(layer: Junction) -> scipy.sparse.csr_array:
    return layer.to_scipy(np.ones(layer.num_edges, dtype=np.int64))


def _carried(limbs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Limbs (n, L) below 2**62 as limbs below 2**31: (n, L) or (n, L + 1)."""
    carry = np.zeros(len(limbs), dtype=np.int64)
    for place in range(limbs.shape[1]):
        total = limbs[:, place] + carry
        limbs[:, place], carry = total & _LIMB, total >> _LIMB_BITS
    return np.column_stack([limbs, carry]) if carry.any() else limbs
