"""A model of known parts in words (JSON), and the model that such words describe.

Words choose among the classes of this file and give numbers to their constructors; nothing else is ever called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from gossamer.nn.activations import IDENTITY, Activation, AllReLU, Kind
from gossamer.nn.conversion.densify import activation_module
from gossamer.nn.kernels import BACKENDS
from gossamer.nn.linear import SparseLinear
from gossamer.nn.reordered import Reordered
from gossamer.nn.sequential import Sequential
from gossamer.topology import Junction

Words: TypeAlias = dict[str, Any]

_CONTAINERS: dict[str, type[nn.Sequential]] = {"Sequential": nn.Sequential, "SparseSequential": Sequential}
_PLAIN: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "AllReLU": (AllReLU, ("slope",)),
    "BatchNorm1d": (nn.BatchNorm1d, ("num_features", "eps", "momentum", "affine", "track_running_stats")),
    "Dropout": (nn.Dropout, ("p",)),
    "ELU": (nn.ELU, ("alpha",)),
    "Flatten": (nn.Flatten, ("start_dim", "end_dim")),
    "GELU": (nn.GELU, ("approximate",)),
    "Identity": (nn.Identity, ()),
    "LayerNorm": (nn.LayerNorm, ("normalized_shape", "eps", "elementwise_affine")),
    "LeakyReLU": (nn.LeakyReLU, ("negative_slope",)),
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "LogSoftmax": (nn.LogSoftmax, ("dim",)),
    "ReLU": (nn.ReLU, ()),
    "Reordered": (Reordered, ("features",)),
    "SiLU": (nn.SiLU, ()),
    "Sigmoid": (nn.Sigmoid, ()),
    "Softmax": (nn.Softmax, ("dim",)),
    "Softplus": (nn.Softplus, ("beta", "threshold")),
    "Tanh": (nn.Tanh, ()),
}
"""Modules that are known by name, each with the arguments that it keeps as attributes."""


def described(model: nn.Module) -> Words | None:
    """What a model is made of, in words; None if a part is not known here.

    >>> described(nn.Sequential(nn.Linear(3, 2), nn.Tanh()))["modules"][1]
    {'name': '1', 'kind': 'Tanh'}
    >>> described(nn.Sequential(nn.LSTM(3, 2))) is None
    True
    """
    kind = type(model)
    for name, container in _CONTAINERS.items():
        if kind is container:
            modules = [_named(child, part) for child, part in model._modules.items()]
            return {"kind": name, "modules": modules} if None not in modules else None
    if kind is SparseLinear:
        return _sparse(model)  # type: ignore[arg-type]
    for name, (plain, fields) in _PLAIN.items():
        if kind is plain:
            bias = {"bias": getattr(model, "bias", None) is not None} if name in ("Linear", "LayerNorm") else {}
            return {"kind": name, **{field: getattr(model, field) for field in fields}, **bias}
    return None


def built(words: Words, state: Mapping[str, Tensor], junctions: Mapping[str, Junction], *, name: str = "") -> nn.Module:
    """The model of some words, with weights that are still to be loaded.

    Args:
        words: what `described` returned.
        state: tensors by name; sizes in words must be theirs.
        junctions: of each sparse layer, by name.
        name: of the model's place in `state`, "" for the whole.

    Raises:
        ValueError: a kind or an argument that is not known, or sizes that are not the state's.
        TypeError: arguments of another type.
        KeyError: something is missing.
    """
    kind = words["kind"]
    if kind in _CONTAINERS:
        parts = [(str(part["name"]), part) for part in words["modules"]]
        container = _CONTAINERS[kind]()
        for leaf, part in parts:
            container.add_module(leaf, built(part, state, junctions, name=f"{name}.{leaf}" if name else leaf))
        return container
    arguments = {key: value for key, value in words.items() if key not in ("kind", "name")}
    if kind == "SparseLinear":
        return _sparse_layer(arguments, junctions[name], state[_of(name, "weight")].dtype)
    if kind not in _PLAIN:
        raise ValueError(f"the layer {name!r} is of kind {kind!r}; {', '.join(['SparseLinear', *_PLAIN])} are known.")
    return _plain_layer(kind, arguments, state, name)


def _named(name: str, module: nn.Module | None) -> Words | None:
    words = None if module is None else described(module)
    return None if words is None else {"name": name, **words}


def _sparse(layer: SparseLinear) -> Words:
    words: Words = {"kind": "SparseLinear", "bias": layer.bias is not None, "backend": layer.backend}
    if layer.activation != IDENTITY:
        words |= {"activation": layer.activation.kind.name, "slope": layer.activation.slope}
    return words


def _sparse_layer(arguments: Words, junction: Junction, dtype: torch.dtype) -> nn.Module:
    backend = arguments.pop("backend", None)
    if backend not in (None, "auto", *BACKENDS):
        backend = None  # one that this machine has not
    kind = Kind[arguments.pop("activation", "IDENTITY")]
    activation = activation_module(Activation(kind, float(arguments.pop("slope", 0.0))))
    bias = bool(arguments.pop("bias"))
    if arguments:
        raise ValueError(f"a SparseLinear has no {', '.join(arguments)}.")
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and written over
        return SparseLinear(junction, bias, activation=activation, dtype=dtype, backend=backend)


def _plain_layer(kind: str, arguments: Words, state: Mapping[str, Tensor], name: str) -> nn.Module:
    made, fields = _PLAIN[kind]
    unknown = set(arguments) - {*fields, "bias"}
    if unknown:
        raise ValueError(f"a {kind} has no {', '.join(sorted(unknown))}.")
    weight = state.get(_of(name, "weight"))
    if kind == "Linear":
        _require_shape(name, weight, (int(arguments["out_features"]), int(arguments["in_features"])))
    elif kind == "LayerNorm":
        arguments["normalized_shape"] = [int(size) for size in arguments["normalized_shape"]]
        if arguments["elementwise_affine"]:
            _require_shape(name, weight, tuple(arguments["normalized_shape"]))
    elif kind == "Reordered":
        _require_shape(name, state.get(_of(name, "order")), (int(arguments["features"]),))
    elif kind == "BatchNorm1d":
        known = state.get(_of(name, "running_mean")) if weight is None else weight
        _require_shape(name, known, (int(arguments["num_features"]),))
    with torch.random.fork_rng(devices=[]):
        layer = made(**arguments)
    return layer if weight is None else layer.to(weight.dtype)


def _require_shape(name: str, tensor: Tensor | None, shape: tuple[int, ...]) -> None:
    """Before anything is allocated: words cost nothing, and what they ask for may."""
    if tensor is None or tuple(tensor.shape) != shape:
        found = None if tensor is None else tuple(tensor.shape)
        raise ValueError(f"the layer {name!r} is said to be {shape}, and its tensor is {found}.")


def _of(name: str, leaf: str) -> str:
    return f"{name}.{leaf}" if name else leaf
