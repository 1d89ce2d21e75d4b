"""Bytes that a topology takes."""

from __future__ import annotations

from gossamer.measures.folding import Graph, layers_of


def storage_bytes(g: Graph) -> int:
    """Bytes that store the edges: 4 an offset for rotated junctions, 4 an edge and 4 an output for others.

    >>> from gossamer import Rotated
    >>> storage_bytes(Rotated([0, 3, 5], in_features=10_000, out_features=1_000))
    12
    """
    return sum(layer.nbytes for layer in layers_of(g))


def dense_storage_bytes(g: Graph) -> int:
    """Bytes of the same edges as a dense mask, one byte a pair as NumPy and PyTorch keep it: the sum of I * O.

    >>> from gossamer import Rotated
    >>> dense_storage_bytes(Rotated([0], in_features=20, out_features=30))
    600
    """
    return sum(layer.in_features * layer.out_features for layer in layers_of(g))


def storage_ratio(g: Graph) -> float:
    """`storage_bytes` over `dense_storage_bytes`, above 0: beyond 1 a mask would be smaller.

    >>> from gossamer import Rotated
    >>> storage_ratio(Rotated([0], in_features=20, out_features=20))
    0.01
    """
    return storage_bytes(g) / dense_storage_bytes(g)
