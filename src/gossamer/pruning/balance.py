"""Node-path balance: as many effective paths as possible while neurons stay alive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import Rng, require_fraction, require_rng
from gossamer.generators import budgets
from gossamer.pruning.recipes import Budget
from gossamer.topology import Bipartite, Topology


def node_path_balance(
    widths: Sequence[int],
    *,
    density: float = 0.1,
    balance: float = 0.5,
    budget: Budget = budgets.erdos_renyi_kernel,
    rng: Rng,
) -> Topology:
    """Weigh effective nodes against effective paths, layer by layer from the input on.

    An input gets a share of its layer's edges that is `balance` times an equal one plus 1 - `balance` times one in
    proportion to the paths that reach it; outputs get equal numbers. At 1 as many neurons as possible are alive and
    degrees are equal; at 0 edges gather where most paths arrive, and so do paths.

    Args:
        widths: neurons of each layer, input first.
        density: edges over places of all layers, 0 to 1.
        balance: 0 (paths) to 1 (nodes).
        budget: edges of each layer.
        rng: decides which of several equal inputs come first.

    References:
        Pham, Ta, Le, Tran, Nguyen, "Towards Data-Agnostic Pruning At Initialization: What Makes a Good Sparse Mask?",
        NeurIPS 2023 (NPB). Departure: they solve a convex programme per layer; here the edges of a layer are
        apportioned in closed form by the same two aims.

    >>> node_path_balance((8, 6, 4), density=0.5, rng=np.random.default_rng(0)).num_edges
    36
    """
    rng = require_rng(rng)
    require_fraction("balance", balance)
    counts = budget(widths, require_fraction("density", density))
    paths: NDArray[np.float64] = np.ones(widths[0])
    layers = []
    for O, count in zip(widths[1:], counts, strict=True):
        layers.append(_dealt(_fan_out(paths, O, count, balance), O, rng))
        paths = layers[-1].to_scipy() @ paths
        paths /= max(1.0, paths.max())
    return Topology(layers)


def _fan_out(paths: NDArray[np.float64], O: int, count: int, balance: float) -> NDArray[np.int64]:
    equal = np.full(len(paths), 1 / len(paths))
    arriving = paths / paths.sum() if paths.any() else equal
    shares = balance * equal + (1 - balance) * arriving
    return np.array(budgets.share(shares.tolist(), [O] * len(paths), count), dtype=np.int64)


def _dealt(fan_out: NDArray[np.int64], O: int, rng: np.random.Generator) -> Bipartite:
    """Deal the edges of each input to outputs in turn: fan-ins differ by one at most, and no edge comes twice."""
    order = rng.permutation(len(fan_out))
    inputs = np.repeat(order, fan_out[order])
    outputs = rng.permutation(O)[np.arange(len(inputs)) % O]
    return Bipartite.from_edges(inputs, outputs, in_features=len(fan_out), out_features=O)
