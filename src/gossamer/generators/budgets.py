"""Layer budgets: how many edges each junction of a network gets. Integers that sum exactly.

Every rule gives each junction a share; a junction whose share exceeds its pairs becomes dense, and the rest is shared
again among the others. Fractions of an edge go to the largest remainders.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from gossamer.errors import InvalidTopologyError, require_fraction, require_int


def uniform(widths: Sequence[int], density: float) -> tuple[int, ...]:
    """Give every junction the same density.

    Args:
        widths: neurons of each layer, input first; at least two.
        density: edges over the edges of the fully connected network, 0 to 1.

    Returns:
        Edges of each junction; they sum to `round(density * pairs)`.

    >>> uniform((784, 300, 10), 0.1)
    (23520, 300)
    """
    pairs = _pairs(widths)
    return share(pairs, pairs, total_edges(pairs, density))


def erdos_renyi(widths: Sequence[int], density: float) -> tuple[int, ...]:
    """Give the junction of n inputs and m outputs a density in proportion to (n + m) / (n m).

    Args:
        widths: neurons of each layer, input first; at least two.
        density: edges over the edges of the fully connected network, 0 to 1.

    Returns:
        Edges of each junction; they sum to `round(density * pairs)`.

    References:
        Mocanu et al., "Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
        network science" (SET), Nature Communications 2018, equation 1; Evci et al. (RigL), ICML 2020, for solving
        again what saturated junctions leave.

    >>> erdos_renyi((784, 300, 10), 0.1)
    (20820, 3000)
    """
    pairs = _pairs(widths)
    return share([n + m for n, m in itertools.pairwise(widths)], pairs, total_edges(pairs, density))


def erdos_renyi_kernel(
    widths: Sequence[int], density: float, *, kernels: Sequence[Sequence[int]] | None = None
) -> tuple[int, ...]:
    """Give a junction a density in proportion to (n + m + sum of kernel sizes) / (n m * product of kernel sizes).

    Args:
        widths: channels of each layer, input first; at least two.
        density: weights over the weights of the dense network, 0 to 1.
        kernels: kernel sizes of each junction, such as (3, 3); empty for a fully connected one. Without it all are
            fully connected, and this is `erdos_renyi`.

    Returns:
        Weights of each junction, n * m * product of kernel sizes at most; they sum to `round(density * weights)`.

    Raises:
        InvalidTopologyError: another number of kernels than of junctions.

    References:
        Evci et al., "Rigging the Lottery: Making All Tickets Winners" (RigL), ICML 2020, section 3.

    >>> erdos_renyi_kernel((3, 64, 64, 10), 0.2, kernels=[(3, 3), (3, 3), ()])
    (1728, 5478, 640)
    """
    pairs = _pairs(widths)
    sizes = [()] * len(pairs) if kernels is None else [tuple(kernel) for kernel in kernels]
    if len(sizes) != len(pairs):
        raise InvalidTopologyError(f"kernels has {len(sizes)} entries for {len(pairs)} junctions; give one for each.")
    for number, kernel in enumerate(sizes):
        for size in kernel:
            require_int(f"kernels[{number}]", size, low=1)
    weights = [count * math.prod(kernel) for count, kernel in zip(pairs, sizes, strict=True)]
    shares = [n + m + sum(kernel) for n, m, kernel in zip(widths, widths[1:], sizes, strict=False)]
    return share(shares, weights, total_edges(weights, density))


def balanced(widths: Sequence[int], density: float) -> tuple[int, ...]:
    """Give every junction the same number of edges.

    Args:
        widths: neurons of each layer, input first; at least two.
        density: edges over the edges of the fully connected network, 0 to 1.

    Returns:
        Edges of each junction; they sum to `round(density * pairs)`.

    References:
        Gadhikar, Mukherjee, Burkholz, "Why Random Pruning Is All We Need to Start Sparse", ICML 2023.

    >>> balanced((784, 300, 10), 0.1)
    (20820, 3000)
    """
    pairs = _pairs(widths)
    return share([1] * len(pairs), pairs, total_edges(pairs, density))


def pyramidal(widths: Sequence[int], density: float) -> tuple[int, ...]:
    """Give junction l = 1, 2, ... the density p^l, with p such that the whole network has `density`.

    Args:
        widths: neurons of each layer, input first; at least two.
        density: edges over the edges of the fully connected network, 0 to 1.

    Returns:
        Edges of each junction; they sum to `round(density * pairs)`.

    References:
        Gadhikar, Mukherjee, Burkholz, "Why Random Pruning Is All We Need to Start Sparse", ICML 2023.

    >>> pyramidal((100, 100, 100), 0.375)
    (5000, 2500)
    """
    pairs = _pairs(widths)
    total = total_edges(pairs, density)
    low, high = 0.0, 1.0
    for _ in range(100):  # the edge count rises with p: halve until floats cannot tell
        p = (low + high) / 2
        enough = sum(count * p ** (depth + 1) for depth, count in enumerate(pairs)) >= total
        low, high = (low, p) if enough else (p, high)
    return share([count * high ** (depth + 1) for depth, count in enumerate(pairs)], pairs, total)


def total_edges(pairs: Sequence[int], density: float) -> int:
    """Edges that `density` stands for, rounded to the nearest: the one place where a density becomes a count.

    >>> total_edges([235200, 3000], 0.1)
    23820
    """
    return round(require_fraction("density", density) * sum(pairs))


def share(shares: Sequence[float], most: Sequence[int], total: int) -> tuple[int, ...]:
    """Divide `total` in proportion to `shares`, giving nobody more than its entry of `most`.

    Args:
        shares: what each would like, relative to the others; not negative.
        most: what each can take.
        total: what there is, at most the sum of `most`.

    Returns:
        Integers that sum to `total`.

    >>> share([1, 1, 2], [10, 2, 10], 10)
    (3, 2, 5)
    """
    full: set[int] = set()
    while True:
        open_shares = [0.0 if place in full else value for place, value in enumerate(shares)]
        left = total - sum(most[place] for place in full)
        scale = left / sum(open_shares) if sum(open_shares) else 0.0
        over = {place for place, value in enumerate(open_shares) if value * scale > most[place]}
        if not over:
            break
        full |= over
    parts = [float(most[place]) if place in full else open_shares[place] * scale for place in range(len(most))]
    return _round_to_sum(parts, most, total)


def _round_to_sum(parts: Sequence[float], most: Sequence[int], total: int) -> tuple[int, ...]:
    counts = [min(math.floor(part), limit) for part, limit in zip(parts, most, strict=True)]
    by_remainder = sorted(range(len(parts)), key=lambda place: (counts[place] - parts[place], place))
    while sum(counts) < total:
        room = [place for place in by_remainder if counts[place] < most[place]]
        for place in room[: total - sum(counts)]:
            counts[place] += 1
    return tuple(counts)


def _pairs(widths: Sequence[int]) -> list[int]:
    if len(widths) < 2:
        raise InvalidTopologyError(f"widths={tuple(widths)} has {len(widths)} entries; a network has at least two.")
    sizes = [require_int(f"widths[{number}]", width, low=1) for number, width in enumerate(widths)]
    return [n * m for n, m in itertools.pairwise(sizes)]
