"""Activations of NumPy arrays, float32 to float32 (which NumPy's stubs do not say); NaN stays NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gossamer.runtime.step import Floats


class Function(NamedTuple):
    """A function of one number, and the names of its other arguments."""

    of: Callable[..., Any]
    parameters: tuple[str, ...] = ()


def _relu(x: Floats) -> Any:
    return np.maximum(x, np.float32(0))


def _leaky(x: Floats, slope: np.float32) -> Any:
    return np.where(x > 0, x, slope * x)


def _sigmoid(x: Floats) -> Any:
    return np.reciprocal(1 + np.exp(-x))


def _gelu(x: Floats) -> Any:
    """X times the normal distribution function: Abramowitz & Stegun 7.1.26, on the complement, as the kernels do."""
    a = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * a)
    p = np.zeros_like(t)
    for coefficient in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        p = (p + np.float32(coefficient)) * t
    complement = p * np.exp(-a * a)
    return np.float32(0.5) * x * np.where(x < 0, complement, 2 - complement)


def _gelu_tanh(x: Floats) -> Any:
    inner = np.float32((2 / np.pi) ** 0.5) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (1 + np.tanh(inner))


def _silu(x: Floats) -> Any:
    return x / (1 + np.exp(-x))


def _elu(x: Floats, alpha: np.float32, scale: np.float32) -> Any:
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softplus(x: Floats, beta: np.float32, threshold: np.float32) -> Any:
    scaled = beta * x
    return np.where(scaled > threshold, x, np.log1p(np.exp(np.minimum(scaled, threshold))) / beta)


def _hardsigmoid(x: Floats) -> Any:
    return np.clip(x + 3, 0, 6) / 6


FUNCTIONS: Mapping[str, Function] = {
    "identity": Function(lambda x: x),
    "relu": Function(_relu),
    "leaky": Function(_leaky, ("slope",)),
    "sigmoid": Function(_sigmoid),
    "gelu": Function(_gelu),
    "gelu_tanh": Function(_gelu_tanh),
    "clipped": Function(lambda x, slope: np.clip(x, 0, slope), ("slope",)),
    "tanh": Function(np.tanh),
    "silu": Function(_silu),
    "elu": Function(_elu, ("alpha", "scale")),
    "softplus": Function(_softplus, ("beta", "threshold")),
    "clip": Function(lambda x, low, high: np.clip(x, low, high), ("low", "high")),
    "hardsigmoid": Function(_hardsigmoid),
    "hardswish": Function(lambda x: x * _hardsigmoid(x)),
    "scaled": Function(lambda x, times, plus: x * times + plus, ("times", "plus")),
    "softsign": Function(lambda x: x / (1 + np.abs(x))),
}
"""By the names that files use."""

FOLDED = {"identity": 0, "relu": 1, "leaky": 2, "sigmoid": 3, "gelu": 4, "clipped": 5}
"""Those that the native kernels fold into a layer, and how they number them."""
