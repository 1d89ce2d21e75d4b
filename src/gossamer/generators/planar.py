"""Junctions between neurons that have places, such as pixels: each output reads inputs near its own place."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gossamer.errors import InvalidTopologyError, Rng, require_fraction, require_int, require_rng
from gossamer.generators.feasible import require_num_edges, require_shape
from gossamer.generators.smallworld import even_counts, picked_near
from gossamer.generators.switching import joined
from gossamer.topology import Bipartite

_AT_ONCE = 1 << 22
_PLASTIC = 1.32471795724474602596
"""The real root of x³ = x + 1: multiples of its inverse powers fill a square evenly, as those of the golden ratio a
line."""


def spatial(in_places: ArrayLike, out_places: ArrayLike, num_edges: int, *, r: float, rng: Rng) -> Bipartite:
    """Let each output read inputs near its own place by preference.

    Output o picks input i with weight (1 + d)^(-(1 - r) / r), without replacement, d being the Euclidean distance of
    their places. All pick as many, give or take one. Time grows with I * O, memory with the edges.

    Args:
        in_places: coordinates of the inputs, shape (I, D), in units of what is near; as many may share a place as like.
        out_places: of the outputs, shape (O, D).
        num_edges: number of edges E, 0 to I * O.
        r: degree of spatial randomness, 0 (the nearest, ties at random) to 1 (uniform).
        rng: source of randomness.

    Raises:
        InvalidTopologyError: places of another shape, or that are not finite.
        InfeasibleTopologyError: more edges than pairs.

    References:
        The law is that of `receptive_field` (Zhang et al., arXiv 2501.19107), which has it on a ring; any number of
        dimensions, and outputs that read, are ours.

    >>> spatial([[0.0], [1.0], [9.0]], [[0.6], [8.0]], 4, r=0.0, rng=np.random.default_rng(0)).to_mask().astype(int)
    array([[1, 1, 0],
           [0, 1, 1]])
    """
    there, here = _coordinates("in_places", in_places), _coordinates("out_places", out_places)
    if there.shape[1] != here.shape[1]:
        raise InvalidTopologyError(
            f"in_places has {there.shape[1]} coordinates a neuron and out_places {here.shape[1]}; give both as many."
        )
    I, O = require_shape(len(there), len(here))
    count = require_num_edges(num_edges, I, O)
    randomness, rng = require_fraction("r", r), require_rng(rng)
    reads = even_counts(count, O, rng)
    step = max(1, _AT_ONCE // I)
    chosen = [
        picked_near(_distances(here[k : k + step], there), reads[k : k + step], randomness=randomness, rng=rng)
        for k in range(0, O, step)
    ]
    return joined(np.concatenate(chosen), np.repeat(np.arange(O), reads), I, O)


def planar_field(
    in_features: int,
    out_features: int,
    num_edges: int,
    *,
    r: float,
    rng: Rng,
    image: tuple[int, int, int] | None = None,
) -> Bipartite:
    """Let each output read a patch of an image: inputs near its place in the plane by preference, in all channels.

    The neurons of a layer lie on the plane. Those of a layer with as many as the image has values lie where these do,
    channel behind channel, rows before columns; those of any other layer are spread evenly over it, neuron n at the
    fractions of n / p and n / p² of height and width, p being the plastic number. The unit of distance is that of
    inputs beside each other: a pixel, or where neurons are spread the square root of the area that each has. There is
    no ring: outputs at the edge reach inwards. Then as `spatial`.

    Args:
        in_features: number of inputs I.
        out_features: number of outputs O.
        num_edges: number of edges E, 0 to I * O.
        r: degree of spatial randomness, 0 (the nearest, ties at random) to 1 (uniform).
        rng: source of randomness.
        image: channels, height and width; None takes layers of N² neurons for images of one channel, those of 3 N² for
            images of three, and all others for none.

    Raises:
        InfeasibleTopologyError: more edges than pairs.
        ValueError: a channel, height or width below 1.

    References:
        Ours; locally connected layers are those of LeCun, "Generalization and network design strategies", 1989. Evenly
        spread points: Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018.

    >>> g = planar_field(16, 1, 4, r=0.0, rng=np.random.default_rng(0))
    >>> g.to_mask().reshape(4, 4).astype(int)
    array([[0, 0, 0, 0],
           [0, 1, 1, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    I, O = require_shape(in_features, out_features)
    shape = None if image is None else _shape(image)
    there, here = _on_the_plane(I, shape), _on_the_plane(O, shape)
    unit = _sides(I, shape)
    return spatial(there * unit, here * unit, num_edges, r=r, rng=rng)


def _on_the_plane(neurons: int, image: tuple[int, int, int] | None) -> NDArray[np.float64]:
    """Places of a layer's neurons as shares of height and width, shape (neurons, 2)."""
    shape = _of_as_many(neurons, image)
    if shape is None:
        spread: NDArray[np.float64] = np.arange(1, neurons + 1)[:, None] * np.array([1 / _PLASTIC, 1 / _PLASTIC**2]) % 1
        return spread
    channels, height, width = shape
    rows, columns = np.divmod(np.arange(height * width), width)
    one = np.stack([(rows + 0.5) / height, (columns + 0.5) / width], axis=1)
    return np.tile(one, (channels, 1))


def _sides(neurons: int, image: tuple[int, int, int] | None) -> NDArray[np.float64]:
    """Height and width of the plane, on which a place of a layer has an area of 1."""
    shape = _of_as_many(neurons, image)
    if shape is not None:
        return np.array(shape[1:], dtype=np.float64)
    tall = 1.0 if image is None else math.sqrt(image[1] / image[2])
    return np.array([tall, 1 / tall]) * math.sqrt(neurons)


def _of_as_many(neurons: int, image: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
    """The image that a layer is, if it is one."""
    if image is not None:
        return image if math.prod(image) == neurons else None
    squares = [(channels, math.isqrt(neurons // channels)) for channels in (1, 3)]
    return next(((channels, N, N) for channels, N in squares if channels * N * N == neurons), None)


def _shape(image: tuple[int, int, int]) -> tuple[int, int, int]:
    if not isinstance(image, (tuple, list)) or len(image) != 3:
        raise ValueError(f"image={image!r} is no shape; give channels, height and width, such as (3, 32, 32).")
    channels, height, width = image
    return (
        require_int("channels of image", channels, low=1),
        require_int("height of image", height, low=1),
        require_int("width of image", width, low=1),
    )


def _coordinates(name: str, places: ArrayLike) -> NDArray[np.float64]:
    try:
        found = np.asarray(places, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidTopologyError(f"{name} cannot be read as numbers: {error}.") from error
    if found.ndim != 2:
        raise InvalidTopologyError(f"{name} has shape {found.shape}; give (neurons, coordinates).")
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise InvalidTopologyError(f"{name}[{row}] is {found[row].tolist()}; all coordinates must be finite.")
    return found


def _distances(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each of the one to each of the other, shape (here, there)."""
    squared = np.zeros((len(here), len(there)))
    for one, other in zip(here.T, there.T, strict=True):
        squared += (one[:, None] - other) ** 2
    return np.sqrt(squared)
