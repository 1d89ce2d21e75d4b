"""Paths from the network's inputs to its outputs: how many, and through which neurons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import require_fraction
from gossamer.measures.folding import Graph, Weights, layers_of, weights_of

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
    """Natural logarithm of `effective_paths`, which may have any number of digits; -inf without a path.

    >>> from gossamer import Bipartite
    >>> round(log_effective_paths(Bipartite.from_mask([[1]])), 6)
    0.0
    """
    layers = layers_of(g)
    flow = _Flow(np.ones(layers[0].in_features))
    for layer in layers:
        flow = flow.through(layer.to_scipy())
    return flow.log_sum()


def effective_nodes(g: Graph) -> int:
    """Number of neurons on at least one input-output path: 0 (no path) to all neurons.

    >>> from gossamer import Bipartite
    >>> effective_nodes(Bipartite.from_mask([[1, 0, 0], [0, 0, 0]]))
    2
    """
    layers = layers_of(g)
    forward = [np.ones(layers[0].in_features, dtype=bool)]
    for layer in layers:
        forward.append(_pattern(layer) @ forward[-1].astype(np.int64) > 0)
    backward = [np.ones(layers[-1].out_features, dtype=bool)]
    for layer in reversed(layers):
        backward.append(_pattern(layer).T @ backward[-1].astype(np.int64) > 0)
    return sum(int(np.count_nonzero(f & b)) for f, b in zip(forward, reversed(backward), strict=True))


def node_path_balance(g: Graph, *, alpha: float = 0.7) -> float:
    """Alpha * effective nodes + (1 - alpha) * effective paths, as published; 0 without a path, inf beyond 1e308.

    Paths outnumber nodes by orders of magnitude in any deep network, so alpha matters only for thin ones.

    Args:
        g: a junction or a network.
        alpha: weight of the nodes, from 0 to 1.

    References:
        Pham et al., "Towards Data-Agnostic Pruning At Initialization: What Makes a Good Sparse Mask?", NeurIPS 2023.

    >>> from gossamer import Bipartite
    >>> round(node_path_balance(Bipartite.from_mask([[1]])), 6)  # .7 of 2 nodes and .3 of 1 path
    1.7
    """
    share = require_fraction("alpha", alpha)
    try:
        paths = float(effective_paths(g))
    except OverflowError:
        paths = math.inf
    return share * effective_nodes(g) + ((1 - share) * paths if share < 1 else 0.0)


def log_synflow(g: Graph, weights: Weights) -> float:
    """Natural logarithm of R = 1^T |W_L| ... |W_1| 1; -inf where every path has a zero weight.

    References:
        Tanaka, Kunin, Yamins, Ganguli, "Pruning neural networks without any data by iteratively conserving synaptic
        flow", NeurIPS 2020.

    >>> from gossamer import Bipartite
    >>> log_synflow(Bipartite.from_mask([[1, 1]]), [0.25, -0.75])
    0.0
    """
    matrices = [layer.to_scipy(np.abs(w)) for layer, w in zip(layers_of(g), weights_of(g, weights), strict=True)]
    flow = _Flow(np.ones(matrices[0].shape[1]))
    for matrix in matrices:
        flow = flow.through(matrix)
    return flow.log_sum()


def log_path_kernel_trace(g: Graph, weights: Weights) -> float:
    """Natural logarithm of the sum over edges of dR(W^2) / d(w^2), the factor of the tangent kernel without data.

    R(W^2) is the sum over input-output paths of the product of squared weights; its derivative by the square of one
    weight is the flow into that edge's input times the flow out of its output. -inf without a path.

    References:
        Gebhart, Saxena, Schrater, "A Unified Paths Perspective for Pruning at Initialization", 2021.

    >>> from gossamer import Bipartite
    >>> round(log_path_kernel_trace(Bipartite.from_mask([[1]]), [5.0]), 6)  # dR / d(w^2) of R = w^2
    0.0
    """
    layers = layers_of(g)
    squares = [layer.to_scipy(w * w) for layer, w in zip(layers, weights_of(g, weights), strict=True)]
    forward = [_Flow(np.ones(layers[0].in_features))]
    for matrix in squares[:-1]:
        forward.append(forward[-1].through(matrix))
    back, terms = _Flow(np.ones(layers[-1].out_features)), []
    for layer, matrix, flow in zip(reversed(layers), reversed(squares), reversed(forward), strict=True):
        reached = layer.to_scipy() @ flow.amount
        terms.append(flow.log_scale + back.log_scale + _log(float(back.amount @ reached)))
        back = back.through(matrix.T)
    return float(np.logaddexp.reduce(terms))


class _Flow(NamedTuple):
    """Non-negative amounts times exp(log_scale): products of any depth neither overflow nor vanish."""

    amount: NDArray[np.float64]
    log_scale: float = 0.0

    def through(self, matrix: scipy.sparse.csr_array) -> _Flow:
        amount = matrix @ self.amount
        peak = float(amount.max())
        return _Flow(amount / peak, self.log_scale + math.log(peak)) if peak > 0 else _Flow(amount)

    def log_sum(self) -> float:
        return self.log_scale + _log(float(self.amount.sum()))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _pattern(layer: Junction) -> scipy.sparse.csr_array:
    return layer.to_scipy(np.ones(layer.num_edges, dtype=np.int64))


def _carried(limbs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Limbs (n, L) below 2**62 as limbs below 2**31: (n, L) or (n, L + 1)."""
    carry = np.zeros(len(limbs), dtype=np.int64)
    for place in range(limbs.shape[1]):
        total = limbs[:, place] + carry
        limbs[:, place], carry = total & _LIMB, total >> _LIMB_BITS
    return np.column_stack([limbs, carry]) if carry.any() else limbs
