"""The control of a sparse network: a fully connected one with as many edges, which is narrower."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError, require_int


def narrowed(widths: Sequence[int], num_edges: int) -> tuple[int, ...]:
    """Widths of a fully connected network with as many edges as asked for, or as near to it as whole neurons allow.

    Hidden layers shrink in proportion; then neurons are added one by one where that brings the count nearer. Of two
    networks as near, the one of fewer edges is taken. The ends keep their widths.

    Args:
        widths: neurons of each layer of the wide network, input first; at least one hidden layer.
        num_edges: of the narrow network.

    Raises:
        InvalidTopologyError: no hidden layer, or one without neurons.
        InfeasibleTopologyError: fewer edges than one neuron a hidden layer needs, or more than the wide network has.

    >>> narrowed((784, 1000, 10), 7940)
    (784, 10, 10)
    >>> slim = narrowed((784, 300, 300, 10), 32_620)
    >>> slim, sum(n * m for n, m in pairwise(slim))
    ((784, 39, 42, 10), 32634)
    """
    sizes = tuple(require_int("widths", width, low=1) for width in widths)
    if len(sizes) < 3:
        raise InvalidTopologyError(f"widths={sizes} has no hidden layer to narrow.")
    count = require_int("num_edges", num_edges, low=1)
    least, most = _edges((sizes[0], *[1] * (len(sizes) - 2), sizes[-1])), _edges(sizes)
    if not least <= count <= most:
        raise InfeasibleTopologyError(
            f"num_edges={count} is not from {least} to {most}, as fully connected networks no wider than {sizes} have."
        )
    return _filled(_scaled(sizes, count), sizes, count)


def _scaled(sizes: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The widest network in proportion that does not exceed the count."""
    low, high = 0.0, 1.0
    if _edges(sizes) <= count:
        return sizes
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _edges(_at(sizes, middle)) <= count else (low, middle)
    return _at(sizes, low)


def _at(sizes: tuple[int, ...], scale: float) -> tuple[int, ...]:
    return (sizes[0], *(max(1, int(scale * width)) for width in sizes[1:-1]), sizes[-1])


def _filled(slim: tuple[int, ...], sizes: tuple[int, ...], count: int) -> tuple[int, ...]:
    """With neurons added one by one as long as that brings the number of edges nearer to the count."""
    while True:
        wider = [(*slim[:i], slim[i] + 1, *slim[i + 1 :]) for i in range(1, len(slim) - 1) if slim[i] < sizes[i]]
        best = min(wider, key=lambda each: abs(count - _edges(each)), default=slim)
        if abs(count - _edges(best)) >= abs(count - _edges(slim)):
            return slim
        slim = best


def _edges(widths: tuple[int, ...]) -> int:
    return sum(n * m for n, m in pairwise(widths))
