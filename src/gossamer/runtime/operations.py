"""What a step of a plan may be: one reader an operation, from what the file says to a function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from gossamer.errors import TopologyFileError
from gossamer.runtime import shapes
from gossamer.runtime.attention import attention, embedding
from gossamer.runtime.convolution import Convolution
from gossamer.runtime.functions import FUNCTIONS
from gossamer.runtime.linear import Linear
from gossamer.runtime.pooling import average, pool
from gossamer.runtime.step import Floats, Step

Operation: TypeAlias = Callable[..., Floats]
"""Arrays, then the number of threads, to an array of its own or a view."""


def function(step: Step) -> Operation:
    """A function of each number."""
    known = FUNCTIONS[step.word("function", FUNCTIONS)]
    arguments = [np.float32(step.number_of(name)) for name in known.parameters]

    def run(x: Floats, threads: int) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            found: Floats = known.of(x, *arguments)
        return found

    return run


def softmax(step: Step) -> Operation:
    """Softmax or its logarithm along an axis."""
    axis = step.integer("axis", low=-8, high=8)
    logarithm = step.integer("logarithm", low=0, high=1)

    def run(x: Floats, threads: int) -> Floats:
        _require_axis(x, axis)
        with np.errstate(invalid="ignore"):
            shifted = x - x.max(axis=axis, keepdims=True)
            powers = np.exp(shifted)
            total = powers.sum(axis=axis, keepdims=True)
            found: Floats = shifted - np.log(total) if logarithm else powers / total
        return found

    return run


def norm(step: Step) -> Operation:
    """Layer norm, or with `centred` 0 the norm by the root of the mean square, over the last axes."""
    shape = step.integers("shape", len(step.fields["shape"]), low=1)
    eps, centred = np.float32(step.number_of("eps")), step.integer("centred", low=0, high=1)
    weight, bias = step.optional("weight", shape), step.optional("bias", shape)
    axes = tuple(range(-len(shape), 0))

    def run(x: Floats, threads: int) -> Floats:
        if x.shape[-len(shape) :] != shape:
            raise ValueError(f"x has shape {x.shape}; a norm of this network is over last axes of {shape}.")
        centre = x - x.mean(axis=axes, keepdims=True) if centred else x
        y = centre / np.sqrt((centre * centre).mean(axis=axes, keepdims=True) + eps)
        y = y if weight is None else y * weight
        found: Floats = y if bias is None else y + bias
        return found

    return run


def affine(step: Step) -> Operation:
    """Each channel (axis 1, or the last of a vector) scaled and shifted: what is left of a batch norm."""
    scale = step.numbers("scale")
    if scale.ndim != 1:
        raise TopologyFileError(f"{step.label}: scale has shape {scale.shape}; one axis is needed.")
    shift = step.numbers("shift", scale.shape)

    def run(x: Floats, threads: int) -> Floats:
        if x.ndim < 2 or x.shape[1] != len(scale):
            raise ValueError(f"x has shape {x.shape}; {len(scale)} channels, the second axis, are needed.")
        rest = (1,) * (x.ndim - 2)
        return x * scale.reshape(-1, *rest) + shift.reshape(-1, *rest)

    return run


def flatten(step: Step) -> Operation:
    """Some axes made one."""
    first, last = step.integer("first", low=-8, high=8), step.integer("last", low=-8, high=8)

    def run(x: Floats, threads: int) -> Floats:
        _require_axis(x, first)
        _require_axis(x, last)
        a, b = first % x.ndim, last % x.ndim
        if a > b:
            raise ValueError(f"x has shape {x.shape}; axes {first} to {last} cannot be made one.")
        return x.reshape(*x.shape[:a], int(np.prod(x.shape[a : b + 1])), *x.shape[b + 1 :])

    return run


def add(step: Step) -> Operation:
    """The sum of two values."""
    return lambda x, y, threads: x + y


def multiply(step: Step) -> Operation:
    """The product of two values, number by number."""
    return lambda x, y, threads: x * y


def _require_axis(x: Floats, axis: int) -> None:
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"x has shape {x.shape}, and no axis {axis}.")


READERS: Mapping[str, Callable[[Step], Operation | Linear]] = {
    "linear": Linear.read,
    "convolution": Convolution,
    "function": function,
    "softmax": softmax,
    "norm": norm,
    "affine": affine,
    "flatten": flatten,
    "pool": pool,
    "average": average,
    "add": add,
    "multiply": multiply,
    "embedding": embedding,
    "attention": attention,
    "constant": shapes.constant,
    "positions": shapes.positions,
    "reshape": shapes.reshape,
    "unflatten": shapes.unflatten,
    "unsqueeze": shapes.unsqueeze,
    "expand": shapes.expand,
    "permute": shapes.permute,
    "swap": shapes.swap,
    "part": shapes.part,
    "chunk": shapes.chunk,
    "concatenate": shapes.concatenate,
}
"""By the names that files use. Linear layers become operations in stacks."""

OPERANDS = {"add": 2, "multiply": 2, "attention": 3, "constant": 0}
"""How many values an operation takes, where it is not one."""

SEVERAL = ("positions", "reshape", "unflatten", "expand", "part", "concatenate")
"""Operations that take any number of values, but one at least: the first, then those whose sizes they read."""
