"""Sizes that depend on the values: what a plan says of them, and the operations that only move numbers about."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gossamer.errors import TopologyFileError, require_int
from gossamer.runtime.step import Floats, Step

Size: TypeAlias = Callable[[Sequence[Floats]], int]
"""The values that an operation takes, to a whole number."""

_DEEPEST = 16
_MOST_AXES = 8
_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "plus": operator.add,
    "minus": operator.sub,
    "times": operator.mul,
    "over": operator.floordiv,
}


def size_of(step: Step, given: Any, depth: int = 0) -> Size:
    """What the file says of a size.

    It is a whole number; {"of": k, "axis": a}, an axis of the k-th value that the step takes; or {"plus": [size,
    size]}, and so "minus", "times" and "over".

    Raises:
        TopologyFileError: it is none of these.
    """
    if isinstance(given, dict) and set(given) == {"of", "axis"}:
        of = require_int(f"{step.label}: of", given["of"], low=0, high=len(step.fields["of"]) - 1)
        axis = require_int(f"{step.label}: axis", given["axis"], low=-_MOST_AXES, high=_MOST_AXES)
        return lambda values: _axis_of(values[of], axis)
    if isinstance(given, dict) and len(given) == 1 and depth < _DEEPEST:
        ((word, pair),) = given.items()
        if word in _ARITHMETIC and isinstance(pair, list) and len(pair) == 2:
            first, second = (size_of(step, each, depth + 1) for each in pair)
            return lambda values: _computed(_ARITHMETIC[word], first(values), second(values))
    number = require_int(f"{step.label}: a size", given, low=-1, high=2**31 - 1)
    return lambda values: number


def sizes_of(step: Step, name: str) -> Callable[[Sequence[Floats]], tuple[int, ...]]:
    """A list of sizes, of no more than eight axes."""
    given = step.fields[name]
    if not isinstance(given, list) or len(given) > _MOST_AXES:
        raise TopologyFileError(f"{step.label} has {name}={given!r}; at most {_MOST_AXES} sizes are needed.")
    sizes = [size_of(step, each) for each in given]
    return lambda values: tuple(size(values) for size in sizes)


def reshape(step: Step) -> Callable[..., Floats]:
    """The same numbers in another shape; -1 stands for what is left."""
    sizes = sizes_of(step, "shape")

    def run(*given: Any) -> Floats:
        x, shape = given[0], sizes(given[:-1])
        try:
            found: Floats = x.reshape(shape)
        except ValueError as error:
            raise ValueError(f"x has shape {x.shape}, which does not fit {shape}.") from error
        return found

    return run


def unflatten(step: Step) -> Callable[..., Floats]:
    """The last axis made several."""
    sizes = sizes_of(step, "shape")

    def run(*given: Any) -> Floats:
        x, shape = given[0], sizes(given[:-1])
        try:
            found: Floats = x.reshape(*x.shape[:-1], *shape)
        except ValueError as error:
            raise ValueError(f"x has shape {x.shape}, whose last axis does not fit {shape}.") from error
        return found

    return run


def unsqueeze(step: Step) -> Callable[..., Floats]:
    """A new axis of size 1."""
    axis = step.integer("axis", low=-_MOST_AXES, high=_MOST_AXES)
    return lambda x, threads: np.expand_dims(x, axis)


def expand(step: Step) -> Callable[..., Floats]:
    """Repeated along axes of size 1, and new ones in front; -1 leaves an axis as it is."""
    sizes = sizes_of(step, "shape")

    def run(*given: Any) -> Floats:
        x, shape = given[0], sizes(given[:-1])
        new = len(shape) - x.ndim
        kept = tuple(x.shape[k - new] if n == -1 and k >= new else n for k, n in enumerate(shape))
        try:
            found: Floats = np.broadcast_to(x, kept)
        except ValueError as error:
            raise ValueError(f"x has shape {x.shape}, which cannot be repeated to {shape}.") from error
        return found

    return run


def permute(step: Step) -> Callable[..., Floats]:
    """Axes in another order."""
    axes = step.fields["axes"]
    axes = step.integers("axes", len(axes) if isinstance(axes, list) else 0, low=0)
    if sorted(axes) != list(range(len(axes))) or len(axes) > _MOST_AXES:
        raise TopologyFileError(f"{step.label} has axes={list(axes)}, which are no order of axes.")

    def run(x: Floats, threads: int) -> Floats:
        if x.ndim != len(axes):
            raise ValueError(f"x has shape {x.shape}; {len(axes)} axes are needed.")
        return x.transpose(axes)

    return run


def swap(step: Step) -> Callable[..., Floats]:
    """Two axes in each other's place."""
    first, second = (step.integer(name, low=-_MOST_AXES, high=_MOST_AXES) for name in ("first", "second"))

    def run(x: Floats, threads: int) -> Floats:
        _axis_of(x, first), _axis_of(x, second)
        return x.swapaxes(first, second)

    return run


def part(step: Step) -> Callable[..., Floats]:
    """Some places along an axis: from `start` to `stop`, or with `single` 1 the one at `start` without its axis."""
    axis, single = step.integer("axis", low=-_MOST_AXES, high=_MOST_AXES), step.flag("single")
    ends = [None if step.fields[name] is None else size_of(step, step.fields[name]) for name in ("start", "stop")]

    def run(*given: Any) -> Floats:
        x, values = given[0], given[:-1]
        size = _axis_of(x, axis)
        start, stop = (None if end is None else end(values) for end in ends)
        before: tuple[Any, ...] = (slice(None),) * (axis % x.ndim)
        if not single:
            some: Floats = x[(*before, slice(start, stop))]
            return some
        if start is None or not -size <= start < size:
            raise ValueError(f"x has shape {x.shape}, and no place {start} along axis {axis}.")
        one: Floats = x[(*before, start)]
        return one

    return run


def chunk(step: Step) -> Callable[..., Floats]:
    """One of the parts that `torch.chunk` makes of an axis."""
    axis = step.integer("axis", low=-_MOST_AXES, high=_MOST_AXES)
    parts = step.integer("parts", low=1)
    number = step.integer("number", low=0, high=parts - 1)

    def run(x: Floats, threads: int) -> Floats:
        size = -(-_axis_of(x, axis) // parts)
        if number * size >= x.shape[axis] and number:
            raise ValueError(f"x has shape {x.shape}; there is no part {number} of {parts} along axis {axis}.")
        return x[(*(slice(None),) * (axis % x.ndim), slice(number * size, (number + 1) * size))]

    return run


def concatenate(step: Step) -> Callable[..., Floats]:
    """Values one behind the other along an axis."""
    axis = step.integer("axis", low=-_MOST_AXES, high=_MOST_AXES)

    def run(*given: Any) -> Floats:
        found: Floats = np.concatenate(given[:-1], axis=axis)
        return found

    return run


def positions(step: Step) -> Callable[..., Floats]:
    """0, 1, ... below a size."""
    count = size_of(step, step.fields["count"])

    def run(*given: Any) -> Floats:
        return np.arange(max(0, count(given[:-1])), dtype=np.float32)

    return run


def constant(step: Step) -> Callable[..., Floats]:
    """An array of the file."""
    value = step.numbers("value")
    return lambda threads: value


def _axis_of(x: Floats, axis: int) -> int:
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"x has shape {x.shape}, and no axis {axis}.")
    return int(x.shape[axis])


def _computed(function: Callable[[int, int], int], a: int, b: int) -> int:
    try:
        return function(a, b)
    except ZeroDivisionError as error:
        raise ValueError(f"a size of this network is {a} over 0.") from error
